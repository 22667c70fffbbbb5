"""`mobile`: the fast generator, about a twentieth of AnimeGANv2's arithmetic, and safe to cut into tiles.

The picture is halved by pixel-unshuffle (Shi et al. 2016) and once more by a strided convolution; residual blocks work
at a quarter of the resolution, where dilations widen what each pixel sees at no cost (Yu and Koltun 2016); one skip
brings the detail back. The network adds to its input, so that it starts close to the identity.

There is no normalisation: statistics over the image would make tiles differ from the whole, and running statistics
were seen to fail on colours at the edge of the gamut. Small initial residuals keep the depth trainable without it
(Zhang et al. 2019, "Fixup").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.blocks import upsample
from models.registry import Generator, register_generator

MARGIN = 2  # pixels repeated round the picture: keeps the zeros that convolutions see outside off its outermost pixels
RESIDUAL_SCALE = 0.1  # of the initial weights of the last convolution of a branch that is added


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions, the first one dilated, added to the input."""

    def __init__(self, channels: int, *, dilation: int) -> None:
        super().__init__()
        self.spread = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.refine = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.refine(F.relu(self.spread(x)))


@register_generator("mobile")
class MobileGenerator(Generator):
    """Float [N, 3, H, W] in [-1, 1] to the same shape; values may leave the range a little.

    A residual block for each of ``dilations``, ``wide_channels`` wide, at a quarter of the resolution; then one for
    each of ``fine_dilations``, ``channels`` wide, at half of it. The defaults take 11.9 GFLOP at 512x512; widths that
    are multiples of 16 suit the vector units of processors.
    """

    tile_safe: ClassVar[bool] = True
    stride = 4

    def __init__(
        self,
        *,
        channels: int = 32,
        wide_channels: int = 48,
        dilations: Sequence[int] = (1, 2, 4, 8),
        fine_dilations: Sequence[int] = (1, 2),
    ) -> None:
        super().__init__()
        if min(channels, wide_channels, *dilations, *fine_dilations) < 1:
            raise ValueError("widths and dilations have to be at least 1")
        self.head = nn.Conv2d(12, channels, 3, padding=1)
        self.down = nn.Conv2d(channels, wide_channels, 3, stride=2, padding=1)
        self.body = nn.Sequential(*(ResidualBlock(wide_channels, dilation=dilation) for dilation in dilations))
        self.up = nn.Conv2d(wide_channels, channels, 1)
        self.fine = nn.Sequential(*(ResidualBlock(channels, dilation=dilation) for dilation in fine_dilations))
        self.out = nn.Conv2d(channels, 12, 3, padding=1)
        # how far a pixel sees to each side: convolutions at half and at a quarter of the resolution, 2 and 4 pixels a
        # step, and within the 4x4 cell of pixels that the two coarser levels join
        half_steps = 3 + sum(dilation + 1 for dilation in fine_dilations)
        quarter_steps = sum(dilation + 1 for dilation in dilations)
        self.receptive_field = 2 * (2 * half_steps + 4 * quarter_steps + 3) + 1
        self._init_weights()

    def _init_weights(self) -> None:
        """He et al. 2015 for ReLU; branches that are added start small."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]
        with torch.no_grad():
            for block in (*self.body, *self.fine):
                block.refine.weight.mul_(RESIDUAL_SCALE)
            self.out.weight.mul_(RESIDUAL_SCALE)

    def _head_of_unshuffled(self, image: Tensor) -> Tensor:
        """``self.head(F.pixel_unshuffle(image, 2))`` as one strided convolution, which moves no pixels about."""
        channels = self.head.out_channels
        weight = self.head.weight.view(channels, 3, 2, 2, 3, 3)  # [c, colour, cell row, cell column, kernel 3, 3]
        weight = weight.permute(0, 1, 4, 2, 5, 3).reshape(channels, 3, 6, 6)
        return F.conv2d(image, weight, self.head.bias, stride=2, padding=2)

    def forward(self, image: Tensor) -> Tensor:
        image = F.pad(image, (MARGIN,) * 4, mode="replicate")
        half = F.relu(self._head_of_unshuffled(image))  # [N, 3, H, W] -> [N, c, H/2, W/2]
        quarter = self.body(F.relu(self.down(half)))  # -> [N, w, H/4, W/4]
        # a 1x1 convolution and the upsampling may change places: this order is the cheaper one
        half = self.fine(F.relu(upsample(self.up(quarter)) + half))
        image = image + F.pixel_shuffle(self.out(half), 2)
        return image[..., MARGIN:-MARGIN, MARGIN:-MARGIN]
