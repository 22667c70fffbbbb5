"""Pictures inside tar files, each found at once: by the place of its bytes, from an index of the tar.

The tars are WebDataset's: uncompressed, and a sample's files have its name, followed by a part each: `0001.a.jpg`,
`0001.b.jpg`. Neither WebDataset, which reads them in order, nor LitData, which needs a format of its own, resumes at
any sample with any number of workers; by their places, pictures can be read in the order that follows from seed and
step alone, like the files of a folder.
"""

from __future__ import annotations

import json
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from translate.errors import PictureError, UserError, one_line, parse_nested
from translate.storage.remote import Location, RemotePath, location

INDEX = ".index.json"  # follows the name of a tar: a line [name, first byte, bytes] for each file in it
_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")


@dataclass(frozen=True, slots=True)
class TarMember:
    """A file inside a tar."""

    tar: Location
    name: str
    start: int
    size: int  # in bytes

    def __str__(self) -> str:
        return f"{self.tar}/{self.name}"

    @property
    def path(self) -> PurePosixPath:
        return PurePosixPath(self.name)

    def read_bytes(self) -> bytes:
        """Raises ``PictureError`` naming tar and file if it cannot be read."""
        try:
            if isinstance(self.tar, RemotePath):
                content = self.tar.read_range(self.start, self.size)
            else:
                with self.tar.open("rb") as file:
                    file.seek(self.start)
                    content = file.read(self.size)
        except OSError as error:
            raise PictureError(f"{self}: cannot be read: {error.strerror or one_line(error)}") from error
        if len(content) < self.size:
            raise PictureError(f"{self}: is cut short: the tar ends before it")
        return content


Source = Path | RemotePath | TarMember  # where a training picture is


def expanded(pattern: str) -> list[Location]:
    """The tars of a pattern such as ``photos-{000..019}.tar``, paths or URLs; the numbers have equally many digits.

    Raises ``UserError`` where the range is empty.
    """
    found = _RANGE.search(pattern)
    if found is None:
        return [location(pattern)]
    first, last = found.groups()
    if int(first) > int(last):
        raise UserError(f"<shards> {pattern}: {first} comes after {last}")
    numbers = (f"{number:0{len(first)}}" for number in range(int(first), int(last) + 1))
    return [
        tar for number in numbers for tar in expanded(f"{pattern[: found.start()]}{number}{pattern[found.end() :]}")
    ]


def members(tar: Location) -> list[TarMember]:
    """The files in ``tar``, in its order, from its index; where it has none, from the tar itself, header by header.

    Raises ``UserError`` for a file that is missing or damaged, and for a compressed tar.
    """
    index = tar.with_name(tar.name + INDEX)
    try:
        if index.exists():
            return [_member(tar, line) for line in index.read_bytes().decode().splitlines()]
        with _opened(tar) as file:
            return _listed(tar, file)
    except (OSError, tarfile.TarError, ValueError, PictureError) as error:
        raise UserError(f"<shards> {tar}: cannot be read as an uncompressed tar: {one_line(error)}") from error


def write_index(tar: Path) -> None:
    with tar.open("rb") as file:
        lines = [json.dumps([member.name, member.start, member.size]) for member in _listed(tar, file)]
    tar.with_name(tar.name + INDEX).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _listed(tar: Location, file: IO[bytes]) -> list[TarMember]:
    with tarfile.open(fileobj=file, mode="r:") as opened:
        return [TarMember(tar, entry.name, entry.offset_data, entry.size) for entry in opened if entry.isfile()]


def _member(tar: Location, line: str) -> TarMember:
    match parse_nested(json.loads, line):
        case [str(name), int(start), int(size)] if start >= 0 and size >= 0:
            return TarMember(tar, name, start, size)
    raise ValueError(f"its index has the line {line[:80]!r}")


def _opened(tar: Location) -> IO[bytes]:
    return tar.opened() if isinstance(tar, RemotePath) else tar.open("rb")
