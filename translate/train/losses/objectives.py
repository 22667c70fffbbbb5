"""The adversarial objectives: one table, each entry with its source, its formula and the divergence it descends.

Notation: v is a logit, s the sigmoid, P the distribution of real pictures, Q that of the generator's; -log s(v) is
softplus(-v) and -log(1 - s(v)) is softplus(v), which is how they are computed without overflow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

Elementwise = Callable[[Tensor], Tensor]
Constraint = Literal["none", "clip", "gradient-penalty"]


@dataclass(frozen=True)
class Objective:
    """What discriminator and generator minimise, as functions of single logits or, ``relativistic``, of differences.

    Both sides take ``DiscriminatorOutput.logits``: one tensor per scale, float of any shape, without sigmoid. A scale
    counts by its mean over samples and patches, and all scales count equally (pix2pixHD sums them: Wang et al. 2018,
    equation 3), so weights need not change with the number of patches or scales.

    A relativistic objective is a function of how much higher a picture's logit is than that of its counterpart, sample
    by sample and place by place: both sides then need the logits of both, in shapes that agree, and raise
    ``ValueError`` otherwise.
    """

    on_real: Elementwise  # the discriminator's loss of a logit of a real picture
    on_fake: Elementwise  # ... of a logit of a generated picture
    on_generated: Elementwise  # the generator's loss of a logit of its picture
    relativistic: bool = False  # all three are of a logit minus its counterpart's
    constraint: Constraint = "none"  # what the objective needs to keep the critic Lipschitz
    has_labels: bool = False  # distances of the logits to labels, 1 for real and 0 for fake, that can be smoothed
    smoothing: float = 0.0  # one-sided label smoothing (Salimans et al. 2016, section 3.4): real pictures get 1 - this

    def discriminator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """The discriminator's loss, a scalar, from its logits for real and generated pictures, a tensor per scale."""
        if self.relativistic:
            real, fake = _differences(real, fake), _differences(fake, real)
        return _mean_over_scales(self._on_labelled_real, real) + _mean_over_scales(self.on_fake, fake)

    def generator(self, fake: Sequence[Tensor], real: Sequence[Tensor] = ()) -> Tensor:
        """The generator's loss, a scalar, from the discriminator's logits for its pictures, a tensor per scale.

        ``real`` are those of the real pictures, which relativistic objectives need and others ignore.
        """
        return _mean_over_scales(self.on_generated, _differences(fake, real) if self.relativistic else fake)

    def _on_labelled_real(self, v: Tensor) -> Tensor:
        if not self.smoothing:
            return self.on_real(v)
        # Cross-entropy is linear in the label, and (v - 1 + a)^2 = (1 - a)(v - 1)^2 + a v^2 - a(1 - a): up to that
        # constant the loss to a label in between is the mixture of the losses to both labels.
        return torch.lerp(self.on_real(v), self.on_fake(v), self.smoothing)


def _differences(logits: Sequence[Tensor], counterparts: Sequence[Tensor]) -> list[Tensor]:
    """How much higher ``logits`` are than ``counterparts``, scale by scale."""
    shapes, others = ([tuple(scale.shape) for scale in side] for side in (logits, counterparts))
    if shapes != others:
        raise ValueError(f"a relativistic objective pairs real and generated pictures: {shapes} do not match {others}")
    return [scale - counterpart for scale, counterpart in zip(logits, counterparts, strict=True)]


def _mean_over_scales(loss: Elementwise, scales: Sequence[Tensor]) -> Tensor:
    return torch.stack([loss(logits).mean() for logits in scales]).mean()


def _f_divergence(activation: Elementwise, conjugate: Elementwise) -> Objective:
    """f-GAN (Nowozin et al. 2016, arXiv:1606.00709) of g_f and of f* after g_f, both as functions of the logit.

    The discriminator maximises E_P[g_f(v)] - E_Q[f*(g_f(v))] (equation 6), which bounds D_f(P || Q) from below. The
    generator maximises E_Q[g_f(v)], the paper's alternative (section 3.2): it has the same fixed point, and the saddle
    form's gradient vanishes for KL, Hellinger and JS just where the discriminator is sure, and changes sign for
    Pearson below v = -2.
    """
    return Objective(
        on_real=lambda v: -activation(v),
        on_fake=conjugate,
        on_generated=lambda v: -activation(v),
    )


_LARGEST_EXPONENT = 10.0


def _exp(x: Tensor) -> Tensor:
    """e^x up to x = 10, from there on along its tangent, which keeps the direction of the gradient.

    Where it is used, e^x is the density ratio that the discriminator estimates, its inverse or its root. Above e^10 it
    says no more than "sure", while its unbounded gradient would drown all others and, from x = 44 on, overflow Adam's
    second moment in float32.
    """
    return torch.exp(x.clamp(max=_LARGEST_EXPONENT)) * (1 + F.relu(x - _LARGEST_EXPONENT))


