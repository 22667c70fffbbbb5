"""Pictures for calibrating and measuring styles, and the values that a network takes on them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from translate.errors import UserError
from translate.media.images import load_rgb_within
from translate.style.conditions import Wanted
from translate.style.contract import INPUT, StyleInfo
from translate.style.session import condition_of, domain_input

if TYPE_CHECKING:
    from onnx import ModelProto

Pixels = NDArray[np.uint8]  # [H, W, 3]
Feed = Mapping[str, NDArray[Any]]  # a network's inputs by name

LONGEST_SIDE = 768  # pixels, to which photos are scaled down
MAX_PHOTOS = 40  # used per folder, for calibrating and measuring; more hardly change the scales
HELD_OUT_EVERY = 5  # every fifth photo is for measuring, the others are for calibrating


def split_photos(photos: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Photos to calibrate with and photos to measure on: up to `MAX_PHOTOS` in all, spread evenly over ``photos``.

    Raises ``UserError`` where there are too few.
    """
    if len(photos) < HELD_OUT_EVERY:
        raise UserError(
            f"<calibration>: {len(photos)} photos; give a folder of at least {HELD_OUT_EVERY}, better {MAX_PHOTOS}"
        )
    count = min(len(photos), MAX_PHOTOS)
    chosen = [photos[index * len(photos) // count] for index in range(count)]
    held_out = chosen[::HELD_OUT_EVERY]
    return [photo for photo in chosen if photo not in held_out], held_out


def synthetic_pictures() -> Iterator[Pixels]:
    """Uniform pictures of the 27 colours {0, 128, 255}^3, and gradients from each to the next one in each channel."""
    levels = (0, 128, 255)
    for colour in product(levels, repeat=3):
        yield np.full((64, 64, 3), colour, np.uint8)
        for channel in range(3):
            if colour[channel] < 255:
                row = np.full((256, 3), colour)
                row[:, channel] = np.linspace(colour[channel], levels[levels.index(colour[channel]) + 1], 256).round()
                yield np.tile(row.astype(np.uint8), (64, 1, 1))


def load_photo(path: Path) -> Pixels:
    """At most `LONGEST_SIDE` pixels on the longer side; raises ``PictureError`` where it cannot be read."""
    return load_rgb_within(path, LONGEST_SIDE)


def domain_of_photo(info: StyleInfo, number: int) -> list[str] | Wanted | None:
    """The domain for picture ``number``: each in turn; for attributes none, the first, the first two and so on.

    For a style with a condition, one of its examples.
    """
    condition = condition_of(info)
    if condition is not None:
        return Wanted("", condition.example(number))
    if not info.domains:
        return None
    if info.exclusive:
        return [info.domains[number % len(info.domains)]]
    return info.domains[: number % (len(info.domains) + 1)]


def feeds_of(pictures: Iterable[Pixels], info: StyleInfo) -> Iterator[Feed]:
    """The inputs of a style for one picture after another; domains take turns."""
    for number, picture in enumerate(pictures):
        yield {INPUT: picture[None], **domain_input(info, [domain_of_photo(info, number)])}


def observe(
    model: ModelProto, names: Collection[str], feeds: Iterable[Feed]
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Name and value of each of the tensors ``names`` of ``model``, for one of the ``feeds`` after another."""
    from onnx import shape_inference

    if not names:
        return
    chosen = sorted(names)
    observed = shape_inference.infer_shapes(model)  # a copy; the types differ between float32 and float16 styles
    values = {value.name: value for value in observed.graph.value_info}
    observed.graph.ClearField("output")
    observed.graph.output.extend(values[name] for name in chosen)
    session = onnxruntime.InferenceSession(observed.SerializeToString(), providers=["CPUExecutionProvider"])
    for feed in feeds:
        yield from zip(chosen, session.run(chosen, dict(feed)), strict=True)


def channel_peaks(model: ModelProto, names: Collection[str], feeds: Iterable[Feed]) -> dict[str, NDArray[np.float32]]:
    """The largest absolute value per channel, [C], of each of the tensors ``names``, [N, C, h, w], over ``feeds``."""
    peaks: dict[str, NDArray[np.float32]] = {}
    for name, values in observe(model, names, feeds):
        peak = np.abs(values).max((0, 2, 3))
        peaks[name] = np.maximum(peaks.get(name, peak), peak)
    return peaks
