"""Discriminators that judge patches: one logit for each, none for the whole picture.

Isola, Zhu, Zhou, Efros: Image-to-Image Translation with Conditional Adversarial Networks, CVPR 2017, appendix 6.1.2:
the 70x70 PatchGAN C64-C128-C256-C512 and the PixelGAN. Conditional discriminators read the input and the picture to
be judged side by side: the caller joins them and says ``in_channels=6``.

Departures: instance normalisation by default, as in CycleGAN (Zhu et al. 2017); spectral normalisation (Miyato et al.
2018) by option. Weights start from N(0, 0.02), which spectral normalisation rescales.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.utils import parametrizations

from models.blocks import Norm, init_normal, normalisation, require_positive
from models.registry import Discriminator, register_discriminator


def _layers(
    widths: Sequence[int],  # channels from the input to the logits
    strides: Sequence[int],  # one a convolution
    *,
    kernel: int,
    padding: int,
    norm: Norm,
    spectral_norm: bool,
) -> nn.Sequential:
    """Convolutions, normalised all but the first and the last, with leaky ReLUs between them."""
    last = len(strides) - 1
    layers: list[nn.Module] = []
    for index, stride in enumerate(strides):
        kind: Norm = "none" if index in (0, last) else norm
        layers += [
            nn.Conv2d(widths[index], widths[index + 1], kernel, stride, padding, bias=kind == "none"),
            normalisation(kind, widths[index + 1]),
            nn.LeakyReLU(0.2),
        ]
    network = nn.Sequential(*layers[:-1])
    init_normal(network)
    if spectral_norm:
        for module in network:
            if isinstance(module, nn.Conv2d):
                parametrizations.spectral_norm(module)
    return network


@register_discriminator("patchgan")
class PatchGan(Discriminator):
    """float [N, in_channels, H, W] to logits [N, 1, h, w]; 256x256 gives 30x30, 32x32 the least, 2x2."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        channels: int = 64,  # after the first convolution; up to eight times as many further down
        layers: int = 3,  # that halve height and width: 3 see 70x70 pixels, 1 sees 16x16, 5 see 286x286
        norm: Norm = "instance",
        spectral_norm: bool = False,
    ) -> None:
        super().__init__()
        require_positive(in_channels=in_channels, channels=channels, layers=layers)
        widths = [in_channels, *(channels * min(2**level, 8) for level in range(layers + 1)), 1]
        strides = [2] * layers + [1, 1]
        self.layers = _layers(widths, strides, kernel=4, padding=1, norm=norm, spectral_norm=spectral_norm)
        self.receptive_field = 1  # side in pixels of the patch a logit judges, but for the statistics of the norm
        for stride in reversed(strides):
            self.receptive_field = (self.receptive_field - 1) * stride + 4

    def forward(self, image: Tensor) -> Tensor:
        return self.layers(image)


@register_discriminator("pixel")
class Pixel(Discriminator):
    """PixelGAN: float [N, in_channels, H, W] to logits [N, 1, H, W], a logit for each pixel alone."""

    receptive_field = 1

    def __init__(
        self,
        *,
        in_channels: int = 3,
        channels: int = 64,
        norm: Norm = "instance",
        spectral_norm: bool = False,
    ) -> None:
        super().__init__()
        require_positive(in_channels=in_channels, channels=channels)
        widths = [in_channels, channels, 2 * channels, 1]
        self.layers = _layers(widths, [1, 1, 1], kernel=1, padding=0, norm=norm, spectral_norm=spectral_norm)

    def forward(self, image: Tensor) -> Tensor:
        return self.layers(image)
