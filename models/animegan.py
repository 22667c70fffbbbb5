"""AnimeGANv2's generator: inverted residual blocks at a quarter of the size, normalised over the whole picture.

Chen, Liu, Chen: AnimeGAN: A Novel Lightweight GAN for Photo Animation, ISICA 2019; its second version (2020) replaces
instance normalisation with layer normalisation, to avoid the artefacts that the former leaves in flat regions.
Inverted residuals are MobileNetV2's (Sandler et al. 2018). 2.14 million parameters, 210 GFLOP at 512x512.

Departures: the strided convolutions pad by one pixel on every side; the original pads only right and bottom, which
shifts the picture by half a pixel.
"""

from __future__ import annotations

from torch import Tensor, nn

from models.blocks import conv_norm, tapped
from models.init import init_normal
from models.registry import Generator, register_generator


def _conv(in_channels: int, out_channels: int, *, kernel: int = 3, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution, layer normalisation, leaky ReLU."""
    return nn.Sequential(
        conv_norm(in_channels, out_channels, kernel=kernel, stride=stride, groups=groups, norm="layer"),
        nn.LeakyReLU(0.2),
    )


class InvertedResidual(nn.Module):
    """1x1 to twice the channels, 3x3 depthwise, 1x1 to ``out_channels``; added to the input if channels agree."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        wide = 2 * in_channels
        self.residual = nn.Sequential(
            _conv(in_channels, wide, kernel=1),
            _conv(wide, wide, groups=wide),
            conv_norm(wide, out_channels, kernel=1, norm="layer"),
        )
        self.has_skip = in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        return x + self.residual(x) if self.has_skip else self.residual(x)


@register_generator("animegan")
class AnimeGan(Generator):
    """float [N, 3, H, W] in [-1, 1] to the same; H and W multiples of 8. Weights start from N(0, 0.02)."""

    stride = 8  # the network downsamples by 4, and reflection padding needs maps of at least 2x2

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _conv(3, 32, kernel=7),
            _conv(32, 64, stride=2),
            _conv(64, 64),
            _conv(64, 128, stride=2),
            _conv(128, 128),
            _conv(128, 128),
            InvertedResidual(128, 256),
            InvertedResidual(256, 256),
            InvertedResidual(256, 256),
            InvertedResidual(256, 256),
            _conv(256, 128),
            nn.Upsample(scale_factor=2.0, mode="bilinear"),
            _conv(128, 128),
            _conv(128, 128),
            nn.Upsample(scale_factor=2.0, mode="bilinear"),
            _conv(128, 64),
            _conv(64, 64),
            _conv(64, 32, kernel=7),
            conv_norm(32, 3, kernel=1, norm="none"),
            nn.Tanh(),
        )
        init_normal(self)

    def forward(self, image: Tensor) -> Tensor:
        return self.layers(image)

    def encoder_features(self, image: Tensor) -> list[Tensor]:
        """The image, both strided convolutions, the first and third inverted residual: five maps, down to a quarter."""
        return [image, *tapped(self.layers, image, {1, 3, 6, 8})]
