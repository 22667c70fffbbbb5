"""`mobile`: the fast generator, about a twentieth of AnimeGANv2's arithmetic, and safe to run on tiles.

The picture is downsampled by 2 by pixel-unshuffle (Shi et al. 2016) and again by a strided convolution; residual blocks
work at a quarter of the resolution, where dilations enlarge the receptive field at no cost (Yu and Koltun 2016); one
skip connection restores detail. The network adds to its input, so that it starts close to the identity.

There is no normalisation: statistics over the image would make tiles differ from the whole, and running statistics
failed on colours at the edges of the gamut. Small initial residuals keep the depth trainable without it
(Zhang et al. 2019, "Fixup").

With ``antialias`` the picture first passes a binomial filter, [1 2 1] along each axis, which removes the highest
frequency. That is where pictures change most when a camera moves by fractions of a pixel, and where strides alias
(Zhang 2019, arXiv:1904.11486, who filters before the strides inside the network). The network draws lines anew on the
filtered picture, and they flicker less.

With ``soft_base`` the network sees the whole photo, and adds to the filtered one: a photo's grain is not in the result
unless the network draws it, and edges stay where they were seen.

With ``tones`` every colour of the result lies on the line through two colours, ink and paper: a drawing in one ink
keeps no tint of the photo.

With ``domains`` it is a fast multi-domain generator: the label joins the picture as channels, as in StarGAN. With a
``vector``, that of a condition modulates the maps before the residual blocks of either resolution. With several
``inputs`` it adds to the first picture what it makes of all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.blocks import join_domain, require_positive, tapped, upsample
from models.init import init_he
from models.modulation import Modulation
from models.registry import Generator, register_generator

MARGIN = 2  # pixels of replication padding, which keeps the convolutions' zero padding away from the picture
BINOMIAL = (0.25, 0.5, 0.25)  # zero response at the highest frequency that pixels can represent
RESIDUAL_SCALE = 0.1  # of the initial weights in each residual branch's last convolution
# Of those of the last one. With 0.1 what the untrained network adds is farther from most targets than nothing is: the
# first steps then push its last maps below 0 everywhere, ReLU passes nothing on, and it stays the identity for good.
OUTPUT_SCALE = 0.01


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
    """Float [N, 3 inputs, H, W] in [-1, 1] -> [N, 3, H, W]; values may leave the range slightly.

    With ``domains`` above 0 it also takes the domain, float [N, domains] in {0, 1}, else with ``vector`` above 0
    float [N, vector].

    A residual block for each of ``dilations``, ``wide_channels`` wide, at a quarter of the resolution; then one for
    each of ``fine_dilations``, ``channels`` wide, at half of it. The defaults take 11.9 GFLOP at 512x512; widths that
    are multiples of 16 suit the vector units of processors. ``tones``: two different colours, RGB from 0 to 255.
    """

    tile_safe = True
    stride = 4
    binomial: Tensor
    projection: Tensor
    offset: Tensor

    def __init__(
        self,
        *,
        channels: int = 32,
        wide_channels: int = 48,
        dilations: Sequence[int] = (1, 2, 4, 8),
        fine_dilations: Sequence[int] = (1, 2),
        antialias: bool = False,
        soft_base: bool = False,
        tones: Sequence[Sequence[float]] = (),
        domains: int = 0,
        inputs: int = 1,
        vector: int = 0,
    ) -> None:
        super().__init__()
        require_positive(inputs=inputs)
        if domains:
            require_positive(domains=domains)
        if domains and vector:
            raise ValueError("takes either domains or a vector")
        self.domains, self.inputs, self.vector = domains, inputs, vector
        if antialias and soft_base:
            raise ValueError("with antialias the base is soft anyway: takes either antialias or soft_base")
        self.antialias, self.soft_base = antialias, soft_base
        self.has_tones = bool(tones)
        # A weaker style also filters less and keeps more of the photo's colours: smaller weights would not do.
        self.blended, self.strength = antialias or soft_base or self.has_tones, 1.0
        if tones:
            projection, offset = onto_line(*map(torch.tensor, tones))
            self.register_buffer("projection", projection[..., None, None], persistent=False)  # as a 1x1 convolution
            self.register_buffer("offset", offset, persistent=False)
        if min(channels, wide_channels, *dilations, *fine_dilations) < 1:
            raise ValueError("widths and dilations have to be at least 1")
        row = torch.tensor(BINOMIAL)
        self.register_buffer("binomial", torch.outer(row, row).expand(3 * inputs, 1, 3, 3).clone(), persistent=False)
        self.head = nn.Conv2d(4 * (3 * inputs + domains), channels, 3, padding=1)
        self.down = nn.Conv2d(channels, wide_channels, 3, stride=2, padding=1)
        self.body = nn.Sequential(*(ResidualBlock(wide_channels, dilation=dilation) for dilation in dilations))
        self.up = nn.Conv2d(wide_channels, channels, 1)
        self.fine = nn.Sequential(*(ResidualBlock(channels, dilation=dilation) for dilation in fine_dilations))
        self.out = nn.Conv2d(channels, 12, 3, padding=1)
        if vector:
            self.modulate_quarter, self.modulate_half = Modulation(wide_channels, vector), Modulation(channels, vector)
        # how far a pixel sees to each side: convolutions at half and a quarter of the resolution, 2 and 4 pixels per
        # step, and 3 pixels within the 4x4 cell that downsampling merges
        half_steps = 3 + sum(dilation + 1 for dilation in fine_dilations)
        quarter_steps = sum(dilation + 1 for dilation in dilations)
        self.receptive_field = 2 * (2 * half_steps + 4 * quarter_steps + 3 + antialias) + 1
        init_he(self)
        with torch.no_grad():  # residual branches start small
            for block in (*self.body, *self.fine):
                block.refine.weight.mul_(RESIDUAL_SCALE)
            self.up.weight.mul_(RESIDUAL_SCALE)  # the quarter-size branch
            self.out.weight.mul_(OUTPUT_SCALE)
            for module in self.modules():  # so does what a condition changes
                if isinstance(module, Modulation):
                    module.scale_and_shift.weight.mul_(RESIDUAL_SCALE)

    def _head_of_unshuffled(self, image: Tensor) -> Tensor:
        """``self.head(F.pixel_unshuffle(image, 2))`` as one strided convolution, which copies no pixels."""
        channels, unshuffled = self.head.weight.shape[:2]
        weight = self.head.weight.view(channels, unshuffled // 4, 2, 2, 3, 3)  # [c, colour, cell row, column, 3, 3]
        weight = weight.permute(0, 1, 4, 2, 5, 3).reshape(channels, unshuffled // 4, 6, 6)
        return F.conv2d(image, weight, self.head.bias, stride=2, padding=2)

    @torch.no_grad()
    def amplify(self, factor: float) -> None:
        if self.blended:
            self.strength *= factor
            return
        for parameter in self.out.parameters():
            parameter.mul_(factor)

    def weights_from_export(self, exported: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Undo `_head_of_unshuffled`, whose kernel is in the graph under a name that the exporter chose."""
        parameters = dict(exported)
        channels, unshuffled = self.head.weight.shape[:2]
        for weight in exported.values():
            if weight.shape == (channels, unshuffled // 4, 6, 6):
                cells = weight.view(channels, unshuffled // 4, 3, 2, 3, 2).permute(0, 1, 3, 5, 2, 4)
                parameters["head.weight"] = cells.reshape(channels, unshuffled, 3, 3)
        return parameters

    def _with_margin(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """What the network sees and what it adds to, each with `MARGIN` more pixels per side.

        Where only the second is filtered, it has the first of several inputs alone, as nothing is added to the others.
        """
        if not (self.antialias or self.soft_base):
            padded = F.pad(image, (MARGIN,) * 4, mode="replicate")
            return padded, padded
        reach = len(BINOMIAL) // 2
        padded = F.pad(image, (MARGIN + reach,) * 4, mode="replicate")
        if self.antialias:
            filtered = F.conv2d(padded, self.binomial, groups=len(self.binomial))
            return filtered, filtered
        return padded[..., reach:-reach, reach:-reach], F.conv2d(padded[:, :3], self.binomial[:3], groups=3)

    def _encode(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Maps at half and a quarter of the padded picture's size, of ``channels`` and ``wide_channels`` channels."""
        half = F.relu(self._head_of_unshuffled(image))
        return half, F.relu(self.down(half))

    def forward(self, image: Tensor, domain: Tensor | None = None) -> Tensor:
        seen, base = self._with_margin(image)
        half, quarter = self._encode(join_domain(seen, domain) if domain is not None and self.domains else seen)
        if domain is not None and self.vector:
            quarter = self.modulate_quarter(quarter, domain)
        quarter = self.body(quarter)
        # a 1x1 convolution and upsampling commute; this order is cheaper
        half = F.relu(upsample(self.up(quarter)) + half)
        if domain is not None and self.vector:
            half = self.modulate_half(half, domain)
        half = self.fine(half)
        result = _without_margin(base[:, :3] + F.pixel_shuffle(self.out(half), 2))
        if self.has_tones:
            result = F.conv2d(result, self.projection, self.offset)
        photo = image[:, :3]
        return result if self.strength == 1 else photo + self.strength * (result - photo)

    def encoder_features(self, image: Tensor) -> list[Tensor]:
        """The image, the maps at half and a quarter of its size, those of the first and middle blocks (once if same).

        All but the image include the margin. Raises ``ValueError`` with ``domains``.
        """
        if self.domains:
            return super().encoder_features(image)
        half, quarter = self._encode(self._with_margin(image)[0])
        return [image, half, quarter, *tapped(self.body, quarter, {0, len(self.body) // 2})]


def onto_line(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """Matrix and offset that map a colour in [-1, 1] to the nearest on the line through two, [3] each in [0, 255].

    Raises ``ValueError`` where they are the same or no colours.
    """
    if one.shape != (3,) or other.shape != (3,) or torch.equal(one, other):
        raise ValueError(f"tones have to be two different colours, not {one.tolist()} and {other.tolist()}")
    direction = F.normalize((other - one).float(), dim=0)
    projection = torch.outer(direction, direction)
    start = one / 127.5 - 1
    return projection, start - projection @ start


def _without_margin(image: Tensor) -> Tensor:
    return image[..., MARGIN:-MARGIN, MARGIN:-MARGIN]
