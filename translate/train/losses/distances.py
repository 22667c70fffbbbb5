"""Distances between pictures or feature maps, and smoothness; all but the helpers return a scalar to be minimised."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from kornia.color import rgb_to_grayscale
from torch import Tensor
from torch.nn import functional as F

EDGELESS = 1e-4  # variance of edge strength, of pictures in [-1, 1]: below it there are hardly any edges to compare


def forgive_overshoot(image: Tensor, target: Tensor) -> Tensor:
    """``image`` with values beyond [-1, 1] replaced by the limit where ``target`` is at that limit; any shape.

    Pictures are clipped when they become bytes, so such a value is right already, and a generator without a bounded
    last layer need not hit the limit exactly. Elsewhere values beyond the range stay, and with them their gradient.
    """
    below = (image < -1) & (target <= -1)
    above = (image > 1) & (target >= 1)
    return torch.where(below | above, target, image)


def _forward_differences(image: Tensor) -> tuple[Tensor, Tensor]:
    """Along x and along y: [..., H, W] -> [..., H, W - 1] and [..., H - 1, W]."""
    return image[..., :, 1:] - image[..., :, :-1], image[..., 1:, :] - image[..., :-1, :]


def coarse_l1(image: Tensor, target: Tensor, *, sides: Sequence[int] = (4, 16, 64)) -> Tensor:
    """Mean absolute difference of two batches [N, C, H, W] averaged over squares, and the mean of that over ``sides``.

    Sides are in pixels, at most the picture's shorter one. Small squares keep shapes and leave finer detail free. Large
    ones keep colours: under a texture coarser than the squares, a uniform shift of colour would cost little.
    """
    within = [min(side, *image.shape[-2:]) for side in sides]
    return torch.stack([F.l1_loss(F.avg_pool2d(image, side), F.avg_pool2d(target, side)) for side in within]).mean()


def laplacian_l1(image: Tensor, target: Tensor) -> Tensor:
    """Distance of two batches [N, C, H, W] of squares by their Laplacian pyramids: float [N], one for each picture.

    GLO, Bojanowski et al. 2018, equation 3 (Ling and Okada 2006): the sum over levels of 2^(2j) |L_j(x) - L_j(y)|_1,
    where level j has 2^(-2j) of the pixels, so here the sum of each level's mean. Departures: levels are averages over
    2x2 pixels, enlarged again by repetition, down to a last level of at most 4 pixels, which is compared as it is.
    """
    difference, total = image - target, torch.zeros(len(image), device=image.device)
    while difference.shape[-1] > 4:  # the pyramid is linear, so that of the difference is the difference of both
        smaller = F.avg_pool2d(difference, 2)
        total = total + (difference - F.interpolate(smaller, scale_factor=2.0, mode="nearest")).abs().mean((1, 2, 3))
        difference = smaller
    return total + difference.abs().mean((1, 2, 3))


def grid_pattern(image: Tensor, *, cell: int = 4, window: int = 16) -> Tensor:
    """How strongly a pattern repeats every ``cell`` pixels in a batch [N, C, H, W], at least ``cell`` high and wide.

    Each position within the cell is averaged over windows of up to ``window`` x ``window`` cells (a remainder at the
    right or bottom is ignored); returned is the mean absolute difference of these means from their mean over positions,
    0 without a pattern. Photos have none; upsampling networks make one (Odena et al. 2016), which discriminators hardly
    see.
    """
    window = min(window, image.shape[-2] // cell, image.shape[-1] // cell)
    side = cell * window
    whole = image[..., : image.shape[-2] // side * side, : image.shape[-1] // side * side]
    places = F.avg_pool2d(F.pixel_unshuffle(whole, cell), window).unflatten(1, (image.shape[1], -1))
    return (places - places.mean(2, keepdim=True)).abs().mean()


def edge_l1(image: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference of the forward differences along x and along y of two [N, C, H, W] batches.

    The gradient difference loss of Mathieu et al. 2016, equation 6, with alpha 1 and on signed gradients.
    """
    along_x, along_y = _forward_differences(image - target)
    return along_x.abs().mean() + along_y.abs().mean()


