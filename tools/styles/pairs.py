"""What the makers of training pairs share: the photos of several folders, and work in several processes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import typer
from rich.progress import track

from translate.storage.folders import find_images

Source = tuple[Path, str]  # a photo, and the name of its pairs without suffix
T = TypeVar("T")


def sources(photos: Sequence[Path], *, leave_out: Collection[str]) -> tuple[list[Source], Path]:
    """The photos of all but the last of ``photos``, which are folders, and the last: PHOTOS... OUT.

    ``leave_out`` are names without suffix. Raises ``typer.BadParameter`` where there is no folder of photos.
    """
    *folders, out = photos
    if not folders:
        raise typer.BadParameter("give at least one folder of photos and the folder to write")
    found = [
        (path, f"{name_of(folder)}/{path.relative_to(folder).with_suffix('').as_posix()}")
        for folder in folders
        for path in find_images(folder, recursive=True)
        if path.stem not in leave_out
    ]
    return found, out


def name_of(folder: Path) -> str:
    """What a folder of photos is called among several: its name and that of the folder it is in."""
    return f"{folder.parent.name}/{folder.name}"


def in_processes(job: Callable[[T], object], items: Iterable[T], *, total: int, workers: int, description: str) -> None:
    """``job`` of each of ``items``, in ``workers`` processes, with a progress bar."""
    # spawn: OpenCV's threads do not survive a fork
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for _ in track(pool.map(job, items), total=total, description=description):
            pass
