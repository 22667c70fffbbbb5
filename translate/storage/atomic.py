"""Writing files whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from translate.errors import NoSpaceError, PictureError, is_no_space, one_line
from translate.storage.lock import lock

WINDOWS = os.name == "nt"


class AppearedError(PictureError):
    """A file that was to be new is there by the time it is written; it is kept."""

    def __init__(self, path: object) -> None:
        super().__init__(f"{path}: appeared during the conversion, and is kept; <overwrite> replaces it")


@contextmanager
def atomic_file(path: Path, *, replace: bool = True) -> Iterator[IO[bytes]]:
    """Open a temporary file beside ``path`` for writing; at the end it is flushed to disk and renamed to ``path``.

    Without ``replace``, whatever has the name ``path`` by then is kept, also a link that leads nowhere. An error inside
    leaves nothing behind; `remove_abandoned` removes what a killed process leaves. Makes missing parent folders. Raises
    ``PictureError`` naming the file if it cannot be written: ``AppearedError`` if it may not replace what is there,
    ``NoSpaceError`` for lack of room.
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
                _rename(temporary, path, replace)  # while it is still locked
        except BaseException:
            with suppress(FileNotFoundError):
                temporary.unlink()
            raise
    except OSError as error:
        kind = NoSpaceError if is_no_space(error) else PictureError
        raise kind(f"{path}: cannot be written: {error.strerror or one_line(error)}") from error


def _rename(temporary: Path, path: Path, replace: bool) -> None:
    if replace:
        temporary.replace(path)
        return
    try:
        _rename_to_free(temporary, path)
    except FileExistsError as error:
        raise AppearedError(path) from error


def _rename_to_free(temporary: Path, path: Path) -> None:
    """Rename, but raise ``FileExistsError`` if the name is taken; no other process can take it in between."""
    if WINDOWS:
        temporary.rename(path)
        return
    try:
        os.link(temporary, path)
    except (FileExistsError, FileNotFoundError):  # the latter if somebody removed the folder
        raise
    except OSError:  # a file system without hard links: an empty file takes the name
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        try:
            temporary.replace(path)
        except OSError:
            path.unlink()
            raise
    else:
        temporary.unlink()


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
