"""`mobile`: the fast generator, about a twentieth of AnimeGANv2's arithmetic, and safe to cut into tiles.

The picture is halved by pixel-unshuffle (Shi et al. 2016) and once more by a strided convolution; residual blocks work
at a quarter of the resolution, where dilations widen what each pixel sees at no cost (Yu and Koltun 2016); one skip
brings the detail back. The network adds to its input, so that it starts as the identity.

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

    ``channels`` is the width at half of the resolution, doubled at a quarter; ``dilations`` gives a residual block
    each. The defaults take 11.2 GFLOP at 512x512.
    """

    tile_safe: ClassVar[bool] = True
    stride = 4

    def __init__(self, *, channels: int = 24, dilations: Sequence[int] = (1, 2, 4, 8, 2, 1)) -> None:
        super().__init__()
        if channels < 1 or not dilations or min(dilations) < 1:
            raise ValueError("channels and every dilation have to be at least 1, and there has to be one")
        wide = 2 * channels
        self.head = nn.Conv2d(12, channels, 3, padding=1)
        self.down = nn.Conv2d(channels, wide, 3, stride=2, padding=1)
        self.body = nn.Sequential(*(ResidualBlock(wide, dilation=dilation) for dilation in dilations))
        self.up = nn.Conv2d(wide, channels, 3, padding=1)
        self.refine = nn.Conv2d(channels, channels, 3, padding=1)
        self.out = nn.Conv2d(channels, 12, 3, padding=1)
        # reach to one side in pixels: a step of a 3x3 convolution is 1, 2 or 4 pixels by its level
        fine = 2 * (1 + 1 + 1 + 1)  # head, down, refine, out at half of the resolution
        coarse = 4 * (sum(dilation + 1 for dilation in dilations))
        up = 2  # after the upsampling
        self.receptive_field = 2 * (fine + coarse + up + 4) + 1  # and the 4x4 cell that both shuffles join
        self._init_weights()

    def _init_weights(self) -> None:
        """He et al. 2015 for ReLU; branches that are added start small."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]
        with torch.no_grad():
            for block in self.body:
                block.refine.weight.mul_(RESIDUAL_SCALE)  # type: ignore[union-attr,operator]
            self.out.weight.mul_(RESIDUAL_SCALE)

    def forward(self, image: Tensor) -> Tensor:
        half = F.relu(self.head(F.pixel_unshuffle(image, 2)))  # [N, 3, H, W] -> [N, c, H/2, W/2]
        quarter = self.body(F.relu(self.down(half)))  # -> [N, 2c, H/4, W/4]
        half = F.relu(self.up(upsample(quarter)) + half)
        return image + F.pixel_shuffle(self.out(F.relu(self.refine(half))), 2)
