"""A picture that modulates normalised activations: spatially-adaptive normalisation (SPADE).

Park, Liu, Wang, Zhu: Semantic Image Synthesis with Spatially-Adaptive Normalization, CVPR 2019 (arXiv:1903.07291),
section 3. Read as a further input, a drawing of few lines is washed away by normalisation; here it says anew after each
one, place by place, how large activations are.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.modulation import Modulation

Inject = Literal["concatenation", "spade"]

HIDDEN = 64  # channels between the drawing and its scale and shift; the paper has 128
EPS = 1e-5


class Spade(nn.Module):
    """``gamma(m) (h - mean) / deviation + beta(m)`` for maps h [N, C, h, w] and the drawing m (equation 1).

    gamma and beta, [N, C, h, w] each, come from a convolution, a ReLU and another convolution (section 3.1). The
    drawing, [N, 3, factor h, factor w], is scaled down to the maps.

    Departures: mean and deviation are those of each channel of each picture, not of the batch (equations 2 and 3), so
    that a picture's result does not depend on others, and is the same in training and in evaluation; gamma is 1 and
    what is learnt, as in the authors' code; the drawing is averaged, not sampled, when it is scaled down, as thin lines
    would fall between the samples.
    """

    def __init__(self, channels: int, factor: int) -> None:
        super().__init__()
        self.factor = factor
        self.hidden = nn.Sequential(nn.Conv2d(3, HIDDEN, 3, padding=1), nn.ReLU())
        self.scale = nn.Conv2d(HIDDEN, channels, 3, padding=1)
        self.shift = nn.Conv2d(HIDDEN, channels, 3, padding=1)

    def forward(self, x: Tensor, drawing: Tensor) -> Tensor:
        # in float32 and as a group normalisation, for the reasons of `models.blocks.InstanceNorm`
        normalised = torch.group_norm(x.float(), x.shape[1], None, None, EPS)
        hidden = self.hidden(F.avg_pool2d(drawing, self.factor))
        return (normalised * (1 + self.scale(hidden).float()) + self.shift(hidden).float()).to(x.dtype)


class Guided(nn.ModuleList):
    """Layers in order; each `Spade` among them also takes the drawing, each `Modulation` the vector."""

    def forward(self, x: Tensor, drawing: Tensor, vector: Tensor | None = None) -> Tensor:
        for layer in self:
            if isinstance(layer, Spade):
                x = layer(x, drawing)
            elif isinstance(layer, Modulation):
                x = layer(x, vector)
            else:
                x = layer(x)
        return x
