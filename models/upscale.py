"""`upscale`: doubles a picture's sides by sub-pixel convolution, in the shape of ESPCN (Shi et al. 2016).

arXiv:1609.05158, section 3: all convolutions work at the input's resolution, and the last one makes a channel for each
of the four output pixels in place of an input pixel, which a periodic shuffle puts there (equation 4).
Departures, for speed and for drawn pictures: 3x3 kernels and 16 channels instead of 5x5 and 64; ReLU, which integer
arithmetic fuses, instead of tanh; the network adds to a bilinear enlargement, so that it starts close to that and flat
regions stay flat; small initial residuals, and a margin of replicated pixels, as in `mobile`.

There is no normalisation, so tiles equal the whole.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.blocks import require_positive
from models.init import init_he
from models.mobile import RESIDUAL_SCALE
from models.registry import Generator, register_generator


@register_generator("upscale")
class UpscaleGenerator(Generator):
    """Float [N, 3, H, W] in [-1, 1] -> [N, 3, 2H, 2W]; values may leave the range slightly.

    ``layers`` 3x3 convolutions with ReLU, ``channels`` wide, then the sub-pixel convolution. The defaults take
    2.2 GFLOP per megapixel of output; 16 channels suit the vector units of processors.
    """

    tile_safe = True
    scale = 2
    stride = 1

    def __init__(self, *, channels: int = 16, layers: int = 2) -> None:
        super().__init__()
        require_positive(channels=channels, layers=layers)
        self.head = nn.Conv2d(3, channels, 3, padding=1)
        self.body = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(layers - 1))
        self.out = nn.Conv2d(channels, 3 * self.scale**2, 3, padding=1)
        self.margin = layers + 1  # pixels that the convolutions see to each side; bilinear enlargement sees one
        self.receptive_field = 2 * self.margin + 1
        init_he(self)
        with torch.no_grad():
            self.out.weight.mul_(RESIDUAL_SCALE)

    @torch.no_grad()
    def amplify(self, factor: float) -> None:
        for parameter in self.out.parameters():
            parameter.mul_(factor)

    def forward(self, image: Tensor) -> Tensor:
        image = F.pad(image, (self.margin,) * 4, mode="replicate")  # keeps zero padding away from the picture
        features = F.relu(self.head(image))
        for layer in self.body:
            features = F.relu(layer(features))
        enlarged = F.interpolate(image, scale_factor=float(self.scale), mode="bilinear")
        result = enlarged + F.pixel_shuffle(self.out(features), self.scale)  # [N, 12, h, w] -> [N, 3, 2h, 2w]
        border = self.scale * self.margin
        return result[..., border:-border, border:-border]
