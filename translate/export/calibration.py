"""Photos and fields that styles are calibrated and measured with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from translate.errors import UserError
from translate.media.images import load_rgb_within
from translate.style.contract import INPUT, StyleInfo
from translate.style.session import domain_input

if TYPE_CHECKING:
    from onnx import ModelProto

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


def observe(
    model: ModelProto, names: Collection[str], pictures: Iterable[Pixels], info: StyleInfo
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """The values of the float tensors ``names`` of ``model``, [1, C, h, w] each, for one picture after the other.

    Domains take turns.
    """
    from onnx import ModelProto, TensorProto, helper

    observed = ModelProto()
    observed.CopyFrom(model)
    observed.graph.ClearField("output")
    chosen = sorted(names)
    observed.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in chosen)
    session = onnxruntime.InferenceSession(observed.SerializeToString(), providers=["CPUExecutionProvider"])
    for number, picture in enumerate(pictures):
        inputs = {INPUT: picture[None], **domain_input(info, [domain_of_photo(info, number)])}
        yield from zip(chosen, session.run(chosen, inputs), strict=True)


def channel_peaks(
    model: ModelProto, names: Collection[str], pictures: Iterable[Pixels], info: StyleInfo
) -> dict[str, NDArray[np.float32]]:
    """The largest absolute value in each channel of the float tensors ``names``, [C] each."""
    peaks: dict[str, NDArray[np.float32]] = {}
    for name, values in observe(model, names, pictures, info):
        highest = np.abs(values).max((0, 2, 3))
        peaks[name] = np.maximum(peaks.get(name, highest), highest)
    return peaks
