"""Penalties and constraints on the critic, for its loss or after its update; the caller weights them.

The gradient penalties take ``logits_of``, which gives the logits of float images [N, C, H, W], one tensor [N, 1, h, w]
per scale (``DiscriminatorOutput.logits``). D(x), the critic's value of a sample, is the sum of its logits over patches
and scales. A sample's gradient is its own only where the critic uses no batch statistics (Gulrajani et al. 2017,
section 4). The penalties have a gradient for the critic's weights, none for the images.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

LogitsOf = Callable[[Tensor], Sequence[Tensor]]


def gradient_penalty(logits_of: LogitsOf, real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """E[(||grad D(x)||_2 - 1)^2] at points x between real and generated images, a scalar.

    WGAN-GP, Gulrajani et al. 2017, equation 3: two-sided, target 1; their lambda is 10. ``real`` and ``fake`` are
    float [N, C, H, W]; ``mix``, float [N, 1, 1, 1] in [0, 1], is the share of the real one, uniform in the paper.
    """
    between = torch.lerp(fake.detach(), real.detach(), mix)
    norms = torch.linalg.vector_norm(_gradients(logits_of, between), dim=1)  # [N, C H W] -> [N]
    return (norms - 1).square().mean()


def zero_centred_penalty(logits_of: LogitsOf, images: Tensor) -> Tensor:
    """E[||grad D(x)||_2^2] at ``images``, float [N, C, H, W]; a scalar.

    At real images R1, at generated ones R2: Mescheder et al. 2018, equations 9 and 10, without the factor gamma / 2;
    both together as in Huang et al. 2024, section 2.2. Taken only at every k-th step and multiplied by k it is the lazy
    regularisation of StyleGAN2 (Karras et al. 2020, section 3.1).
    """
    return _gradients(logits_of, images).square().sum(dim=1).mean()


def _gradients(logits_of: LogitsOf, images: Tensor) -> Tensor:
    """The gradient of each sample's D(x) by its own pixels: [N, C, H, W] -> [N, C H W]."""
    images = images.detach().requires_grad_()
    # a sample's pixels affect only its own value, so the gradient of the sum over samples holds each one's
    total = torch.stack([scale.sum() for scale in logits_of(images)]).sum()
    (gradients,) = torch.autograd.grad(total, images, create_graph=True)
    return gradients.flatten(1)


@torch.no_grad()
def clip_weights_(network: nn.Module, limit: float) -> None:
    """Clip every parameter to [-limit, limit], in place (Arjovsky et al. 2017, algorithm 1; their limit is 0.01)."""
    for parameter in network.parameters():
        parameter.clamp_(-limit, limit)


def orthogonal_penalty(network: nn.Module) -> Tensor:
    """The sum over convolutions and linear layers of ||W W^T * (1 - I)||_F^2, a scalar.

    BigGAN, Brock et al. 2019, equation 3, without its beta (1e-4 there): filters, the rows of W, are kept from being
    alike, their norms are free. Filters of different groups see different channels and are not compared. For spectrally
    normalised layers W is the weight before the division: reading the normalised one would advance the power iteration.
    """
    penalties = [_overlap(_filters(module)) for module in network.modules() if isinstance(module, _LAYERS)]
    return torch.stack(penalties).sum()


_LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)


def _filters(layer: nn.Conv2d | nn.ConvTranspose2d | nn.Linear) -> Tensor:
    """The layer's filters as rows: [groups, filters of a group, elements of a filter]."""
    normalised = parametrize.is_parametrized(layer, "weight")
    weight = layer.get_parameter("parametrizations.weight.original" if normalised else "weight")
    if isinstance(layer, nn.Linear):
        return weight.unsqueeze(0)
    by_group = weight.unflatten(0, (layer.groups, -1))
    if isinstance(layer, nn.ConvTranspose2d):  # [groups, inputs, outputs, h, w]: here the filters come second
        by_group = by_group.transpose(1, 2)
    return by_group.flatten(2)


def _overlap(filters: Tensor) -> Tensor:
    products = filters @ filters.mT  # [groups, F, E] x [groups, E, F] -> [groups, F, F]
    others = ~torch.eye(products.shape[-1], dtype=torch.bool, device=products.device)
    return (products * others).square().sum()
