"""CycleGAN's generator: two downsamplings, residual blocks at a quarter of the size, two upsamplings.

Zhu, Park, Isola, Efros: Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks, ICCV 2017,
appendix 7.2: c7s1-64, d128, d256, R256 six or nine times, u128, u64, c7s1-3, after Johnson et al. 2016.

Departures: upsampling resizes and convolves unless told otherwise, as the transposed convolution of the paper leaves
checkerboards (Odena et al. 2016); every convolution but the transposed one pads by reflection, the strided ones too;
the normalisation has a scale and a shift.
"""

from __future__ import annotations

from torch import Tensor, nn

from models.blocks import Norm, Upsampling, conv_norm, init_normal, normalisation, require_positive, upsample_conv
from models.registry import Generator, register_generator


class ResidualBlock(nn.Module):
    """x + two 3x3 convolutions of x, no activation after the sum."""

    def __init__(self, channels: int, norm: Norm) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            conv_norm(channels, channels, kernel=3, norm=norm),
            nn.ReLU(),
            conv_norm(channels, channels, kernel=3, norm=norm),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.residual(x)


def _upsampling_block(in_channels: int, out_channels: int, kind: Upsampling, norm: Norm) -> nn.Sequential:
    return nn.Sequential(
        upsample_conv(kind, in_channels, out_channels, kernel=3, padding="reflect", bias=norm == "none"),
        normalisation(norm, out_channels),
        nn.ReLU(),
    )


@register_generator("resnet")
class ResNet(Generator):
    """float [N, 3, H, W] in [-1, 1] to the same; H and W multiples of 8. Weights start from N(0, 0.02)."""

    stride = 8  # the network divides by 4, and a residual block reflects a border only where it finds 2x2 or more

    def __init__(
        self,
        *,
        blocks: int = 9,  # the paper takes 6 at 128x128 and 9 at 256x256
        channels: int = 64,  # after the first convolution; four times as many in the residual blocks
        norm: Norm = "instance",
        upsampling: Upsampling = "resize",
    ) -> None:
        super().__init__()
        require_positive(blocks=blocks, channels=channels)
        self.layers = nn.Sequential(
            conv_norm(3, channels, kernel=7, norm=norm),
            nn.ReLU(),
            conv_norm(channels, 2 * channels, kernel=3, stride=2, norm=norm),
            nn.ReLU(),
            conv_norm(2 * channels, 4 * channels, kernel=3, stride=2, norm=norm),
            nn.ReLU(),
            *(ResidualBlock(4 * channels, norm) for _ in range(blocks)),
            _upsampling_block(4 * channels, 2 * channels, upsampling, norm),
            _upsampling_block(2 * channels, channels, upsampling, norm),
            conv_norm(channels, 3, kernel=7, norm="none"),
            nn.Tanh(),
        )
        init_normal(self)

    def forward(self, image: Tensor) -> Tensor:
        return self.layers(image)
