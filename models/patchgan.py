"""Discriminators that judge patches: one logit for each, none for the whole picture.

Isola, Zhu, Zhou, Efros: Image-to-Image Translation with Conditional Adversarial Networks, CVPR 2017, appendix 6.1.2:
the 70x70 PatchGAN C64-C128-C256-C512 and the PixelGAN. Conditional discriminators read the input and the picture to
be judged side by side: the caller joins them and says ``in_channels=6``.

Departures: instance normalisation by default, as in CycleGAN (Zhu et al. 2017); spectral normalisation (Miyato et al.
2018) by option, and so are self-attention (Zhang et al. 2019) and the comparison of a batch's pictures (`minibatch`).
Weights start from N(0, 0.02), which both normalisations rescale; where there is neither, as in He et al. 2015, which
keeps the variance: after many layers of small weights the logits would hardly differ between pictures, nor learn to.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from models.blocks import Norm, SelfAttention, normalisation, normalise_spectrally, require_positive, tapped
from models.init import init_he, init_normal
from models.minibatch import Minibatch, minibatch_layer
from models.registry import Discriminator, DiscriminatorOutput, register_discriminator

LEAK = 0.2  # slope of the leaky ReLUs


def patch_layers(
    widths: Sequence[int],  # channels from the input to the last hidden map
    strides: Sequence[int],  # one per convolution, that of the logits included
    *,
    kernel: int,
    padding: int,
    last_padding: int | None = None,  # of the convolution of the logits; None: as the others
    norm: Norm,
    spectral_norm: bool,
    attention_after: int | None = None,  # index of a convolution
    minibatch: Minibatch = "none",
) -> nn.Sequential:
    """Convolutions with leaky ReLUs between them, all but the first and the last normalised."""
    layers: list[nn.Module] = []
    for index, stride in enumerate(strides[:-1]):
        kind: Norm = "none" if index == 0 else norm
        layers += [
            nn.Conv2d(widths[index], widths[index + 1], kernel, stride, padding, bias=kind == "none"),
            normalisation(kind, widths[index + 1]),
            nn.LeakyReLU(LEAK),
        ]
        if index == attention_after:
            layers.append(SelfAttention(widths[index + 1]))
    hidden = widths[-1]
    if (comparison := minibatch_layer(minibatch, hidden)) is not None:
        layers.append(comparison)
        hidden += comparison.added_channels
    layers.append(nn.Conv2d(hidden, 1, kernel, strides[-1], padding if last_padding is None else last_padding))
    network = nn.Sequential(*layers)
    if norm == "none" and not spectral_norm:
        init_he(network, slope=LEAK)
    else:
        init_normal(network)
    if spectral_norm:
        normalise_spectrally(network)
    return network


def judge_patches(layers: nn.Sequential, image: Tensor) -> DiscriminatorOutput:
    """The output of `patch_layers` for ``image``."""
    activations = [index for index, layer in enumerate(layers) if isinstance(layer, nn.LeakyReLU)]
    *features, logits = tapped(layers, image, [*activations, len(layers) - 1])
    return DiscriminatorOutput((logits,), tuple(features))


@register_discriminator("patchgan")
class PatchGan(Discriminator):
    """float [N, in_channels, H, W] in [-1, 1] to logits [N, 1, h, w]; 256x256 gives 30x30, 24x24 (the smallest) 1x1."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        channels: int = 64,  # after the first convolution; up to eight times as many further down
        layers: int = 3,  # that halve height and width: 3 see 70x70 pixels, 1 sees 16x16, 5 see 286x286
        norm: Norm = "instance",
        spectral_norm: bool = False,
        attention: bool = False,  # after the last halving; every logit then sees the whole picture
        minibatch: Minibatch = "none",  # layer that compares the pictures of the batch
    ) -> None:
        super().__init__()
        require_positive(in_channels=in_channels, channels=channels, layers=layers)
        widths = [in_channels, *(channels * min(2**level, 8) for level in range(layers + 1))]
        strides = [2] * layers + [1, 1]
        self.layers = patch_layers(
            widths,
            strides,
            kernel=4,
            padding=1,
            norm=norm,
            spectral_norm=spectral_norm,
            attention_after=layers - 1 if attention else None,
            minibatch=minibatch,
        )
        self.receptive_field = 1  # side in pixels of a logit's patch, leaving aside norm and attention
        for stride in reversed(strides):
            self.receptive_field = (self.receptive_field - 1) * stride + 4

    def forward(self, image: Tensor) -> DiscriminatorOutput:
        return judge_patches(self.layers, image)


@register_discriminator("pixel")
class Pixel(Discriminator):
    """PixelGAN: float [N, in_channels, H, W] in [-1, 1] to logits [N, 1, H, W], one per pixel."""

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
        widths = [in_channels, channels, 2 * channels]
        self.layers = patch_layers(widths, [1, 1, 1], kernel=1, padding=0, norm=norm, spectral_norm=spectral_norm)

    def forward(self, image: Tensor) -> DiscriminatorOutput:
        return judge_patches(self.layers, image)
