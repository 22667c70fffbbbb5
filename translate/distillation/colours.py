"""Sheets of plain colours and gradients to learn from beside the photos, which seldom show them.

A network that never saw a white ground or a saturated red changes them arbitrarily.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from translate.distillation.drawn import Pixels, is_drawn, key_of, write_drawn

PHOTOS_PER_SHEET, MIN_SHEETS = 6, 6
LEVELS = np.array([0, 128, 255])  # of which the colours at the edges of the gamut consist
EDGE_SHARE = 0.6  # of the plain colours, that are such ones


def count_of_sheets(photos: int) -> int:
    """How many beside ``photos``; with one for 32, a style of cel shading was off by 39 of 255 in plain red."""
    return max(MIN_SHEETS, photos // PHOTOS_PER_SHEET)


def write_sheets(folder: Path, side: int, count: int) -> dict[str, Path]:
    """Write ``count`` sheets as PNG files of ``side`` x ``side`` pixels, and return them by name.

    Those that are there already stay. Raises ``PictureError`` where one cannot be written.
    """
    names = [f"plain-colours-and-gradients/{number:02d}" for number in range(count)]
    for number, name in enumerate(names):
        sheet = draw_sheet(number, side)
        key = key_of(sheet.tobytes())
        if not is_drawn(folder, name, key):
            write_drawn(folder, name, sheet, key)
    return {name: folder / f"{name}.png" for name in names}


def draw_sheet(number: int, side: int) -> Pixels:
    """Sheet ``number``, uint8 [side, side, 3]: plain fields, gradients and bands take turns."""
    kinds = (_fields, _gradients, _bands)
    return kinds[number % len(kinds)](np.random.default_rng(number), side)


def _fields(rng: np.random.Generator, side: int) -> Pixels:
    cells = int(rng.integers(3, 8))
    edges = LEVELS[rng.integers(0, 3, (cells, cells, 3))]
    anything = rng.integers(0, 256, (cells, cells, 3))
    colours = np.where(rng.random((cells, cells, 1)) < EDGE_SHARE, edges, anything)
    return cv2.resize(colours.astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST).astype(np.uint8)


def _gradients(rng: np.random.Generator, side: int) -> Pixels:
    """Between colours at the edges of the gamut, neighbours of which are one level apart, so that they are gentle."""
    nodes = int(rng.integers(2, 5))
    down, across = _walk(rng, nodes), _walk(rng, nodes)
    return _between(_colours(rng.integers(0, 4, 3) + down[:, None] + across[None]), side, side)


def _bands(rng: np.random.Generator, side: int) -> Pixels:
    """Bands, upright or level, each a gradient along itself, as in skies and on walls."""
    ends = np.linspace(0, side, int(rng.integers(4, 9))).astype(int)
    bands = []
    for height in np.diff(ends):
        along = _colours(rng.integers(0, 4, 3) + _walk(rng, int(rng.integers(2, 5))))
        bands.append(_between(along[None], int(height), side))
    sheet = np.concatenate(bands)
    return np.ascontiguousarray(sheet.swapaxes(0, 1)) if rng.random() < 0.5 else sheet


def _walk(rng: np.random.Generator, nodes: int) -> NDArray[np.int64]:
    """Steps of at most one level in each channel: [nodes, 3]."""
    return np.cumsum(rng.integers(-1, 2, (nodes, 3)), axis=0)


def _colours(steps: NDArray[np.int64]) -> NDArray[np.float32]:
    """The colour after so many steps up the levels, down again, and so on."""
    return LEVELS[np.abs(steps % 4 - 2)].astype(np.float32)


def _between(colours: NDArray[np.float32], height: int, width: int) -> Pixels:
    """The ``colours`` [rows, columns, 3] spread over a picture, with linear gradients between them."""
    rows, columns = (
        np.linspace(0, count - 1, size, dtype=np.float32)
        for count, size in zip(colours.shape[:2], (height, width), strict=True)
    )
    return (cv2.remap(colours, *np.meshgrid(columns, rows), cv2.INTER_LINEAR) + 0.5).astype(np.uint8)
