"""CycleGAN's generator: two downsamplings, residual blocks at a quarter of the size, two upsamplings.

Zhu, Park, Isola, Efros: Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks, ICCV 2017,
appendix 7.2: c7s1-64, d128, d256, R256 six or nine times, u128, u64, c7s1-3, after Johnson et al. 2016.

Departures: upsampling resizes and convolves by default, as the transposed convolution of the paper leaves
checkerboards (Odena et al. 2016); every convolution but the transposed one pads by reflection, the strided ones too;
the normalisation has a scale and a shift. By option: self-attention (Zhang et al. 2019) after the middle residual
block, and spectral normalisation of all weights, which that paper applies to the generator too; a condition's vector
modulates the maps after each residual block and each upsampling (`models.modulation`).
"""

from __future__ import annotations

from torch import Tensor, nn

from models.blocks import (
    Norm,
    SelfAttention,
    Upsampling,
    conv_norm,
    normalisation,
    normalise_spectrally,
    require_positive,
    tapped,
    upsample_conv,
)
from models.init import init_normal
from models.modulation import Modulation
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


def _upsampling_block(in_channels: int, out_channels: int, kind: Upsampling, kernel: int, norm: Norm) -> nn.Sequential:
    return nn.Sequential(
        upsample_conv(kind, in_channels, out_channels, kernel=kernel, padding="reflect", bias=norm == "none"),
        normalisation(norm, out_channels),
        nn.ReLU(),
    )


FIRST_BLOCK = 6  # index of the first residual block among the layers of `residual_network`
LAST = -2  # index of the last convolution among them


def residual_network(
    in_channels: int,
    *,
    blocks: int,
    channels: int,
    kernel: int,  # of the convolutions that halve or double the size: 3 or 4
    norm: Norm,
    first_norm: Norm,  # of the first convolution
    upsampling: Upsampling,
    attention: bool,  # after the middle block
    spectral_norm: bool,
) -> nn.Sequential:
    """Layers from [N, in_channels, H, W] to pictures [N, 3, H, W] in [-1, 1]. Weights start from N(0, 0.02)."""
    require_positive(blocks=blocks, channels=channels)
    body: list[nn.Module] = [ResidualBlock(4 * channels, norm) for _ in range(blocks)]
    if attention:
        body.insert(blocks // 2 + 1, SelfAttention(4 * channels))
    layers = nn.Sequential(
        conv_norm(in_channels, channels, kernel=7, norm=first_norm),
        nn.ReLU(),
        conv_norm(channels, 2 * channels, kernel=kernel, stride=2, norm=norm),
        nn.ReLU(),
        conv_norm(2 * channels, 4 * channels, kernel=kernel, stride=2, norm=norm),
        nn.ReLU(),
        *body,
        _upsampling_block(4 * channels, 2 * channels, upsampling, kernel, norm),
        _upsampling_block(2 * channels, channels, upsampling, kernel, norm),
        conv_norm(channels, 3, kernel=7, norm="none"),
        nn.Tanh(),
    )
    init_normal(layers)
    if spectral_norm:
        normalise_spectrally(layers)
    return layers


@register_generator("resnet")
class ResNet(Generator):
    """float [N, 3 inputs, H, W] in [-1, 1] to [N, 3, H, W]; H and W multiples of 8. Weights start from N(0, 0.02).

    With ``vector`` above 0 it also takes float [N, vector].
    """

    stride = 8  # the network downsamples by 4, and reflection padding needs maps of at least 2x2

    def __init__(
        self,
        *,
        blocks: int = 9,  # the paper uses 6 at 128x128 and 9 at 256x256
        channels: int = 64,  # after the first convolution; four times as many in the residual blocks
        norm: Norm = "instance",
        upsampling: Upsampling = "resize",
        attention: bool = False,
        spectral_norm: bool = False,
        inputs: int = 1,
        vector: int = 0,
    ) -> None:
        super().__init__()
        require_positive(inputs=inputs)
        self.inputs, self.vector = inputs, vector
        self.middle_block = FIRST_BLOCK + blocks // 2
        self.layers = residual_network(
            3 * inputs,
            blocks=blocks,
            channels=channels,
            kernel=3,
            norm=norm,
            first_norm=norm,
            upsampling=upsampling,
            attention=attention,
            spectral_norm=spectral_norm,
        )

        if vector:
            body = [4 * channels] * (blocks + attention)
            self.modulations = nn.ModuleList(Modulation(width, vector) for width in (*body, 2 * channels, channels))
            init_normal(self.modulations)

    def forward(self, image: Tensor, vector: Tensor | None = None) -> Tensor:
        if vector is None:
            return self.layers(image)
        x = self.layers[:FIRST_BLOCK](image)
        for layer, modulate in zip(self.layers[FIRST_BLOCK:LAST], self.modulations, strict=True):
            x = modulate(layer(x), vector)
        return self.layers[LAST:](x)

    def encoder_features(self, image: Tensor) -> list[Tensor]:
        """The image, both strided convolutions, the first and the middle residual block (once if they are the same).

        Park et al. 2020 (CUT), appendix C.1, which takes the first and the fifth of nine blocks. Departure: the
        strided convolutions are taken after normalisation, there before it.
        """
        return [image, *tapped(self.layers, image, {2, 4, FIRST_BLOCK, self.middle_block})]
