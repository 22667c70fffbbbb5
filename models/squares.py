"""Shared by the networks between noise and square pictures: levels from 4x4 pixels up, and antialiased resampling."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FIRST_SIDE = 4  # pixels at the coarsest level


def levels(size: int) -> int:
    """How often a side of `FIRST_SIDE` pixels is doubled to reach ``size``.

    Raises ``ValueError`` unless ``size`` is a power of two from 8.
    """
    if size < 2 * FIRST_SIDE or size & (size - 1):
        raise ValueError(f"size has to be a power of two from {2 * FIRST_SIDE}, not {size}")
    return (size // FIRST_SIDE).bit_length() - 1


def widths(size: int, *, channels: int, widest: int) -> list[int]:
    """The channels at each level, from 4x4 pixels to ``size``: ``channels`` at the finest, twice as many at the next
    coarser one, and so on up to ``widest``."""
    return [min(channels * 2**level, widest) for level in reversed(range(levels(size) + 1))]


def upsample_smoothly(x: Tensor) -> Tensor:
    """Double height and width by bilinear interpolation: the filter [1 3 3 1] / 4 along each axis."""
    return F.interpolate(x, scale_factor=2.0, mode="bilinear")


class SmoothDownsampling(nn.Module):
    """Halves height and width after the filter [1 3 3 1] / 8 along each axis, with zeros beyond the border.

    A convolution, as not every PyTorch has the second derivatives of resampling that gradient penalties need.
    """

    def __init__(self) -> None:
        super().__init__()
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
        self.kernel = nn.Buffer(torch.outer(taps, taps), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        kernel = self.kernel.to(x.dtype).expand(channels, 1, 4, 4)
        return F.conv2d(x, kernel, stride=2, padding=1, groups=channels)
