"""Expanding inputs (files, folders and patterns) to the files to convert."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from translate.errors import UserError
from translate.storage.folders import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from translate.storage.remote import Location, RemotePath, find_images, is_below, is_remote, location

SUFFIXES = IMAGE_SUFFIXES | VIDEO_SUFFIXES


@dataclass(frozen=True)
class Found:
    """A file to convert."""

    source: Location
    relative: PurePath  # its path below the output folder


def find_all(inputs: Sequence[str], output: Location, *, recursive: bool) -> list[Found]:
    """The pictures and videos of ``inputs``, in that order; skips an ``output`` folder inside an input folder.

    Raises ``UserError`` if an input is missing, or is a folder or pattern without pictures and videos.
    """
    found = []
    for name in inputs:
        path = location(name)
        if path.is_dir():
            found += _find_in_folder(path, output, recursive=recursive)
        elif is_pattern(name):
            matches = [Path(match) for match in sorted(glob.glob(name, recursive=True))]  # noqa: PTH207 (absolute too)
            pictures = [match for match in matches if match.suffix.lower() in SUFFIXES and not match.is_dir()]
            if not pictures:
                raise UserError(f"{name}: matches no picture or video ({_known_suffixes()})")
            found += [Found(picture, Path(picture.name)) for picture in pictures]
        else:
            require(path)
            found.append(Found(path, PurePath(path.name)))
    return found


def _find_in_folder(folder: Location, output: Location, *, recursive: bool) -> list[Found]:
    """The pictures and videos in ``folder``, except those in an output folder inside it."""
    suffixes = IMAGE_SUFFIXES if isinstance(folder, RemotePath) else SUFFIXES  # a video needs a file
    pictures = find_images(folder, recursive=recursive, suffixes=suffixes)
    if recursive and is_below(output, folder) and not is_below(folder, output):
        pictures = [(picture, relative) for picture, relative in pictures if not is_below(picture, output)]
    if not pictures:
        remedy = "" if recursive else "; <recursive> looks in its subfolders too"
        raise UserError(f"{folder}: holds no picture or video ({_known_suffixes()}){remedy}")
    return [Found(picture, relative) for picture, relative in pictures]


def require(path: Location) -> None:
    """Raise ``UserError`` if there is no such file or folder."""
    if not path.exists():
        raise UserError(f"{path}: no such file or folder")


def _known_suffixes() -> str:
    return ", ".join(sorted(SUFFIXES))


def is_pattern(name: str) -> bool:
    """Whether ``name`` is a pattern such as ``*.jpg``, not an existing file whose name looks like one."""
    return glob.has_magic(name) and not is_remote(name) and not Path(name).exists()
