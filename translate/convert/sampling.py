"""Pictures made by a sampler -> files: single pictures, a grid, a strip, an animation or a video."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from translate.errors import UserError
from translate.media.formats import CONTAINERS, format_of_suffix
from translate.media.images import Picture, encode_picture
from translate.media.video.write import write_video
from translate.storage.atomic import atomic_file, write_atomically
from translate.style.latents import LARGEST_SEED
from translate.style.sampler import Pictures

Kind = Literal["folder", "still", "moving"]

GAP = 2  # pixels between the pictures of a grid
PAPER = 255
MAX_PICTURES = 100_000
RATE = 24  # frames per second
GIF_MILLISECONDS = 40  # per frame


def kind_of(output: Path) -> Kind:
    """What is to be written to ``output``, by its suffix. Raises ``UserError`` for one that cannot be written."""
    suffix = output.suffix.lower()
    if output.is_dir() or not suffix:
        return "folder"
    if suffix == ".gif" or suffix in CONTAINERS:
        return "moving"
    if format_of_suffix(suffix) is None:
        raise UserError(f"<output> {output}: give a folder, or a name that ends in .png, .jpg, .gif or .mp4")
    return "still"


def seeds_from(seed: int, count: int) -> list[int]:
    """``count`` seeds from ``seed`` on. Raises ``UserError`` where either is out of range."""
    if not 1 <= count <= MAX_PICTURES:
        raise UserError(f"<count> {count}: has to be from 1 to {MAX_PICTURES}")
    if not 0 <= seed <= LARGEST_SEED - count + 1:
        raise UserError(f"<seed> {seed}: has to be from 0 to {LARGEST_SEED - count + 1} for {count} pictures")
    return list(range(seed, seed + count))


def refuse_existing(paths: Sequence[Path], *, overwrite: bool) -> None:
    """Raise ``UserError`` for the first of ``paths`` that exists, unless it may be overwritten."""
    existing = next((path for path in paths if path.exists()), None)
    if existing is not None and not overwrite:
        raise UserError(f"{existing}: exists already; give another <output>, or <overwrite>")


def paths_in(folder: Path, names: Sequence[str]) -> list[Path]:
    """The file of each of ``names`` in ``folder``."""
    return [folder / f"{name}.png" for name in names]


def write_pictures(paths: Sequence[Path], pictures: Pictures) -> None:
    """Write each of ``pictures``, uint8 [N, H, W, 3], as a PNG of its own."""
    for path, picture in zip(paths, pictures, strict=True):
        write_still(path, picture)


def write_still(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write ``picture``, uint8 [H, W, 3], in the format of the suffix."""
    format = format_of_suffix(path.suffix)
    assert format is not None  # `kind_of` has checked it
    write_atomically(path, encode_picture(Picture(picture), format))


def write_moving(path: Path, frames: Iterable[NDArray[np.uint8]], *, rate: Fraction | int = RATE) -> None:
    """Write ``frames``, uint8 [H, W, 3] each, as a GIF that is played in a loop, or as a video at ``rate`` per second.

    A GIF always has 25 frames per second.
    """
    if path.suffix.lower() == ".gif":
        _write_gif(path, frames)
    else:
        write_video(path, frames, rate=rate)


def _write_gif(path: Path, frames: Iterable[NDArray[np.uint8]]) -> None:
    first, *others = [Image.fromarray(frame).quantize(255, dither=Image.Dither.NONE) for frame in frames]
    with atomic_file(path) as file:
        first.save(file, "GIF", save_all=True, append_images=others, duration=GIF_MILLISECONDS, loop=0)


def grid(pictures: Pictures, *, columns: int | None = None) -> NDArray[np.uint8]:
    """``pictures``, uint8 [N, H, W, 3], row by row on white, by default about as many rows as columns: [H', W', 3]."""
    count, height, width, _ = pictures.shape
    columns = min(count, columns or math.ceil(math.sqrt(count)))
    rows = -(-count // columns)
    sheet = np.full((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 3), PAPER, np.uint8)
    for number, picture in enumerate(pictures):
        top, left = (number // columns) * (height + GAP), (number % columns) * (width + GAP)
        sheet[top : top + height, left : left + width] = picture
    return sheet