OBJECTIVES: dict[str, Objective] = {
    # Goodfellow et al. 2014, equation 1, with the non-saturating generator of section 3:
    # D: -log s(real) - log(1 - s(fake)); G: -log s(fake).
    # At the optimal D, G descends KL(Q || P) - 2 JSD(P, Q) (Arjovsky and Bottou 2017, theorem 2.5).
    "vanilla": Objective(lambda v: F.softplus(-v), F.softplus, lambda v: F.softplus(-v), has_labels=True),
    # Goodfellow et al. 2014, equation 1 as it stands. G: log(1 - s(fake)), which saturates. 2 JSD(P, Q) - log 4.
    "minimax": Objective(lambda v: F.softplus(-v), F.softplus, lambda v: -F.softplus(v), has_labels=True),
    # Mao et al. 2017, equation 9 (a = 0, b = c = 1) without its factors of 1/2:
    # D: (real - 1)^2 + fake^2; G: (fake - 1)^2.
    # Pearson's chi-square of P + Q and 2 Q for b - c = 1 and b - a = 2 (section 3.2); the values here work as well.
    "lsgan": Objective(lambda v: (v - 1).square(), torch.square, lambda v: (v - 1).square(), has_labels=True),
    # Lim and Ye 2017; Miyato et al. 2018, equations 16 and 17:
    # D: max(0, 1 - real) + max(0, 1 + fake); G: -fake.
    # The optimal D is the sign of p - q, and G descends twice the total variation between P and Q.
    "hinge": Objective(lambda v: F.relu(1 - v), lambda v: F.relu(1 + v), torch.neg),
    # Arjovsky et al. 2017, equations 2 and 3; the critic's weights are clipped (algorithm 1). D: fake - real; G: -fake.
    # The Wasserstein-1 distance, times the Lipschitz constant that the clipping leaves.
    "wgan": Objective(torch.neg, torch.positive, torch.neg, constraint="clip"),
    # Gulrajani et al. 2017, equation 3: the same, with a gradient penalty in place of the clipping. Wasserstein-1.
    "wgan-gp": Objective(torch.neg, torch.positive, torch.neg, constraint="gradient-penalty"),
    # The f-divergences: g_f of table 2 and f* of table 6 of Nowozin et al. 2016.
    # KL(P || Q): g_f = v; f*(t) = e^(t - 1)
    "kl": _f_divergence(torch.positive, lambda v: _exp(v - 1)),
    # KL(Q || P): g_f = -e^(-v); f*(t) = -1 - log(-t), so f*(g_f(v)) = v - 1
    "reverse-kl": _f_divergence(lambda v: -_exp(-v), lambda v: v - 1),
    # Pearson's chi-square, the integral of (p - q)^2 / q: g_f = v; f*(t) = t^2 / 4 + t
    "pearson": _f_divergence(torch.positive, lambda v: v.square() / 4 + v),
    # squared Hellinger, the integral of (sqrt p - sqrt q)^2: g_f = 1 - e^(-v); f*(t) = t / (1 - t), so e^v - 1
    "hellinger": _f_divergence(lambda v: 1 - _exp(-v), lambda v: _exp(v) - 1),
    # 2 JSD(P, Q): g_f = log 2 - log(1 + e^(-v)); f*(t) = -log(2 - e^t), so -log(2 - 2 s(v)).
    # It is vanilla, both losses shifted by a constant so that the discriminator's is the divergence.
    "js": _f_divergence(lambda v: math.log(2) - F.softplus(-v), lambda v: F.softplus(v) - math.log(2)),
    # RpGAN: Jolicoeur-Martineau 2018 (arXiv:1807.00734); Huang et al. 2024 (arXiv:2501.05441), equation 2, who keep it
    # stable by R1 and R2. D: -log s(real - fake), which covers both sides; G: -log s(fake - real).
    # The optimal D is log p / q, which finds the real one of a pair; its loss is log 2 - JSD(P x Q, Q x P).
    "relativistic": Objective(lambda v: F.softplus(-v), torch.zeros_like, lambda v: F.softplus(-v), relativistic=True),
}


def objective_by_name(name: str, *, smoothing: float = 0.0) -> Objective:
    """The adversarial objective called ``name``, with real pictures labelled 1 - ``smoothing``.

    Raises ``ValueError`` that lists the known names, or those that have labels to smooth, or for ``smoothing`` outside
    [0, 1).
    """
    if name not in OBJECTIVES:
        raise ValueError(f"no objective is called {name!r}: choose one of {', '.join(OBJECTIVES)}")
    if not 0 <= smoothing < 1:
        raise ValueError(f"label smoothing {smoothing} is not in [0, 1)")
    if smoothing and not OBJECTIVES[name].has_labels:
        labelled = [known for known, objective in OBJECTIVES.items() if objective.has_labels]
        raise ValueError(f"{name} has no labels to smooth: choose one of {', '.join(labelled)}, or no smoothing")
    return replace(OBJECTIVES[name], smoothing=smoothing)
