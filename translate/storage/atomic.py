"""Files are written whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from translate.errors import PictureError, one_line
from translate.storage.lock import lock

WINDOWS = os.name == "nt"


@contextmanager
def atomic_file(path: Path) -> Iterator[IO[bytes]]:
    """A file to write, with a temporary name beside ``path``: at the end it is brought to the disk and renamed.

    An error inside leaves nothing behind; what a killed process leaves, `remove_abandoned` removes. Makes missing
    parent folders. Raises ``PictureError`` naming the file where it cannot be written.
    """
    try:
        _make_folder(path.parent)
        temporary, file = _open_temporary(path.parent)
        try:
            with file:
                yield file
                file.flush()
                os.fsync(file.fileno())
                if WINDOWS:
                    file.close()  # it renames no open file
                temporary.replace(path)  # while it is locked
        except BaseException:
            with suppress(FileNotFoundError):
                temporary.unlink()
            raise
    except OSError as error:
        raise PictureError(f"{path}: cannot be written: {error.strerror or one_line(error)}") from error


def write_atomically(path: Path, content: bytes) -> None:
    """Write the whole file or nothing, as `atomic_file` does."""
    with atomic_file(path) as file:
        file.write(content)


def remove_abandoned(folder: Path) -> None:
    """Remove what killed processes left half-written in ``folder``; what is being written is locked and stays."""
    if WINDOWS:  # where a file is neither locked nor open when it is renamed
        return
    for path in folder.glob(".translate-*.tmp"):
        with suppress(OSError), path.open("r+b") as file:
            lock(file.fileno())
            path.unlink()


def _make_folder(folder: Path) -> None:
    """With its parents; one that goes away between being found and being looked at is made again."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        if folder.exists():
            raise  # as something else
        folder.mkdir(parents=True, exist_ok=True)


def _open_temporary(folder: Path) -> tuple[Path, IO[bytes]]:
    """A new file in ``folder``, locked where that is possible, and its path."""
    while True:
        path = folder / f".translate-{secrets.token_hex(8)}.tmp"
        file = path.open("x+b")
        if WINDOWS:
            return path, file
        with suppress(OSError):  # the file system knows no locks
            lock(file.fileno(), wait=True)
        if path.exists():
            return path, file
        file.close()  # `remove_abandoned` of another process came between opening and locking
