"""Files are written whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from translate.errors import PictureError, one_line


@contextmanager
def atomic_file(path: Path) -> Iterator[IO[bytes]]:
    """A file to write, with a temporary name beside ``path``: at the end it is brought to the disk and renamed.

    An error inside leaves nothing behind. Makes missing parent folders. Raises ``PictureError`` naming the file where
    it cannot be written.
    """
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("x+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
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
