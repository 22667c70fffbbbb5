"""A zip that is made while it is sent: it takes neither memory nor disk."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

PIECE = 1_000_000  # bytes


class _Pieces:
    """A file that only takes writes, and hands out what was written."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._written.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """There is nothing to flush to."""

    def close(self) -> None:
        """There is nothing to close."""

    def taken(self) -> bytes:
        written, self._written = b"".join(self._written), []
        return written


def zip_pieces(files: Sequence[tuple[Path, str]]) -> Iterator[bytes]:
    """A zip of ``files``, each with its name in it, in pieces. Pictures are compressed already: they are only stored.

    A file that vanishes meanwhile is left out.
    """
    pieces = _Pieces()
    with zipfile.ZipFile(pieces, "w", zipfile.ZIP_STORED) as archive:
        for path, name in files:
            try:
                source = path.open("rb")
            except FileNotFoundError:
                continue
            with source, archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as entry:
                while piece := source.read(PIECE):
                    entry.write(piece)
                    yield pieces.taken()
    yield pieces.taken()
