"""Writing files whole or not at all."""

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
    """Open a temporary file beside ``path`` for writing; at the end it is flushed to disk and renamed to ``path``.

    An error inside leaves nothing behind; `remove_abandoned` removes what a killed process leaves. Makes missing
    parent folders. Raises ``PictureError`` naming the file if it cannot be written.
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
                    file.close()  # Windows cannot rename an open file
                temporary.replace(path)  # while it is still locked
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
    """Remove half-written files of killed processes from ``folder``; files still being written are locked and stay."""
    if WINDOWS:  # where a file is neither locked nor open when it is renamed
        return
    for path in folder.glob(".translate-*.tmp"):
        with suppress(OSError), path.open("r+b") as file:
            lock(file.fileno())
            path.unlink()


def _make_folder(folder: Path) -> None:
    """Make the folder and its parents, again if somebody removes one of them meanwhile."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        if folder.exists():
            raise  # it is something other than a folder
        folder.mkdir(parents=True, exist_ok=True)


def _open_temporary(folder: Path) -> tuple[Path, IO[bytes]]:
    """The path of a new file in ``folder``, and the file, locked if possible."""
    while True:
        path = folder / f".translate-{secrets.token_hex(8)}.tmp"
        file = path.open("x+b")
        if WINDOWS:
            return path, file
        with suppress(OSError):  # the file system has no locks
            lock(file.fileno(), wait=True)
        if path.exists():
            return path, file
        file.close()  # another process's `remove_abandoned` came between opening and locking
