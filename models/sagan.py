"""SAGAN: residual networks with self-attention and spectral normalisation in both.

Zhang, Goodfellow, Metaxas, Odena: Self-Attention Generative Adversarial Networks, ICML 2019, section 4, with the
residual blocks of Miyato et al. 2018 (Spectral Normalization for Generative Adversarial Networks, appendix B.4):
attention at half of the full size, spectral normalisation of all weights of both networks, two time scales and the
hinge objective, which are settings of the method.

Departures: there are no classes, so the noise takes their place: it sets scale and shift of each batch normalisation
(Chen et al. 2019, On Self Modulation for Generative Adversarial Networks, here by one linear layer), unless
``modulation`` is off, and there is no projection; leaky ReLUs in the discriminator; small widths; orthogonal initial
weights (Brock et al. 2019); the discriminator's last sum is over 4x4 positions, so a larger picture gets a logit for
each part.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.blocks import SelfAttention, normalise_spectrally, require_positive, upsample
from models.init import init_orthogonal
from models.minibatch import Minibatch, minibatch_layer
from models.registry import (
    Discriminator,
    DiscriminatorOutput,
    NoiseGenerator,
    register_discriminator,
    register_noise_generator,
)
from models.squares import FIRST_SIDE, levels, widths

LEAK = 0.2  # slope of the discriminator's leaky ReLUs
WIDEST = 8  # times the channels at the full size


class ModulatedNorm(nn.Module):
    """Batch normalisation of [N, C, H, W] whose scale and shift also depend on the noise, float [N, z_dim]."""

    def __init__(self, channels: int, z_dim: int | None) -> None:
        """``z_dim`` None: plain batch normalisation."""
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.modulate = None if z_dim is None else nn.Linear(z_dim, 2 * channels)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        x = self.norm(x)
        if self.modulate is None:
            return x
        scale, shift = self.modulate(z)[:, :, None, None].chunk(2, dim=1)  # [N, 2C] -> two of [N, C, 1, 1]
        return x * (1 + scale) + shift


class UpBlock(nn.Module):
    """Two normalised 3x3 convolutions at twice the size, added to the enlarged input."""

    def __init__(self, before: int, after: int, z_dim: int | None) -> None:
        super().__init__()
        self.norm1, self.norm2 = ModulatedNorm(before, z_dim), ModulatedNorm(after, z_dim)
        self.conv1, self.conv2 = nn.Conv2d(before, after, 3, padding=1), nn.Conv2d(after, after, 3, padding=1)
        self.skip = nn.Conv2d(before, after, 1)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        y = self.conv1(upsample(F.relu(self.norm1(x, z))))
        y = self.conv2(F.relu(self.norm2(y, z)))
        return y + upsample(self.skip(x))


class DownBlock(nn.Module):
    """Two 3x3 convolutions, halved, added to the halved input; the first block sees the picture unchanged."""

    def __init__(self, before: int, after: int, *, first: bool) -> None:
        super().__init__()
        self.activate1 = None if first else nn.LeakyReLU(LEAK)
        self.conv1 = nn.Conv2d(before, after, 3, padding=1)
        self.activate2 = nn.LeakyReLU(LEAK)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1)
        self.skip = nn.Conv2d(before, after, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The result, and the maps after the activations."""
        activations = []
        y = x
        if self.activate1 is not None:
            y = self.activate1(y)
            activations.append(y)
        y = self.activate2(self.conv1(y))
        activations.append(y)
        return F.avg_pool2d(self.conv2(y), 2) + self.skip(F.avg_pool2d(x, 2)), activations


@register_noise_generator("sagan")
class SaganGenerator(NoiseGenerator):
    """float [N, z_dim] to [N, 3, size, size] in [-1, 1]."""

    def __init__(
        self,
        *,
        z_dim: int = 128,
        size: int = 64,
        channels: int = 32,  # at the full size; twice as many at each coarser level, up to eight times as many
        modulation: bool = True,  # the noise also sets scale and shift of the normalisations
        attention: bool = True,
        spectral_norm: bool = True,
    ) -> None:
        super().__init__()
        require_positive(z_dim=z_dim, channels=channels)
        self.z_dim, self.size = z_dim, size
        hidden = widths(size, channels=channels, widest=WIDEST * channels)
        noise = z_dim if modulation else None
        self.start = nn.Linear(z_dim, hidden[0] * FIRST_SIDE**2)
        self.blocks = nn.ModuleList(UpBlock(before, after, noise) for before, after in pairwise(hidden))
        self.attention = SelfAttention(hidden[-2]) if attention else nn.Identity()
        self.norm = ModulatedNorm(hidden[-1], None)
        self.to_rgb = nn.Conv2d(hidden[-1], 3, 3, padding=1)
        init_orthogonal(self)
        if spectral_norm:
            normalise_spectrally(self)

    def forward(self, z: Tensor) -> Tensor:
        x = self.start(z).unflatten(1, (-1, FIRST_SIDE, FIRST_SIDE))
        for number, block in enumerate(self.blocks, start=1):
            if number == len(self.blocks):  # at half of the full size
                x = self.attention(x)
            x = block(x, z)
        return torch.tanh(self.to_rgb(F.relu(self.norm(x, z))))


@register_discriminator("sagan")
class SaganDiscriminator(Discriminator):
    """float [N, in_channels, H, W] in [-1, 1] to logits [N, 1, h, w]: one for a picture of ``size``, the smallest."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        size: int = 64,
        channels: int = 32,  # after the first block, doubled by each further one, up to eight times as many
        attention: bool = True,
        spectral_norm: bool = True,
        minibatch: Minibatch = "none",
    ) -> None:
        super().__init__()
        require_positive(in_channels=in_channels, channels=channels)
        hidden = [in_channels, *(channels * min(2**level, WIDEST) for level in range(levels(size)))]
        self.blocks = nn.ModuleList(
            DownBlock(before, after, first=number == 0) for number, (before, after) in enumerate(pairwise(hidden))
        )
        self.attention = SelfAttention(hidden[1]) if attention else nn.Identity()
        self.activate = nn.LeakyReLU(LEAK)
        last = hidden[-1]
        self.compare = minibatch_layer(minibatch, last)
        if self.compare is not None:
            last += self.compare.added_channels
        self.logit = nn.Conv2d(last, 1, 1)
        init_orthogonal(self)
        if spectral_norm:
            normalise_spectrally(self)

    def forward(self, image: Tensor) -> DiscriminatorOutput:
        features: list[Tensor] = []
        x = image
        for number, block in enumerate(self.blocks):
            x, activations = block(x)
            features += activations
            if number == 0:
                x = self.attention(x)
        x = self.activate(x)
        features.append(x)
        if self.compare is not None:
            x = self.compare(x)
        total = F.avg_pool2d(x, FIRST_SIDE, stride=1, divisor_override=1)  # the sum over 4x4 positions
        return DiscriminatorOutput((self.logit(total),), tuple(features))
