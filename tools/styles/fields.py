"""Synthetic colour fields and ramps at the edges of the RGB gamut, for training the styles and for testing them.

Such colours are rare in photos, and a network that has never seen them changes them arbitrarily.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]

LEVELS = (0, 128, 255)
LATTICE: list[Colour] = list(product(LEVELS, LEVELS, LEVELS))
# pairs of lattice colours that are one level apart in a single channel
NEIGHBOURS: list[tuple[Colour, Colour]] = [
    (start, end)
    for start in LATTICE
    for end in LATTICE
    if sum(LEVELS.index(b) - LEVELS.index(a) for a, b in zip(start, end, strict=True)) == 1
    and sum(a != b for a, b in zip(start, end, strict=True)) == 1
]


def plain(colour: Colour) -> Picture:
    """A uniform field, uint8 [96, 96, 3]."""
    return np.full((96, 96, 3), colour, np.uint8)


def ramp(start: Colour, end: Colour) -> Picture:
    """A linear gradient, uint8 [64, 512, 3], from ``start`` on the left to ``end`` on the right."""
    share = np.linspace(0, 1, 512)[None, :, None]
    row = np.array(start) * (1 - share) + np.array(end) * share
    return np.repeat(row.round().astype(np.uint8), 64, axis=0)


def lattice_pictures() -> Iterator[Picture]:
    """The 27 uniform fields and the 54 ramps between neighbours."""
    yield from (plain(colour) for colour in LATTICE)
    yield from (ramp(start, end) for start, end in NEIGHBOURS)


def random_field(rng: np.random.Generator, size: int) -> Picture:
    """A uniform field or a mosaic of fields, uint8 [size, size, 3], or a ramp of up to nine colours, twice as large.

    In small ramps the filter, which looks at the whole picture, produces steps that cannot be predicted locally.
    """
    kind = rng.choice(["plain", "mosaic", "ramp"], p=[0.25, 0.35, 0.4])
    if kind == "plain":
        return np.full((size, size, 3), LATTICE[rng.integers(27)], np.uint8)
    if kind == "mosaic":
        cells = int(rng.integers(2, 7))
        corners = np.array(LATTICE)[rng.integers(27, size=(cells, cells))]
        anything = rng.integers(0, 256, (cells, cells, 3))
        colours = np.where(rng.random((cells, cells, 1)) < 0.6, corners, anything).astype(np.uint8)
        return cv2.resize(colours, (size, size), interpolation=cv2.INTER_NEAREST).astype(np.uint8)
    # lattice colours at most two levels apart in each channel, so that the ramp is gentle
    start = rng.integers(0, 3, 3)
    steps = rng.integers(-1, 2, (rng.integers(1, 4), rng.integers(1, 4), 3))
    nodes = np.array(LEVELS, np.float32)[np.clip(start + steps, 0, 2)]
    rows, columns = (np.linspace(0, count - 1, 2 * size, dtype=np.float32) for count in nodes.shape[:2])
    return (cv2.remap(nodes, *np.meshgrid(columns, rows), cv2.INTER_LINEAR) + 0.5).astype(np.uint8)
