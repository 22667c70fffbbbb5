"""What the inputs of a command stand for: files, folders and patterns become the files to convert."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from translate.errors import UserError
from translate.folders import IMAGE_SUFFIXES, VIDEO_SUFFIXES, find_images

SUFFIXES = IMAGE_SUFFIXES | VIDEO_SUFFIXES


@dataclass(frozen=True)
class Found:
    """A file to convert."""

    source: Path
    relative: Path  # its place below the output folder


def find_all(inputs: Sequence[str], output: Path, *, recursive: bool) -> list[Found]:
    """The pictures and videos of ``inputs``, in their order, but those in ``output`` where it lies in an input folder.

    Raises ``UserError`` where an input is missing or holds none.
    """
    found = []
    for name in inputs:
        path = Path(name)
        if path.is_dir():
            found += _find_in_folder(path, output, recursive=recursive)
        elif is_pattern(name):
            matches = [Path(match) for match in sorted(glob.glob(name, recursive=True))]  # noqa: PTH207 (absolute too)
            pictures = [match for match in matches if match.suffix.lower() in SUFFIXES and match.is_file()]
            if not pictures:
                raise UserError(f"{name}: matches no picture or video ({_known_suffixes()})")
            found += [Found(picture, Path(picture.name)) for picture in pictures]
        else:
            require(path)
            found.append(Found(path, Path(path.name)))
    return found


def _find_in_folder(folder: Path, output: Path, *, recursive: bool) -> list[Found]:
    """The pictures and videos of ``folder``, less those in an output folder inside it."""
    inside = output.resolve()
    pictures = find_images(folder, recursive=recursive, suffixes=SUFFIXES)
    if recursive and inside != folder.resolve() and inside.is_relative_to(folder.resolve()):
        pictures = [picture for picture in pictures if not picture.resolve().is_relative_to(inside)]
    if not pictures:
        remedy = "" if recursive else "; -r looks in its subfolders too"
        raise UserError(f"{folder}: holds no picture or video ({_known_suffixes()}){remedy}")
    return [Found(picture, picture.relative_to(folder)) for picture in pictures]


def require(path: Path) -> None:
    """Raise ``UserError`` where there is no such file or folder."""
    if not path.exists():
        raise UserError(f"{path}: no such file or folder")


def _known_suffixes() -> str:
    return ", ".join(sorted(SUFFIXES))


def is_pattern(name: str) -> bool:
    """Whether ``name`` is a pattern such as ``*.jpg``, and not the name of a file that looks like one."""
    return glob.has_magic(name) and not Path(name).exists()
