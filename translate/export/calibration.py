"""Photos and fields that styles are calibrated and measured with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from translate.errors import UserError
from translate.media.images import load_rgb_within
from translate.style.contract import DOMAIN, INPUT, StyleInfo

Pixels = NDArray[np.uint8]  # [H, W, 3]

LONGEST_SIDE = 768  # pixels, to which photos are scaled down
MOST_PHOTOS = 40  # of a folder, to calibrate and to measure; more change the scales little
HELD_OUT = 5  # every fifth of them is measured, the others calibrate


def split_photos(photos: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Photos to calibrate with and photos to measure on, `MOST_PHOTOS` together, evenly out of ``photos``.

    Raises ``UserError`` where they are too few.
    """
    if len(photos) < HELD_OUT:
        raise UserError(f"<calibration>: {len(photos)} photos; give a folder of at least {HELD_OUT}, better of 40")
    count = min(len(photos), MOST_PHOTOS)
    chosen = [photos[index * len(photos) // count] for index in range(count)]
    held_out = chosen[::HELD_OUT]
    return [photo for photo in chosen if photo not in held_out], held_out


def fields() -> Iterator[Pixels]:
    """Plain fields of the 27 colours of {0, 128, 255}^3, and smooth ramps from each to the next along each channel."""
    levels = (0, 128, 255)
    for colour in product(levels, repeat=3):
        yield np.full((64, 64, 3), colour, np.uint8)
        for channel in range(3):
            if colour[channel] < 255:
                row = np.full((256, 3), colour)
                row[:, channel] = np.linspace(colour[channel], levels[levels.index(colour[channel]) + 1], 256).round()
                yield np.tile(row.astype(np.uint8), (64, 1, 1))


def load_photo(path: Path) -> Pixels:
    return load_rgb_within(path, LONGEST_SIDE)


def domain_of_photo(info: StyleInfo, number: int) -> list[str] | None:
    """The domain of picture ``number``: each in turn; of attributes none, the first, the first two and so on."""
    if not info.domains:
        return None
    if info.exclusive:
        return [info.domains[number % len(info.domains)]]
    return info.domains[: number % (len(info.domains) + 1)]


def session_inputs(info: StyleInfo, number: int, picture: Pixels) -> dict[str, NDArray[Any]]:
    inputs: dict[str, NDArray[Any]] = {INPUT: picture[None]}
    if info.domains:
        positions = info.positions(domain_of_photo(info, number))
        attributes = np.isin(np.arange(len(info.domains)), positions)[None].astype(np.float32)
        inputs[DOMAIN] = np.array(positions, np.int64) if info.exclusive else attributes
    return inputs
