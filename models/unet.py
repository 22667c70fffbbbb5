"""pix2pix's generator: an encoder down to 1x1 and a decoder with skips from every layer of the encoder.

Isola, Zhu, Zhou, Efros: Image-to-Image Translation with Conditional Adversarial Networks, CVPR 2017, appendix 6.1.

Departures: instance normalisation by default, which is what the paper's batch normalisation does at its batch size of
1, and which is the same in training and in evaluation; dropout, the paper's only noise, is off after training, so that
a photo has one translation; smaller crops get fewer layers; upsampling resizes and convolves by default, as transposed
convolutions leave checkerboards (Odena et al. 2016). By option: self-attention (Zhang et al. 2019) at an eighth of the
size, 32x32 for 256x256, where that paper found it best; the last one of several pictures, a drawing, modulates the
decoder at every size from 2x2 to half of the picture's (SPADE, Park et al. 2019), and the encoder sees only the others;
a condition's vector modulates the decoder at the same sizes (`models.modulation`).
"""

from __future__ import annotations

from typing import Any, get_args

import torch
from torch import Tensor, nn

from models.blocks import Norm, SelfAttention, Upsampling, normalisation, require_positive, tapped, upsample_conv
from models.init import init_normal
from models.modulation import Modulation
from models.registry import Generator, register_generator
from models.spade import Guided, Inject, Spade

SIZES = (32, 64, 128, 256)  # the paper's is the last one; with less than 32, 5 layers, there is no bottleneck


def _down(in_channels: int, out_channels: int, norm: Norm) -> nn.Sequential:
    """Ck of the encoder: halves height and width."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 4, stride=2, padding=1, bias=norm == "none"),
        normalisation(norm, out_channels),
        nn.LeakyReLU(0.2),
    )


def _up(
    in_channels: int, out_channels: int, kind: Upsampling, norm: nn.Module, *, dropout: float, vector: int
) -> list[nn.Module]:
    """The layers of Ck, or with dropout CDk, of the decoder: doubles height and width."""
    return [
        # zeros: with reflection the 1x1 bottleneck would become 2x2 equal pixels, which normalisation would cancel
        upsample_conv(kind, in_channels, out_channels, kernel=4, padding="zeros", bias=isinstance(norm, nn.Identity)),
        norm,
        *([Modulation(out_channels, vector)] if vector else []),
        nn.Dropout(dropout),
        nn.ReLU(),
    ]


@register_generator("unet")
class UNet(Generator):
    """float [N, 3 inputs, H, W] in [-1, 1] to [N, 3, H, W]; H and W multiples of ``size``.

    With ``vector`` above 0 it also takes float [N, vector]. Weights start from N(0, 0.02).
    """

    def __init__(
        self,
        *,
        size: int = 256,  # a power of two from 32 to 256: side in pixels of the pictures that become 1x1
        channels: int = 64,  # after the first convolution; up to eight times as many further down
        norm: Norm = "instance",
        upsampling: Upsampling = "resize",
        dropout: float = 0.5,  # in the first three blocks of the decoder, in training only
        attention: bool = False,
        inputs: int = 1,
        inject: Inject = "concatenation",  # spade: the last of several inputs modulates the decoder
        vector: int = 0,
    ) -> None:
        super().__init__()
        if size not in SIZES:
            raise ValueError(f"size has to be one of {', '.join(map(str, SIZES))}, not {size}")
        require_positive(channels=channels, inputs=inputs)
        if inject not in get_args(Inject):
            raise ValueError(f"inject has to be one of {', '.join(get_args(Inject))}, not {inject}")
        if inject == "spade" and inputs < 2:
            raise ValueError("inject spade needs several inputs, the last of which is the drawing")
        self.stride, self.inputs, self.vector = size, inputs, vector
        self.encoded = inputs - 1 if inject == "spade" else inputs  # pictures that the encoder sees
        depth = size.bit_length() - 1  # 2 ** depth == size
        widths = [channels * min(2**level, 8) for level in range(depth)]
        self.encoder = nn.ModuleList(
            # the paper does not normalise the first layer; at 1x1 normalisation would leave nothing
            _down(before, after, "none" if level in (0, depth - 1) else norm)
            for level, (before, after) in enumerate(zip([3 * self.encoded, *widths], widths, strict=False))
        )
        if attention:
            self.encoder[2] = nn.Sequential(self.encoder[2], SelfAttention(widths[2]))
        self.decoder = nn.ModuleList()
        for level, probability in zip(range(depth - 1, 0, -1), [dropout] * 3 + [0.0] * (depth - 4), strict=True):
            # all blocks but the first read the block before and the skip of the same size, concatenated
            before, after = widths[level] * (1 if level == depth - 1 else 2), widths[level - 1]
            normalised = Spade(after, 2**level) if inject == "spade" else normalisation(norm, after)
            layers = _up(before, after, upsampling, normalised, dropout=probability, vector=vector)
            self.decoder.append(Guided(layers))
        self.out = nn.Sequential(upsample_conv(upsampling, 2 * channels, 3, kernel=4, padding="zeros"), nn.Tanh())
        init_normal(self)

    @classmethod
    def options_for_crop(cls, side: int) -> dict[str, Any]:
        """The depth follows the crop: the largest ``size`` that divides it, the paper's where that does."""
        size = next((size for size in reversed(SIZES) if side % size == 0), SIZES[0])
        return {} if size == SIZES[-1] else {"size": size}

    def forward(self, image: Tensor, vector: Tensor | None = None) -> Tensor:
        seen, drawing = image[:, : 3 * self.encoded], image[:, 3 * self.encoded :]  # the latter without channels, or 3
        *skips, x = tapped(self.encoder, seen, range(len(self.encoder)))  # the last is 1x1 for pictures of `size`
        for up in self.decoder:
            x = torch.cat((up(x, drawing, vector), skips.pop()), dim=1)
        return self.out(x)

    def encoder_features(self, image: Tensor) -> list[Tensor]:
        """The image and the first four layers of the encoder: five maps, down to a sixteenth of the size."""
        return [image, *tapped(self.encoder, image[:, : 3 * self.encoded], range(4))]
