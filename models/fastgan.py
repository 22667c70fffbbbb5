"""FastGAN's generator: one or two gated convolutions per size, and coarse maps that weigh the channels of fine ones.

Liu, Zhu, Song, Elgammal: Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image Synthesis, ICLR
2021, section 3.1 and table 7: few layers, so that a step takes little time; each map excites the channels of the one 16
times as large, which shortens the way of gradients. Sauer et al. (Projected GANs Converge Faster, NeurIPS 2021) train
it with the discriminator `models.projected`.

Departures: no noise is added to the maps, so a sample follows from its z alone; one picture, not a small one besides;
the last convolution follows the last block; spectral normalisation is left out.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from models.blocks import ResizeConv, require_positive
from models.init import init_normal
from models.registry import NoiseGenerator, register_noise_generator
from models.squares import FIRST_SIDE, levels, widths

EXCITED = 4  # levels between a map and the one whose channels it excites: 16 times the side


def gated(convolution: nn.Conv2d | nn.ConvTranspose2d) -> list[nn.Module]:
    """``convolution``, batch normalisation, and a gated linear unit (Dauphin et al. 2017): half of the channels."""
    return [convolution, nn.BatchNorm2d(convolution.out_channels), nn.GLU(dim=1)]


class SkipLayerExcitation(nn.Module):
    """A weight in (0, 1) for each channel of a fine map, from a coarse one: equation 2 of the paper."""

    def __init__(self, coarse: int, fine: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.AdaptiveAvgPool2d(FIRST_SIDE),
            nn.Conv2d(coarse, fine, FIRST_SIDE),  # [N, coarse, 4, 4] -> [N, fine, 1, 1]
            nn.SiLU(),
            nn.Conv2d(fine, fine, 1),
            nn.Sigmoid(),
        )

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        return fine * self.layers(coarse)


@register_noise_generator("fastgan")
class FastGanGenerator(NoiseGenerator):
    """float [N, z_dim] to [N, 3, size, size] in [-1, 1]; ``channels`` at the full size, twice as many at each coarser
    one, up to ``widest``."""

    def __init__(self, *, z_dim: int = 64, size: int = 64, channels: int = 16, widest: int = 128) -> None:
        super().__init__()
        require_positive(z_dim=z_dim, channels=channels, widest=widest)
        self.z_dim, self.size = z_dim, size
        hidden = widths(size, channels=channels, widest=widest)
        self.first = nn.Sequential(*gated(nn.ConvTranspose2d(z_dim, 2 * hidden[0], FIRST_SIDE, bias=False)))
        self.blocks = nn.ModuleList()
        for level, (before, after) in enumerate(pairwise(hidden), start=1):
            layers = gated(ResizeConv(before, 2 * after, 3, padding=1, bias=False))
            if level % 2:  # as in the paper's table 7: every second size has a second convolution
                layers += gated(nn.Conv2d(after, 2 * after, 3, padding=1, bias=False))
            self.blocks.append(nn.Sequential(*layers))
        self.excitations = nn.ModuleDict(
            {
                str(level): SkipLayerExcitation(hidden[level - EXCITED], hidden[level])
                for level in range(EXCITED, levels(size) + 1)
            }
        )
        self.last = nn.Sequential(nn.Conv2d(hidden[-1], 3, 3, padding=1), nn.Tanh())
        init_normal(self)

    def forward(self, z: Tensor) -> Tensor:
        maps = [self.first(z[:, :, None, None])]
        for level, block in enumerate(self.blocks, start=1):
            x = block(maps[-1])
            if str(level) in self.excitations:
                x = self.excitations[str(level)](maps[level - EXCITED], x)
            maps.append(x)
        return self.last(maps[-1])
