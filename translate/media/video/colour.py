"""How a video encodes colour; that of high dynamic range is brought to the standard range, which styles know."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Code points of ITU-T H.273, which FFmpeg uses too
BT709, BT601, BT2020 = 1, 5, 9
PQ, HLG = 16, 18  # transfer functions of high dynamic range, ITU-R BT.2100
FULL_RANGE = 2
UNSPECIFIED = 2
_KNOWN_MATRICES = (BT709, 4, BT601, 6, 7, BT2020)  # 4: FCC, 6: SMPTE 170M, 7: SMPTE 240M

WHITE = 203.0  # cd/m2 of a white sheet in high dynamic range, ITU-R BT.2408
HLG_PEAK, HLG_GAMMA = 1000.0, 1.2  # cd/m2, and the system gamma, of the display that BT.2100 assumes
KNEE = 0.5  # linear light, 1: `WHITE`, above which highlights are compressed
DISPLAY_GAMMA = 2.4  # of the standard range, ITU-R BT.1886
P3 = 12  # Display P3
_TO_BT709 = {  # matrices of linear light, of BT.2020 as in ITU-R BT.2087
    BT2020: ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187)),
    P3: ((1.2249, -0.2249, 0.0), (-0.0420, 1.0420, 0.0), (-0.0197, -0.0786, 1.0983)),
}


@dataclass(frozen=True, kw_only=True)
class Colour:
    """How the samples of a video encode colour, in the code points of ITU-T H.273."""

    matrix: int
    primaries: int
    transfer: int
    range: int  # FFmpeg's: 1 limited, 2 full, 0 not stated

    @property
    def is_high_range(self) -> bool:
        """Whether it is that of high dynamic range, which `to_standard_range` converts."""
        return self.transfer in (PQ, HLG)

    @property
    def of_result(self) -> Colour:
        """That of the frames which a style gets and gives."""
        if not self.is_high_range:
            return self
        return Colour(matrix=BT709, primaries=BT709, transfer=BT709, range=self.range)

    def conversion_matrix(self, width: int, height: int) -> int:
        """The matrix between RGB and YUV; if none is stated, the one players assume for this size."""
        if self.matrix in _KNOWN_MATRICES:
            return BT601 if self.matrix == 6 else self.matrix  # same coefficients; FFmpeg's scaler knows one name
        return BT709 if width >= 1280 or height > 576 else BT601


def kept_matrix(matrix: int, width: int, height: int) -> int:
    """The matrix to state in the result: the source's, unless it is that of RGB frames or unknown to the scaler."""
    if matrix == UNSPECIFIED or matrix in _KNOWN_MATRICES:
        return matrix
    return Colour(matrix=matrix, primaries=0, transfer=0, range=0).conversion_matrix(width, height)


def to_standard_range(codes: NDArray[np.uint16], colour: Colour) -> NDArray[np.uint8]:
    """Values of high dynamic range, [H, W, 3] of 16 bits -> what a display of the standard range shows, of 8 bits."""
    light = shown_light(light_of(colour.transfer)[codes], colour)
    levels: NDArray[Any] = 255 * light.clip(0, 1) ** np.float32(1 / DISPLAY_GAMMA)
    return levels.round().astype(np.uint8)


def shown_light(light: NDArray[np.float32], colour: Colour) -> NDArray[np.float32]:
    """``light``, [H, W, 3], of the primaries of ``colour``, as a display of BT.709's shows it, where 1 is white.

    Of high dynamic range, in the units of `light_of`, light up to half of `WHITE` is kept; above, the brightest channel
    approaches the display's white exponentially, and the others keep their proportion to it. Departure from the tone
    mapping of BT.2390: nothing depends on the display on which the film was mastered, so that a frame never depends on
    others.
    """
    if colour.transfer == HLG:
        luminance = light @ np.array((0.2627, 0.6780, 0.0593), np.float32)
        light = light * (HLG_PEAK / WHITE) * (luminance ** np.float32(HLG_GAMMA - 1))[..., np.newaxis]
    if colour.primaries in _TO_BT709:
        light = light @ np.array(_TO_BT709[colour.primaries], np.float32).T
    if not colour.is_high_range:
        return light
    brightest = light.max(axis=-1, keepdims=True)
    above = np.maximum(brightest - KNEE, 0)
    shown = np.where(above > 0, KNEE + (1 - KNEE) * (1 - np.exp(-above / (1 - KNEE))), brightest)
    toned: NDArray[np.float32] = light * (shown / np.maximum(brightest, np.float32(1e-6)))
    return toned


@cache
def light_of(transfer: int) -> NDArray[np.float32]:
    """By 16-bit code: light in multiples of `WHITE` for PQ (SMPTE ST 2084), of the scene's in [0, 1] for HLG."""
    signal = np.linspace(0, 1, 65536)
    if transfer == PQ:
        root = signal ** (1 / 78.84375)
        nits = 10000 * (np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125)
        return (nits / WHITE).astype(np.float32)
    dark, bright = signal**2 / 3, (np.exp((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12
    return np.where(signal <= 0.5, dark, bright).astype(np.float32)
