"""The noise whose picture is nearest to a given one."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models import NoiseGenerator, WithPrior
from translate.media.images import from_signed_unit, to_signed_unit
from translate.train.losses import laplacian_l1

STARTS = 128  # random noises, of which the descent begins at the nearest
STEPS = 200
RATE = 0.05  # Adam's
PULL = 1e-3  # weight of the mean square of the noise, which keeps it where the generator was trained
BATCH = 16


def project(generator: NoiseGenerator, pictures: Tensor, *, steps: int = STEPS) -> Tensor:
    """Noise [N, z_dim] whose pictures are near ``pictures``, float [N, 3, size, size] in [-1, 1], by descent.

    The distance is the mean square plus `laplacian_l1`. ``generator`` has to be in evaluation mode; it stays unchanged,
    and the result depends on nothing random.
    """
    parameters = [parameter for parameter in generator.parameters() if parameter.requires_grad]
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        with torch.enable_grad():
            return _descend(generator, pictures, steps)
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)


def _descend(generator: NoiseGenerator, pictures: Tensor, steps: int) -> Tensor:
    z = _nearest_start(generator, pictures).requires_grad_()
    optimizer = torch.optim.Adam([z], lr=RATE)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = RATE * 0.5 * (1 + math.cos(math.pi * step / steps))
        optimizer.zero_grad(set_to_none=True)
        (_distance(generator(z), pictures) + PULL * z.square().mean(1)).sum().backward()
        optimizer.step()
    return z.detach()


@torch.no_grad()
def _nearest_start(generator: NoiseGenerator, pictures: Tensor) -> Tensor:
    drawn = torch.randn(STARTS, generator.z_dim, generator=torch.Generator().manual_seed(0)).to(pictures.device)
    made = torch.cat([generator(part) for part in drawn.split(BATCH)])
    chosen = [int(_distance(made, picture.expand_as(made)).argmin()) for picture in pictures]
    return drawn[chosen].clone()


def _distance(pictures: Tensor, targets: Tensor) -> Tensor:
    """Of each picture to its target: [N]."""
    return (pictures - targets).square().mean((1, 2, 3)) + laplacian_l1(pictures, targets)


def gradient_at_origin(generator: nn.Module, pictures: Tensor, z_dim: int) -> Tensor:
    """The vectors [N, z_dim] by which a Gradient Origin Network encodes ``pictures``, float [N, 3, H, W] in [-1, 1].

    Bond-Taylor and Willcocks 2021, equation 5: z = -grad_z L(x, F(z)) at z = 0, with the squared error for L.
    Departure: its sum over a picture is divided by the square root of the number of values, so that vectors of pictures
    of any size are about as long. Where gradients are enabled, they flow through z into the generator's weights.
    """
    differentiable = torch.is_grad_enabled()
    with torch.enable_grad():
        origin = torch.zeros(len(pictures), z_dim, device=pictures.device, dtype=pictures.dtype, requires_grad=True)
        error = (generator(origin) - pictures).square().sum() / math.sqrt(pictures[0].numel())
        (gradient,) = torch.autograd.grad(error, origin, create_graph=differentiable)
    return -gradient


@torch.no_grad()
def nearest_pictures(
    generator: NoiseGenerator, photos: NDArray[np.uint8], *, by_origin: bool = False
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The pictures of ``generator`` nearest to ``photos``, both uint8 [N, size, size, 3], and their PSNR in dB, [N].

    ``by_origin``: it is a Gradient Origin Network, which needs no descent; its prior, if any, is left out.
    """
    targets = to_signed_unit(torch.from_numpy(photos.copy()).permute(0, 3, 1, 2).float())
    if by_origin:
        network = generator.generator if isinstance(generator, WithPrior) else generator
        found = network(gradient_at_origin(network, targets, generator.z_dim))
    else:
        found = generator(project(generator, targets))
    pictures: NDArray[np.uint8] = from_signed_unit(found).permute(0, 2, 3, 1).to(torch.uint8).numpy()
    return pictures, psnr(found, targets).numpy()


def psnr(pictures: Tensor, targets: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB of each of ``pictures``, clipped to [-1, 1]; [N, 3, H, W] -> [N]."""
    error = (pictures.float().clamp(-1, 1) - targets).square().mean((1, 2, 3)).clamp_min(1e-10)
    return 10 * torch.log10(4 / error)  # the peak is 2, the width of the range
