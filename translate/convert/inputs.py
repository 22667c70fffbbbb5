"""Expanding inputs (files, folders and patterns) to the files to convert."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from translate.errors import PictureError, UserError, literal
from translate.media.guards import require_file
from translate.media.kinds import picture_format
from translate.media.mark import Action, made_by
from translate.media.video.containers import container_format
from translate.storage.folders import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from translate.storage.remote import Location, RemotePath, find_images, is_below, is_remote, location

# Those of pictures that are read, and whose files are taken without a look at their content: damaged ones then fail.
_READ_ONLY = {".apng", ".avifs", ".j2k", ".jp2", ".jpf", ".jpx", ".mpo", ".pbm", ".pgm", ".pnm", ".ppm"}
SUFFIXES = IMAGE_SUFFIXES | VIDEO_SUFFIXES | _READ_ONLY
MAX_KINDS = 8  # suffixes named in a remark
_AMBIGUOUS = {".ts"}  # also that of source code
_HEIF = {".heic", ".heif", ".hif"}

OnRemark = Callable[[str], object]  # what is left out of a folder, and why; a line, marked as in `errors`


def ignore_remark(_: str) -> None:
    """A listener that does nothing."""


@dataclass(frozen=True, kw_only=True)
class Search:
    """How folders and patterns are searched."""

    recursive: bool  # include subfolders
    pass_over: Collection[Action] = ()  # leave out pictures with the mark of one of these
    on_remark: OnRemark = ignore_remark  # called once per folder or pattern of which something is left out


@dataclass(frozen=True)
class Found:
    """A file to convert."""

    source: Location
    relative: PurePath  # its path below the output folder


def find_all(inputs: Sequence[str], output: Location, search: Search) -> list[Found]:
    """The pictures and videos of ``inputs``, in that order; skips an ``output`` folder inside an input folder.

    In folders and patterns, files with an unknown suffix are taken if their content is a picture. Raises
    ``UserError`` if an input is missing, or is a folder or pattern without pictures and videos.
    """
    found = []
    for name in inputs:
        path = location(name)
        if path.is_dir():
            found += _find_in_folder(path, output, search)
        elif is_pattern(name):
            matches = [Path(match) for match in sorted(glob.glob(name, recursive=True))]  # noqa: PTH207 (absolute too)
            files = [Found(match, Path(match.name)) for match in matches if not match.is_dir()]
            found += _only_convertible(files, f"{name}: matches", search)
        else:
            require(path)
            found.append(Found(path, PurePath(path.name)))
    return found


def _find_in_folder(folder: Location, output: Location, search: Search) -> list[Found]:
    """The pictures and videos in ``folder``, except those in an output folder inside it."""
    files = [Found(path, below) for path, below in find_images(folder, recursive=search.recursive, suffixes=None)]
    if search.recursive and is_below(output, folder) and not is_below(folder, output):
        files = [file for file in files if not is_below(file.source, output)]
    remedy = "" if search.recursive else "; <recursive> looks in its subfolders too"
    return _only_convertible(files, f"{folder}: holds", search, remedy)


def _only_convertible(files: Sequence[Found], subject: str, search: Search, remedy: str = "") -> list[Found]:
    """Those of ``files`` that are to be converted; a remark, or the error if there are none, counts the others.

    ``subject`` begins both: what was searched, and a verb.
    """
    readable = [file for file in files if _is_convertible(file.source)]
    taken = [file for file in readable if not _is_result(file.source, search.pass_over)]
    others = _counted({file.source for file in files} - {file.source for file in readable})
    results = f"{len(readable) - len(taken)} made by this program" if len(taken) < len(readable) else ""
    left = " and ".join(part for part in (others, results) if part)
    remedy = "; <again> takes those too" if results else remedy
    if not taken:
        only = f", only {left}" if left else ""
        raise UserError(f"{subject} no picture or video ({_known_suffixes()}){only}{remedy}")
    if left:
        search.on_remark(f"{subject} files that are left out: {left}{remedy if results else ''}")
    return taken


def _is_convertible(path: Location) -> bool:
    suffix = path.suffix.lower()
    if isinstance(path, RemotePath):
        return suffix in SUFFIXES - VIDEO_SUFFIXES  # a video needs a file
    if suffix in _AMBIGUOUS:
        return _is_video(path)
    if suffix in SUFFIXES or os.path.isdir(path):  # noqa: PTH112 (no error); an unreadable folder is reported later
        return True
    return picture_format(path) is not None


def _is_video(path: Path) -> bool:
    """Whether the file ``path`` is a video container, by its content."""
    try:
        require_file(path)
        container_format(path)
    except PictureError:
        return False
    return True


def _is_result(path: Location, actions: Collection[Action]) -> bool:
    """Whether ``path`` has the mark of one of ``actions``; that of a remote file is not looked for."""
    return bool(actions) and isinstance(path, Path) and made_by(path) in actions


def _counted(files: Iterable[Location]) -> str:
    """The numbers of ``files`` by suffix, the most frequent first: ``3 .cr2, 1 .txt, 1 without a suffix``."""
    counts = Counter(sorted(file.suffix.lower() for file in files))
    shown = dict(counts.most_common(MAX_KINDS))
    kinds = [f"{count} {literal(suffix) or 'without a suffix'}" for suffix, count in shown.items()]
    if more := counts.total() - sum(shown.values()):
        kinds.append(f"{more} of other kinds")
    remedy = " (pip install 'picture-translate[heif]' reads HEIF)" if counts.keys() & _HEIF else ""
    return ", ".join(kinds) + remedy


def require(path: Location) -> None:
    """Raise ``UserError`` if there is no such file or folder."""
    if not path.exists():
        raise UserError(f"{path}: no such file or folder")


def _known_suffixes() -> str:
    return ", ".join(sorted(SUFFIXES))


def is_pattern(name: str) -> bool:
    """Whether ``name`` is a pattern such as ``*.jpg``, not an existing file whose name looks like one."""
    return glob.has_magic(name) and not is_remote(name) and not Path(name).exists()
