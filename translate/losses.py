"""Adversarial objectives and distances. Each says its source; all return a scalar to be minimised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Objective:
    """An adversarial objective on logits of any shape: what each side minimises."""

    discriminator: Callable[[Tensor, Tensor], Tensor]  # (logits of real, logits of fake) -> scalar
    generator: Callable[[Tensor], Tensor]  # logits of fake -> scalar


def _vanilla_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def _vanilla_generator(fake: Tensor) -> Tensor:
    return F.softplus(-fake).mean()


def _lsgan_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    return (real - 1).square().mean() + fake.square().mean()


def _lsgan_generator(fake: Tensor) -> Tensor:
    return (fake - 1).square().mean()


def _hinge_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def _hinge_generator(fake: Tensor) -> Tensor:
    return -fake.mean()


OBJECTIVES: dict[str, Objective] = {
    # Goodfellow et al. 2014, equation 1, with the non-saturating generator of section 3:
    # D: -log s(real) - log(1 - s(fake)); G: -log s(fake), s the sigmoid; -log s(x) = softplus(-x)
    "vanilla": Objective(_vanilla_discriminator, _vanilla_generator),
    # Mao et al. 2017, equation 9 (a=0, b=c=1) without its factors of 1/2
    "lsgan": Objective(_lsgan_discriminator, _lsgan_generator),
    # Lim and Ye 2017; Miyato et al. 2018, equations 16 and 17
    "hinge": Objective(_hinge_discriminator, _hinge_generator),
}


def objective_by_name(name: str) -> Objective:
    """The adversarial objective called ``name``; ``ValueError`` lists the known ones."""
    if name not in OBJECTIVES:
        raise ValueError(f"no objective is called {name!r}: choose one of {', '.join(OBJECTIVES)}")
    return OBJECTIVES[name]


def forgive_overshoot(image: Tensor, target: Tensor) -> Tensor:
    """``image`` with values beyond [-1, 1] replaced by the limit where ``target`` is at that limit; any shape.

    Pictures are clipped when they become bytes, so such a value is right already, and a generator without a bounded
    last layer need not bend to the limit exactly. Elsewhere values beyond the range stay, and with them their gradient.
    """
    below = (image < -1) & (target <= -1)
    above = (image > 1) & (target >= 1)
    return torch.where(below | above, target, image)


def edge_l1(image: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference of the forward differences along x and along y of two [N, C, H, W] batches.

    The gradient difference loss of Mathieu et al. 2016, equation 6, with alpha 1 and on signed gradients.
    """
    difference = image - target
    along_x = difference[..., :, 1:] - difference[..., :, :-1]
    along_y = difference[..., 1:, :] - difference[..., :-1, :]
    return along_x.abs().mean() + along_y.abs().mean()
