"""Finding the pictures of folders. Imports no deep-learning library."""

from __future__ import annotations

import os
from collections.abc import Container
from pathlib import Path, PurePath

from translate.errors import UserError

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif"}
)
VIDEO_SUFFIXES = frozenset(
    {
        *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".mts", ".m2ts", ".ts", ".wmv", ".flv"),
        *(".3gp", ".ogv"),
    }
)


def find_images(folder: Path, *, recursive: bool, suffixes: Container[str] | None = IMAGE_SUFFIXES) -> list[Path]:
    """All files in ``folder`` with these suffixes (None: any), sorted; skips hidden entries and links to folders.

    Nothing is dropped silently: broken links and unreadable subfolders are returned too, so that decoding reports them.
    Raises ``UserError`` if ``folder`` itself is missing or cannot be read.
    """
    found = []
    pending = [folder]
    while pending:
        inside = pending.pop()
        try:
            with os.scandir(inside) as entries:
                shown = [entry for entry in entries if not entry.name.startswith(".")]
        except OSError as error:
            if inside is folder:
                missing = isinstance(error, (FileNotFoundError, NotADirectoryError))
                problem = "no such folder" if missing else f"cannot be read: {error.strerror}"
                raise UserError(f"{folder}: {problem}") from error
            found.append(inside)
            continue
        for entry in shown:
            if not _leads_to_folder(entry):
                wanted = suffixes is None or PurePath(entry.name).suffix.lower() in suffixes
                found += [inside / entry.name] if wanted else []
            elif recursive and not entry.is_symlink():
                pending.append(inside / entry.name)
    return sorted(found)


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a circular link, or one to a place without permission
        return False
