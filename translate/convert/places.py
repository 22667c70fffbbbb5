"""Where files are: which names are one file, which exist, how many are listed in a message."""

from __future__ import annotations

import errno
import itertools
import os
import unicodedata
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path

from translate.storage.remote import Location, RemotePath

MAX_LISTED = 5  # things named in a message; the rest are counted


def identity(path: Location) -> str:
    """A key that is equal for paths that are one file on some file system: case and Unicode composition are ignored."""
    if isinstance(path, RemotePath):
        return str(path)
    return unicodedata.normalize("NFC", os.path.realpath(path)).casefold()  # `resolve` fails on circular links


def file_id(path: Location) -> Hashable:
    """A key that is equal for paths that lead to one file now."""
    if isinstance(path, RemotePath):
        return path
    try:
        status = path.stat()
    except OSError:  # a broken link, or no permission: decoding reports it
        return path
    return status.st_dev, status.st_ino


def exists(path: Location) -> bool:
    """Whether there is something at ``path``; not if its name is too long."""
    try:
        return path.exists()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:  # reported when it is written; the other files are still converted
            return False
        raise


def numbered(paths: Sequence[Location | None]) -> list[Location | None]:
    """``paths``, of which those that would be one file get numbers from the second on: ``a.png``, ``a-2.png``."""
    planned = {identity(path) for path in paths if path is not None}
    taken: set[str] = set()

    def unlike_others(path: Location) -> Location:
        if identity(path) not in taken:
            return path
        candidates = (path.with_stem(f"{path.stem}-{number}") for number in itertools.count(2))
        return next(candidate for candidate in candidates if identity(candidate) not in taken | planned)

    result = []
    for path in paths:
        result.append(None if path is None else unlike_others(path))
        taken.update(identity(place) for place in result[-1:] if place is not None)
    return result


def whereabouts(files: Sequence[Location]) -> str:
    """Where to look for ``files``: the only one, or the folder that all are in or below; of URLs, their folders."""
    if len(files) == 1:
        return str(files[0])
    folders = {file.parent for file in files}
    if len(folders) == 1:
        return str(folders.pop())
    try:
        return os.path.commonpath([folder for folder in folders if isinstance(folder, Path)]) or os.curdir
    except ValueError:  # only URLs, several drives, or relative and absolute paths
        return listed(folders)


def listed(things: Iterable[object]) -> str:
    """Their texts in order, the first few of them."""
    names = sorted(map(str, things))
    more = f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
    return ", ".join(names[:MAX_LISTED]) + more
