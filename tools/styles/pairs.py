"""Training pairs on disk, OUT/A the photos and OUT/B a teacher's pictures of them: shared by the *_pairs tools."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image
from rich.progress import track

from translate.storage.folders import find_images

Pixels = NDArray[np.uint8]  # RGB [H, W, 3]
Source = tuple[Path, str]  # a photo, and the name of its pairs without suffix
T = TypeVar("T")


def sources(photos: Sequence[Path], *, leave_out: Collection[str]) -> tuple[list[Source], Path]:
    """Split PHOTOS... OUT, a list of folders: the photos in all but the last, and the last.

    ``leave_out`` has file names without suffix. Raises ``typer.BadParameter`` where there is no folder of photos.
    """
    *folders, out = photos
    if not folders:
        raise typer.BadParameter("give at least one folder of photos and the output folder")
    found = [
        (path, f"{name_of(folder)}/{path.relative_to(folder).with_suffix('').as_posix()}")
        for folder in folders
        for path in find_images(folder, recursive=True)
        if path.stem not in leave_out
    ]
    return found, out


def name_of(folder: Path) -> str:
    """PARENT/NAME, which keeps folders of photos with the same name apart."""
    return f"{folder.parent.name}/{folder.name}"


def run_in_processes(
    job: Callable[[T], object], items: Iterable[T], *, total: int, workers: int, description: str
) -> None:
    """Call ``job`` on each of ``items`` in ``workers`` processes, with a progress bar."""
    # spawn: OpenCV's threads do not survive a fork
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for _ in track(pool.map(job, items), total=total, description=description):
            pass


def save_pair(photo: Pixels, picture: Pixels, out: Path, name: str, tile: int) -> None:
    """Write a photo and the teacher's picture of it, whole (``tile`` 0) or in tiles that cover all of it."""
    height, width = photo.shape[:2]
    if not tile:
        save_window(photo, picture, out, name, np.s_[:, :])
        return
    for top, left in product(tile_starts(height, tile), tile_starts(width, tile)):
        save_window(photo, picture, out, f"{name}_{top:04d}_{left:04d}", np.s_[top : top + tile, left : left + tile])


def save_window(photo: Pixels, picture: Pixels, out: Path, name: str, window: tuple[slice, slice]) -> None:
    """Write ``window`` of both pictures as ``out``/A/``name``.bmp and ``out``/B/``name``.bmp."""
    for side, pixels in (("A", photo), ("B", picture)):
        target = out / side / f"{name}.bmp"  # decodes in a tenth of the time of a PNG, which would slow down training
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels[window]).save(target)


def tile_starts(length: int, tile: int) -> list[int]:
    """Evenly spaced starts of the fewest tiles that cover ``length`` pixels."""
    if length <= tile:
        return [0]
    count = -(-length // tile)
    return [round(i * (length - tile) / (count - 1)) for i in range(count)]
