"""Names of files that come from elsewhere, and the kinds of files by their suffixes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from pathlib import PurePosixPath
from urllib.parse import quote

from translate.media.formats import CONTAINERS
from translate.storage.folders import VIDEO_SUFFIXES

MAX_STEM = 80  # characters
MEDIA_TYPES = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".tif": "image/tiff",
    ".bmp": "image/bmp",
    ".avif": "image/avif",
    ".gif": "image/gif",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".webm": "video/webm",
    ".zip": "application/zip",
}
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f<>:\"'&|?*/\\]|[^\S ]")  # of file systems, HTML and shells
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)  # on Windows, with any suffix


def safe_name(name: str) -> str:
    """A file name without folders that every file system and page accepts, with the suffix of ``name``; never empty."""
    last = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])
    shown = "".join(character if character.isprintable() else "_" for character in _UNSAFE.sub("_", last))
    path = PurePosixPath(shown.strip(" ."))
    stem, suffix = path.stem[:MAX_STEM].strip(" ."), path.suffix[:10]
    if _RESERVED.fullmatch(stem.partition(".")[0]):
        stem = "_" + stem
    return (stem or "picture") + suffix


def unused(name: str, taken: Container[str]) -> str:
    """``name``, or the same with a number where a name in ``taken``, all in lower case, equals it but for case."""
    path, number, result = PurePosixPath(name), 2, name
    while result.lower() in taken:
        result = f"{path.stem} ({number}){path.suffix}"
        number += 1
    return result


def is_video(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in VIDEO_SUFFIXES


def media_type_of(suffix: str) -> str:
    return MEDIA_TYPES.get(suffix.lower(), "application/octet-stream")


def video_suffix(name: str) -> str:
    """The suffix of the result of a video, as on the command line."""
    suffix = PurePosixPath(name).suffix.lower()
    return suffix if suffix in CONTAINERS else ".mkv"


def attachment(name: str) -> str:
    """The header Content-Disposition of a file to be saved as ``name``."""
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"