def edge_mismatch(image: Tensor, target: Tensor) -> Tensor:
    """1 minus Pearson's correlation of the edge strengths of two RGB batches [N, 3, H, W]: 0 for the same edges.

    Edge strength is the Sobel magnitude of the luma, so edges may be stronger by a factor or change sign, but not
    appear where the target has none: the edge agreement of `translate.evaluate.pair_metrics`, as a loss. It is averaged
    over samples; those without edges have hardly any gradient.
    """
    first, second = (_sobel(rgb_to_grayscale(batch)).flatten(1) for batch in (image, target))  # [N, H W]
    first, second = (strength - strength.mean(1, keepdim=True) for strength in (first, second))
    norms = (first.square().mean(1) * second.square().mean(1) + EDGELESS**2).sqrt()
    return (1 - (first * second).mean(1) / norms).mean()


def _sobel(image: Tensor) -> Tensor:
    """The magnitude of the Sobel gradient of [N, 1, H, W], per pixel; borders are repeated.

    By slices: kornia's makes its kernel on the device each time, for which a GPU has to finish its steps.
    """
    padded = F.pad(image, (1, 1, 1, 1), mode="replicate")
    across, down = padded[..., :, 2:] - padded[..., :, :-2], padded[..., 2:, :] - padded[..., :-2, :]
    across = (across[..., :-2, :] + 2 * across[..., 1:-1, :] + across[..., 2:, :]) / 8
    down = (down[..., :, :-2] + 2 * down[..., :, 1:-1] + down[..., :, 2:]) / 8
    return (across.square() + down.square() + 1e-6).sqrt()  # differentiable at 0


def total_variation(image: Tensor) -> Tensor:
    """Mean squared forward difference along x plus that along y of a batch [N, C, H, W].

    Mahendran and Vedaldi 2015 with beta 2, as means instead of sums; AnimeGANv2 (Liu et al. 2021) has such a term.
    """
    along_x, along_y = _forward_differences(image)
    return along_x.square().mean() + along_y.square().mean()


def gram_matrix(features: Tensor) -> Tensor:
    """Correlations of the channels of maps [N, C, H, W] -> [N, C, C], divided by C H W.

    Gatys et al. 2016, equation 3, with the divisor of Johnson et al. 2016, equation 3.
    """
    flat = features.flatten(2)  # [N, C, H W]
    flat = flat / (flat.shape[1] * flat.shape[2]) ** 0.5  # before the product, whose sum could overflow float16
    return flat @ flat.mT


def yuv_colour(image: Tensor, target: Tensor) -> Tensor:
    """Distance of the colours of two RGB batches, float [N, 3, H, W] in [-1, 1]: L1 of Y plus Huber of U and of V.

    The colour reconstruction loss of AnimeGAN (Chen et al. 2020). Y is in [0, 1], U and V are signed and within
    0.436 and 0.615; Huber's delta is 1, so they count by half the square of their difference up to there.
    """
    (y, u, v), (target_y, target_u, target_v) = _yuv((image + 1) / 2), _yuv((target + 1) / 2)
    return F.l1_loss(y, target_y) + F.huber_loss(u, target_u) + F.huber_loss(v, target_v)


def _yuv(image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """RGB [N, 3, H, W] in [0, 1] to Y, U and V, [N, H, W] each: ITU-R BT.470-5, table 2, items 2.5 and 2.6.

    Not kornia's, for the same reason as `_sobel`.
    """
    r, g, b = image.unbind(1)
    return 0.299 * r + 0.587 * g + 0.114 * b, -0.147 * r - 0.289 * g + 0.436 * b, 0.615 * r - 0.515 * g - 0.1 * b


def feature_matching(real_features: Sequence[Tensor], fake_features: Sequence[Tensor]) -> Tensor:
    """Mean absolute difference of the discriminator's hidden maps of real and of generated pictures.

    Salimans et al. 2016, section 3.1, in the form of pix2pixHD (Wang et al. 2018, equation 4): L1, sample by sample,
    over all hidden maps, here averaged over them so that the weight need not change with their number. The real side
    is a target: no gradient enters it. Raises ``ValueError`` where the numbers of maps differ.
    """
    distances = [F.l1_loss(fake, real.detach()) for real, fake in zip(real_features, fake_features, strict=True)]
    return torch.stack(distances).mean()
