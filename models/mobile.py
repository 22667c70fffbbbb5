"""`mobile`: the fast generator, about a twentieth of AnimeGANv2's arithmetic, and safe to cut into tiles.

The picture is halved by pixel-unshuffle (Shi et al. 2016) and once more by a strided convolution; residual blocks work
at a quarter of the resolution, where dilations widen what each pixel sees at no cost (Yu and Koltun 2016); one skip
brings the detail back. The network adds to its input, so that it starts close to the identity.

There is no normalisation: statistics over the image would make tiles differ from the whole, and running statistics
were seen to fail on colours at the edge of the gamut. Small initial residuals keep the depth trainable without it
(Zhang et al. 2019, "Fixup").

With ``domains`` it is a fast multi-domain generator: the label joins the picture as channels, as in StarGAN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.blocks import join_domain, require_positive, tapped, upsample
from models.init import init_he
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

    With ``domains`` above 0 it also takes the domain, float [N, domains] in {0, 1}.

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
        domains: int = 0,
    ) -> None:
        super().__init__()
        if domains:
            require_positive(domains=domains)
        self.domains = domains
        if min(channels, wide_channels, *dilations, *fine_dilations) < 1:
            raise ValueError("widths and dilations have to be at least 1")
        self.head = nn.Conv2d(4 * (3 + domains), channels, 3, padding=1)
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
        init_he(self)
        with torch.no_grad():  # branches that are added start small
            for block in (*self.body, *self.fine):
                block.refine.weight.mul_(RESIDUAL_SCALE)
            self.out.weight.mul_(RESIDUAL_SCALE)

    def _head_of_unshuffled(self, image: Tensor) -> Tensor:
        """``self.head(F.pixel_unshuffle(image, 2))`` as one strided convolution, which moves no pixels about."""
        channels, unshuffled = self.head.weight.shape[:2]
        weight = self.head.weight.view(channels, unshuffled // 4, 2, 2, 3, 3)  # [c, colour, cell row, column, 3, 3]
        weight = weight.permute(0, 1, 4, 2, 5, 3).reshape(channels, unshuffled // 4, 6, 6)
        return F.conv2d(image, weight, self.head.bias, stride=2, padding=2)

    @torch.no_grad()
    def amplify(self, factor: float) -> None:
        for parameter in self.out.parameters():
            parameter.mul_(factor)

    def weights_of_export(self, exported: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Undoes `_head_of_unshuffled`, whose kernel the graph holds under a name of the exporter's choice."""
        parameters = dict(exported)
        channels, unshuffled = self.head.weight.shape[:2]
        for weight in exported.values():
            if weight.shape == (channels, unshuffled // 4, 6, 6):
                cells = weight.view(channels, unshuffled // 4, 3, 2, 3, 2).permute(0, 1, 3, 5, 2, 4)
                parameters["head.weight"] = cells.reshape(channels, unshuffled, 3, 3)
        return parameters

    def _encode(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The picture with its margin to maps of half and of a quarter of the size: [N, c, ...] and [N, w, ...]."""
        half = F.relu(self._head_of_unshuffled(image))
        return half, F.relu(self.down(half))

    def forward(self, image: Tensor, domain: Tensor | None = None) -> Tensor:
        image = _with_margin(image)
        half, quarter = self._encode(image if domain is None else join_domain(image, domain))
        quarter = self.body(quarter)
        # a 1x1 convolution and the upsampling may change places: this order is the cheaper one
        half = self.fine(F.relu(upsample(self.up(quarter)) + half))
        image = image + F.pixel_shuffle(self.out(half), 2)
        return image[..., MARGIN:-MARGIN, MARGIN:-MARGIN]

    def encoder_features(self, image: Tensor) -> list[Tensor]:
        """The image, both halvings, the first and the middle block at a quarter (of a single one, it).

        All but the image with the margin. With ``domains`` there are none: raises ``ValueError``.
        """
        if self.domains:
            return super().encoder_features(image)
        half, quarter = self._encode(_with_margin(image))
        return [image, half, quarter, *tapped(self.body, quarter, {0, len(self.body) // 2})]


def _with_margin(image: Tensor) -> Tensor:
    return F.pad(image, (MARGIN,) * 4, mode="replicate")
