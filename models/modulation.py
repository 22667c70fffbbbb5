"""Maps that a vector scales and shifts: how a network of pictures takes what `models.conditions` makes of a condition.

Perez, Strub, de Vries, Dumoulin, Courville: FiLM: Visual Reasoning with a General Conditioning Layer, AAAI 2018,
equation 2. After a normalisation it is conditional instance normalisation (Dumoulin et al. 2017, arXiv:1610.07629).
A vector joined to the picture as constant channels, like StarGAN's label, would shift the maps of the first convolution
alone, and the next normalisation removes what is constant over a picture.
"""

from __future__ import annotations

from torch import Tensor, nn


class Modulation(nn.Module):
    """``(1 + gamma(v)) x + beta(v)`` for maps x [N, C, h, w] and vectors v [N, width].

    gamma and beta, [N, C, 1, 1] each, are linear in the vector; as in SPADE, gamma is 1 and what is learnt.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.scale_and_shift = nn.Linear(width, 2 * channels)

    def forward(self, x: Tensor, vector: Tensor) -> Tensor:
        scale, shift = self.scale_and_shift(vector.to(x.dtype))[:, :, None, None].chunk(2, dim=1)
        return x * (1 + scale) + shift
