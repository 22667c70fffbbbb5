"""Matching windows of pairs in which B is larger than A, for generators that enlarge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from translate.data.augment import Sample


@dataclass(frozen=True)
class MatchingWindows:
    """Cuts windows that show the same out of pairs whose B is ``scale`` times as high and wide as A.

    A window starts at a pixel of A. Each pixel of A's window is then repeated ``scale`` times along both axes: later
    augmentation sees two pictures of the same size, and every ``scale``-th pixel of its result is A again, mirrored or
    turned like B.
    """

    scale: int
    side: int  # of B's window in pixels, a multiple of ``scale``
    centred: bool = False  # False: anywhere

    def __call__(self, sample: Sample, *, seed: int) -> Sample:
        """{"A": uint8 [H, W, 3], "B": [scale H, scale W, 3]} -> both [side, side, 3]; mirrored where smaller."""
        scale, side = self.scale, self.side // self.scale
        a, b = _padded(sample["A"], side), _padded(sample["B"], self.side)
        places = np.array(a.shape[:2]) - side + 1
        top, left = places // 2 if self.centred else np.random.default_rng(seed).integers(places)
        small = a[top : top + side, left : left + side]
        large = b[scale * top : scale * (top + side), scale * left : scale * (left + side)]
        return {"A": small.repeat(scale, axis=0).repeat(scale, axis=1), "B": large}


def _padded(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """At least ``side`` pixels high and wide, by reflection that repeats the border: the same at any scale."""
    height, width, _ = pixels.shape
    return np.pad(pixels, ((0, max(0, side - height)), (0, max(0, side - width)), (0, 0)), mode="symmetric")
