"""R3GAN: residual networks without normalisation, trained with a relativistic objective and R1 with R2.

Huang, Gokaslan, Kuleshov, Tompkin: The GAN is dead; long live the GAN! A Modern Baseline GAN, NeurIPS 2024,
sections 3 and 4 and appendix: blocks of a 1x1, a grouped 3x3 and a 1x1 convolution with an inverted bottleneck, two
leaky ReLUs in each and none between them; antialiased resampling, with a 1x1 convolution where the channels change;
noise scales a learnt 4x4 basis; the discriminator ends in a depthwise convolution over 4x4 positions. Fixup
initialisation (Zhang et al. 2019): the last convolution of each block starts at 0, the others are scaled by the number
of blocks.

Departures: small widths, one block per level, groups of 16 channels; the discriminator's last convolution slides over
pictures larger than ``size``. With spectral normalisation, an option, no convolution starts at 0, where it is
undefined.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from models.blocks import normalise_spectrally, require_positive
from models.init import init_he
from models.minibatch import Minibatch, minibatch_layer
from models.registry import (
    Discriminator,
    DiscriminatorOutput,
    NoiseGenerator,
    register_discriminator,
    register_noise_generator,
)
from models.squares import FIRST_SIDE, SmoothDownsampling, upsample_smoothly, widths

LEAK = 0.2  # slope of the leaky ReLUs
EXPANSION = 2  # of the channels inside a block
GROUP_WIDTH = 16  # channels per group of the 3x3 convolutions, or all of them where there are fewer
LINEAR = 1.0  # the slope at which `init_he` keeps the variance without an activation


class ResidualBlock(nn.Module):
    """x + 1x1, grouped 3x3 and 1x1 convolutions of x, with a leaky ReLU after the first two."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = EXPANSION * channels
        self.expand = nn.Conv2d(channels, inner, 1)
        self.first = nn.LeakyReLU(LEAK)
        self.spread = nn.Conv2d(inner, inner, 3, padding=1, groups=max(1, inner // GROUP_WIDTH))
        self.second = nn.LeakyReLU(LEAK)
        self.contract = nn.Conv2d(inner, channels, 1, bias=False)

    def branch(self, x: Tensor) -> list[Tensor]:
        """The maps after both activations, and what is added to ``x``."""
        first = self.first(self.expand(x))
        second = self.second(self.spread(first))
        return [first, second, self.contract(second)]

    def forward(self, x: Tensor) -> Tensor:
        return x + self.branch(x)[-1]


def _init(network: nn.Module, *, zeros: bool) -> None:
    """Fixup: section 3.2; with three convolutions per block the exponent is -1/4."""
    init_he(network, slope=LINEAR)
    blocks = [module for module in network.modules() if isinstance(module, ResidualBlock)]
    for block in blocks:
        init_he(block, slope=LEAK)
        with torch.no_grad():
            for layer in (block.expand, block.spread):
                layer.weight.mul_(len(blocks) ** -0.25)
        if zeros:
            nn.init.zeros_(block.contract.weight)


def _transition(before: int, after: int) -> nn.Module:
    return nn.Identity() if before == after else nn.Conv2d(before, after, 1, bias=False)


def _require_groups(hidden: Sequence[int]) -> None:
    for channels in hidden:
        inner = EXPANSION * channels
        if inner > GROUP_WIDTH and inner % GROUP_WIDTH:
            raise ValueError(f"channels and widest have to be multiples of {GROUP_WIDTH // EXPANSION}, not {channels}")


@register_noise_generator("r3")
class R3Generator(NoiseGenerator):
    """float [N, z_dim] to [N, 3, size, size]; without tanh, values may leave [-1, 1] a little."""

    def __init__(
        self,
        *,
        z_dim: int = 64,
        size: int = 64,
        channels: int = 32,  # at the full size, twice as many at each coarser level up to ``widest``
        widest: int = 128,
        blocks: int = 1,  # per level; the paper: 2
    ) -> None:
        super().__init__()
        require_positive(z_dim=z_dim, channels=channels, widest=widest, blocks=blocks)
        self.z_dim, self.size = z_dim, size
        hidden = widths(size, channels=channels, widest=widest)
        _require_groups(hidden)
        self.basis = nn.Parameter(torch.empty(hidden[0], FIRST_SIDE, FIRST_SIDE))
        self.modulate = nn.Linear(z_dim, hidden[0], bias=False)
        self.transitions = nn.ModuleList(_transition(before, after) for before, after in pairwise(hidden))
        self.levels = nn.ModuleList(nn.Sequential(*(ResidualBlock(count) for _ in range(blocks))) for count in hidden)
        self.to_rgb = nn.Conv2d(hidden[-1], 3, 1)
        _init(self, zeros=True)
        nn.init.normal_(self.basis)

    def forward(self, z: Tensor) -> Tensor:
        x = self.basis * self.modulate(z)[:, :, None, None]  # [C, 4, 4] x [N, C, 1, 1] -> [N, C, 4, 4]
        x = self.levels[0](x)
        for transition, level in zip(self.transitions, self.levels[1:], strict=True):
            x = level(upsample_smoothly(transition(x)))
        return self.to_rgb(x)


@register_discriminator("r3")
class R3Discriminator(Discriminator):
    """float [N, in_channels, H, W] in [-1, 1] to logits [N, 1, h, w]: one for a picture of ``size``, the smallest."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        size: int = 64,
        channels: int = 32,
        widest: int = 128,
        blocks: int = 1,
        spectral_norm: bool = False,
        minibatch: Minibatch = "none",
    ) -> None:
        super().__init__()
        require_positive(in_channels=in_channels, channels=channels, widest=widest, blocks=blocks)
        hidden = widths(size, channels=channels, widest=widest)[::-1]
        _require_groups(hidden)
        self.from_rgb = nn.Conv2d(in_channels, hidden[0], 1)
        self.levels = nn.ModuleList(nn.ModuleList(ResidualBlock(count) for _ in range(blocks)) for count in hidden)
        self.transitions = nn.ModuleList(_transition(before, after) for before, after in pairwise(hidden))
        self.halve = SmoothDownsampling()
        last = hidden[-1]
        self.compare = minibatch_layer(minibatch, last)
        if self.compare is not None:
            last += self.compare.added_channels
        self.gather = nn.Conv2d(last, last, FIRST_SIDE, groups=last, bias=False)  # [N, C, 4, 4] -> [N, C, 1, 1]
        self.logit = nn.Conv2d(last, 1, 1)
        _init(self, zeros=not spectral_norm)
        if spectral_norm:
            normalise_spectrally(self)

    def forward(self, image: Tensor) -> DiscriminatorOutput:
        features: list[Tensor] = []
        x = self.from_rgb(image)
        for number, level in enumerate(self.levels):
            if number > 0:
                x = self.transitions[number - 1](self.halve(x))
            assert isinstance(level, nn.ModuleList)
            for block in level:
                assert isinstance(block, ResidualBlock)
                *activations, change = block.branch(x)
                features += activations
                x = x + change
        if self.compare is not None:
            x = self.compare(x)
        return DiscriminatorOutput((self.logit(self.gather(x)),), tuple(features))
