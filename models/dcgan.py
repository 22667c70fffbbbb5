"""DCGAN: transposed convolutions from noise to a picture, and the discriminator that mirrors them.

Radford, Metz, Chintala: Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks,
ICLR 2016, section 3, whose guidelines both keep: strided convolutions in place of pooling; batch normalisation, but
not of the generator's output or the discriminator's input; no fully connected hidden layers; ReLU in the generator with
tanh at its end, leaky ReLU of slope 0.2 in the discriminator. Weights start from N(0, 0.02).

Departures: a quarter of the paper's channels by default; pictures of any power of two from 8 pixels, with a convolution
more or less; the discriminator's last convolution covers 4x4 positions, so a larger picture gets a logit for each part.
With ``norm="none"`` the samples of a batch are independent, as gradient penalties require (Gulrajani et al. 2017,
section 4).
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from models.blocks import Norm, normalisation, require_positive
from models.init import init_he, init_normal
from models.minibatch import Minibatch
from models.patchgan import judge_patches, patch_layers
from models.registry import (
    Discriminator,
    DiscriminatorOutput,
    NoiseGenerator,
    register_discriminator,
    register_noise_generator,
)
from models.squares import FIRST_SIDE, levels


@register_noise_generator("dcgan")
class DcganGenerator(NoiseGenerator):
    """float [N, z_dim] to [N, 3, size, size] in [-1, 1]; doubles the size by transposed convolutions from 4x4."""

    def __init__(
        self,
        *,
        z_dim: int = 100,
        size: int = 64,
        channels: int = 32,  # before the last convolution, twice as many before the one before it; the paper: 128
        norm: Norm = "batch",
    ) -> None:
        super().__init__()
        require_positive(z_dim=z_dim, channels=channels)
        self.z_dim, self.size = z_dim, size
        hidden = [channels * 2**level for level in reversed(range(levels(size)))]
        layers: list[nn.Module] = [
            nn.ConvTranspose2d(z_dim, hidden[0], FIRST_SIDE, bias=norm == "none"),  # [N, z, 1, 1] -> [N, C, 4, 4]
            normalisation(norm, hidden[0]),
            nn.ReLU(),
        ]
        for before, after in pairwise(hidden):
            layers += [
                nn.ConvTranspose2d(before, after, 4, stride=2, padding=1, bias=norm == "none"),
                normalisation(norm, after),
                nn.ReLU(),
            ]
        layers += [nn.ConvTranspose2d(hidden[-1], 3, 4, stride=2, padding=1), nn.Tanh()]
        self.layers = nn.Sequential(*layers)
        if norm == "none":
            init_he(self)
        else:
            init_normal(self)

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(z[:, :, None, None])


@register_discriminator("dcgan")
class DcganDiscriminator(Discriminator):
    """float [N, in_channels, H, W] in [-1, 1] to logits [N, 1, h, w]: one for a picture of ``size``, the smallest."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        size: int = 64,
        channels: int = 32,  # after the first convolution, doubled by each of the others
        norm: Norm = "batch",
        spectral_norm: bool = False,
        minibatch: Minibatch = "none",
    ) -> None:
        super().__init__()
        require_positive(in_channels=in_channels, channels=channels)
        halvings = levels(size)
        self.layers = patch_layers(
            [in_channels, *(channels * 2**level for level in range(halvings))],
            [2] * halvings + [1],
            kernel=4,
            padding=1,
            last_padding=0,
            norm=norm,
            spectral_norm=spectral_norm,
            minibatch=minibatch,
        )

    def forward(self, image: Tensor) -> DiscriminatorOutput:
        return judge_patches(self.layers, image)
