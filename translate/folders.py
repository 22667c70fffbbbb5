"""Folders of pictures: finding files, matching the two sides of pairs. Imports no deep-learning library."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from translate.errors import PictureError, UserError

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif"}
)


def find_images(folder: Path, *, recursive: bool) -> list[Path]:
    """All picture files of ``folder`` by suffix, sorted; hidden files and folders are passed over."""
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder")
    found = folder.rglob("*") if recursive else folder.iterdir()
    return sorted(
        path
        for path in found
        if path.suffix.lower() in IMAGE_SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    )


@dataclass(frozen=True)
class Pair:
    """The files of one training pair: two files, or one picture with A on its left half and B on its right."""

    name: str
    a: Path
    b: Path

    @property
    def side_by_side(self) -> bool:
        return self.a == self.b


@dataclass
class PairedFolders:
    """What matching found: the pairs, sorted by name, and a line for each file that is in none."""

    pairs: list[Pair] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def match_pairs(*, data: Path | None = None, a: Path | None = None, b: Path | None = None) -> PairedFolders:
    """The pairs of ``data`` (A and B side by side in each picture) or of the folders ``a`` and ``b``.

    Files of ``a`` and ``b`` belong together when their paths below the folders are the same but for the suffix.
    """
    if data is not None:
        files = find_images(data, recursive=True)
        found = PairedFolders([Pair(path.relative_to(data).with_suffix("").as_posix(), path, path) for path in files])
        if not found.pairs:
            found.problems.append(_no_pictures(data))
        return found
    if a is None or b is None:
        raise UserError("give either --data DIR (A and B side by side) or both --a DIR and --b DIR")
    found = PairedFolders()
    files_a, files_b = _by_name(a, found.problems), _by_name(b, found.problems)
    found.problems += [_no_pictures(folder) for folder, named in ((a, files_a), (b, files_b)) if not named]
    for name in sorted(files_a.keys() | files_b.keys()):
        here, there = files_a.get(name), files_b.get(name)
        if here is not None and there is not None:
            found.pairs.append(Pair(name, here, there))
        else:
            found.problems.append(f"{here or there}: no picture of that name in {b if here else a}")
    return found


def _by_name(folder: Path, problems: list[str]) -> dict[str, Path]:
    groups = defaultdict(list)
    for path in find_images(folder, recursive=True):
        groups[path.relative_to(folder).with_suffix("").as_posix()].append(path)
    problems += [
        f"{paths[1]}: has the same name as {paths[0].name}; only the suffix differs"
        for paths in groups.values()
        if len(paths) > 1
    ]
    return {name: paths[0] for name, paths in groups.items()}


def _no_pictures(folder: Path) -> str:
    return f"{folder}: holds no picture ({', '.join(sorted(IMAGE_SUFFIXES))})"


def check_pairs(pairs: list[Pair]) -> Iterator[str]:
    """Decode every picture of ``pairs``; a line for each that is unreadable or whose sides differ in size."""
    with ThreadPoolExecutor() as pool:
        for problems in pool.map(_check_pair, pairs):
            yield from problems


def _check_pair(pair: Pair) -> list[str]:
    from translate.images import load_rgb

    sizes, problems = [], []
    for path in dict.fromkeys((pair.a, pair.b)):
        try:
            height, width = load_rgb(path).shape[:2]
            sizes.append((width, height))
        except PictureError as error:
            problems.append(str(error))
    if problems:
        return problems
    if pair.side_by_side:
        width, height = sizes[0]
        return [f"{pair.a}: is {width} pixels wide, which does not halve into A and B"] if width % 2 else []
    if sizes[0] != sizes[1]:
        (width_a, height_a), (width_b, height_b) = sizes
        return [f"{pair.b}: is {width_b}x{height_b}, its partner {pair.a} is {width_a}x{height_a}"]
    return []
