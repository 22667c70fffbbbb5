"""Writing a drawn data set: by its seed and its settings every picture is the same anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from translate.data.demo.facades import draw_facade
from translate.data.demo.landscapes import Season, draw_landscape
from translate.errors import UserError
from translate.storage.atomic import atomic_file

Demo = Literal["facades", "grade", "seasons"]
Picture = NDArray[np.uint8]

SHADOWS, LIGHTS = np.array([-14.0, 4.0, 26.0]), np.array([22.0, 6.0, -26.0])  # teal and orange, added to the channels
SEASONS: dict[str, Season] = {"trainA": "summer", "trainB": "winter"}


def write_demo(demo: Demo, out: Path, *, count: int = 200, size: int = 256, seed: int = 0) -> Iterator[Path]:
    """Draw and write ``count`` pictures of ``size`` pixels a side, or ``count`` of each kind; yields each file.

    - ``facades``: a map of labels and the house front that it describes, side by side in one picture.
    - ``grade``: a landscape, and the same one with the colours of a film, side by side.
    - ``seasons``: summer landscapes in ``trainA``, other ones in winter in ``trainB``; no pairs.

    Raises ``UserError`` where ``out`` holds something already, ``PictureError`` where a file cannot be written.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out}: exists already; give a new or an empty folder")
    for name, draw in _pictures(demo, count, size, seed):
        with atomic_file(out / name) as file:
            Image.fromarray(draw()).save(file, "PNG")
        yield out / name


def grade(picture: Picture) -> Picture:
    """As a film shows it: more contrast, less saturated, blue-green shadows and orange lights; [H, W, 3] both."""
    values = picture / 255
    curved = values + 0.35 * (values * values * (3 - 2 * values) - values)  # towards an S
    light = curved @ np.array([0.2126, 0.7152, 0.0722])
    muted = light[..., None] + 0.75 * (curved - light[..., None])
    tinted = 255 * muted + (1 - light[..., None]) ** 2 * SHADOWS + light[..., None] ** 2 * LIGHTS
    return np.clip(tinted, 0, 255).round().astype(np.uint8)


def _pictures(demo: Demo, count: int, size: int, seed: int) -> Iterator[tuple[str, Callable[[], Picture]]]:
    """The name of each file below the folder, and what draws it."""
    for number in range(count):
        name = f"{number + 1:04d}.png"
        if demo == "facades":
            yield name, lambda number=number: _facade(_generator(seed, number), size)
        elif demo == "grade":
            yield name, lambda number=number: _graded(_generator(seed, number), size)
        else:
            for part, (folder, season) in enumerate(SEASONS.items()):
                place = part * count + number  # no place is in both folders
                yield (
                    f"{folder}/{name}",
                    lambda place=place, season=season: draw_landscape(_generator(seed, place), size, season),
                )


def _generator(seed: int, number: int) -> np.random.Generator:
    return np.random.default_rng([seed, number])


def _facade(rng: np.random.Generator, size: int) -> Picture:
    front, labels = draw_facade(rng, size)
    return np.hstack((labels, front))


def _graded(rng: np.random.Generator, size: int) -> Picture:
    picture = draw_landscape(rng, size, "summer" if rng.random() < 0.7 else "winter")
    return np.hstack((picture, grade(picture)))
