"""Writing a drawn data set: by its seed and its settings every picture is the same anywhere."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from translate.data.demo.facades import draw_facade
from translate.data.demo.landscapes import draw_landscape
from translate.errors import UserError
from translate.storage.atomic import atomic_file

Demo = Literal["facades", "grade", "seasons"]
Picture = NDArray[np.uint8]

SHADOWS, LIGHTS = np.array([-14.0, 4.0, 26.0]), np.array([22.0, 6.0, -26.0])  # teal and orange, added to the channels
TRAINING: dict[Demo, tuple[str, ...]] = {  # the folders to train on
    "facades": ("train",),
    "grade": ("train",),
    "seasons": ("trainA", "trainB"),
}
TO_CONVERT: dict[Demo, str] = {"facades": "test", "grade": "test", "seasons": "testA"}


def write_demo(demo: Demo, out: Path, *, count: int = 200, size: int = 256, seed: int = 0) -> Iterator[Path]:
    """Draw and write ``count`` pictures of ``size`` pixels a side into each folder to train on; yields each file.

    - ``facades``: in ``train`` a map of labels and the house front that it describes, side by side in one picture.
    - ``grade``: in ``train`` a landscape, and the same one with the colours of a film, side by side.
    - ``seasons``: in ``trainA`` landscapes in summer, in ``trainB`` other ones in winter; no pairs.

    Beside these, ``test`` or ``testA`` holds a tenth as many inputs alone, of other houses and places.
    Raises ``UserError`` where ``out`` holds something already, ``PictureError`` where a file cannot be written.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out}: exists already; give a new or an empty folder")
    folders = [*((folder, count) for folder in TRAINING[demo]), (TO_CONVERT[demo], math.ceil(count / 10))]
    for part, (folder, pictures) in enumerate(folders):
        for number in range(pictures):
            path = out / folder / f"{number + 1:04d}.png"
            picture = _draw(demo, folder, np.random.default_rng([seed, number, part]), size)
            with atomic_file(path) as file:
                Image.fromarray(picture).save(file, "PNG")
            yield path


def grade(picture: Picture) -> Picture:
    """As a film shows it: more contrast, less saturated, blue-green shadows and orange lights; [H, W, 3] both."""
    values = picture / 255
    curved = values + 0.35 * (values * values * (3 - 2 * values) - values)  # towards an S
    light = curved @ np.array([0.2126, 0.7152, 0.0722])
    muted = light[..., None] + 0.75 * (curved - light[..., None])
    tinted = 255 * muted + (1 - light[..., None]) ** 2 * SHADOWS + light[..., None] ** 2 * LIGHTS
    return np.clip(tinted, 0, 255).round().astype(np.uint8)


def _draw(demo: Demo, folder: str, rng: np.random.Generator, size: int) -> Picture:
    """The picture of one folder: uint8 [size, size, 3], twice as wide where it is a pair."""
    if demo == "seasons":
        return draw_landscape(rng, size, "winter" if folder == "trainB" else "summer")
    if demo == "facades":
        target, given = draw_facade(rng, size)
    else:
        given = draw_landscape(rng, size, "summer" if rng.random() < 0.7 else "winter")
        target = grade(given)
    return given if folder == TO_CONVERT[demo] else np.hstack((given, target))
