"""What the makers of training pairs share: the photos of several folders, and work in several processes."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import numpy as np
import typer
from numpy.typing import NDArray
from rich.progress import track

from translate.media.images import Picture, encode_picture, load_picture
from translate.storage.folders import find_images

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


def random_of(name: str) -> np.random.Generator:
    """The random numbers for the pairs ``name``: the same in every run, whatever else is made."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def through_jpeg(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """What a JPEG file of ``quality`` leaves of RGB ``pixels`` [H, W, 3]."""
    return load_picture(encode_picture(Picture(pixels), "JPEG", quality)).rgb


def run_in_processes(
    job: Callable[[T], object], items: Iterable[T], *, total: int, workers: int, description: str
) -> None:
    """Call ``job`` on each of ``items`` in ``workers`` processes, with a progress bar."""
    # spawn: OpenCV's threads do not survive a fork
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for _ in track(pool.map(job, items), total=total, description=description):
            pass
