"""Files are written whole or not at all."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from translate.errors import PictureError, one_line


def write_atomically(path: Path, content: bytes) -> None:
    """Write the whole file or nothing: to a temporary name beside it, through to the disk, then renamed.

    Makes missing parent folders. Raises ``PictureError`` naming the file where it cannot be written.
    """
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            with suppress(FileNotFoundError):
                temporary.unlink()
            raise
    except OSError as error:
        raise PictureError(f"{path}: cannot be written: {error.strerror or one_line(error)}") from error
