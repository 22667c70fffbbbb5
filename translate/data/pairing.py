"""Finding the pairs, sides and domains in folders of pictures. Imports no deep-learning library."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from translate.errors import UserError
from translate.storage.folders import IMAGE_SUFFIXES, find_images
from translate.storage.shards import Source

MIN_PICTURES = 2  # of a side or a domain: a single one has nothing to vary from
WORD_MARKS = "-_. "  # between the words of a file name
Size = tuple[int, int]  # width and height in pixels


@dataclass(frozen=True)
class Pair:
    """The files of one training pair: two files, or one picture with A on its left half and B on its right.

    ``further``: pictures that are translated together with ``a``.
    """

    name: str
    a: Source
    b: Source
    further: tuple[Source, ...] = ()

    @property
    def side_by_side(self) -> bool:
        return self.a == self.b


@dataclass
class PairedFolders:
    """The pairs, sorted by name, and a line for each file without a partner."""

    pairs: list[Pair] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)  # what to know that is no problem

    @property
    def files(self) -> list[Source]:
        """Every picture once."""
        return list(dict.fromkeys(path for pair in self.pairs for path in (pair.a, *pair.further, pair.b)))

    def summary(self) -> str:
        return f"{len(self.pairs)} pairs"

    def mismatches(self, sizes: Mapping[Source, Size], *, scale: int = 1) -> list[str]:
        """A line for each pair whose B is not ``scale`` times as high and wide as A.

        Pairs without an entry in ``sizes`` are left out.
        """
        problems = []
        for pair in self.pairs:
            problems += [
                f"{path}: is {sizes[path][0]}x{sizes[path][1]}, {pair.a} is {sizes[pair.a][0]}x{sizes[pair.a][1]}"
                for path in pair.further
                if sizes.keys() >= {pair.a, path} and sizes[path] != sizes[pair.a]
            ]
            if not sizes.keys() >= {pair.a, pair.b}:
                continue
            (width_a, height_a), (width_b, height_b) = sizes[pair.a], sizes[pair.b]
            if pair.side_by_side and width_a % 2:
                problems.append(f"{pair.a}: is {width_a} pixels wide, an odd number that cannot be split into A and B")
            elif not pair.side_by_side and (width_b, height_b) != (scale * width_a, scale * height_a):
                expected = f"; it has to be {scale} times as high and wide" if scale > 1 else ""
                sides = f"is {width_b}x{height_b}, its partner {pair.a} is {width_a}x{height_a}"
                problems.append(f"{pair.b}: {sides}{expected}")
        return problems


@dataclass
class UnpairedFolders:
    """The pictures of two sides, sorted, and a line for each side with too few."""

    a: Sequence[Source]
    b: Sequence[Source]
    problems: list[str]

    @property
    def files(self) -> list[Source]:
        return [*self.a, *self.b]

    def summary(self) -> str:
        return f"{len(self.a)} pictures of A, {len(self.b)} of B"


@dataclass
class SinglePictures:
    """The pictures of one folder, sorted, and a line if they are too few."""

    files: list[Path]
    problems: list[str]

    def summary(self) -> str:
        return f"{len(self.files)} pictures"


@dataclass
class LabelledPictures:
    """Pictures and their domains, a line for each problem, and a line for each skipped column of a table."""

    domains: list[str]
    files: list[Path]
    labels: NDArray[np.float32]  # [files, domains] of 0 and 1
    problems: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    @property
    def exclusive(self) -> bool:
        """Whether every picture belongs to exactly one domain."""
        return bool((self.labels.sum(axis=1) == 1).all())

    def summary(self) -> str:
        counts = self.labels.sum(axis=0).astype(int)
        total = max(len(self.files), 1)
        shares = (f"{name} {count} ({count / total:.0%})" for name, count in zip(self.domains, counts, strict=True))
        return f"{len(self.files)} pictures: {', '.join(shares)}"


def match_pairs(
    *, data: Path | None = None, a: Path | None = None, b: Path | None = None, a_suffix: str = "", b_suffix: str = ""
) -> PairedFolders:
    """The pairs of ``data`` (A and B side by side in each picture) or of the folders ``a`` and ``b``.

    Files of ``a`` and ``b`` match when their paths inside the folders differ in the suffix only, of the names that end
    in ``a_suffix`` and ``b_suffix`` what stands before that. Where none match so, they may by what is left without the
    beginning and the end that all names of a folder have. Raises ``UserError`` where neither is given or a folder does
    not exist.
    """
    if data is not None:
        files = find_images(data, recursive=True)
        found = PairedFolders([Pair(path.relative_to(data).with_suffix("").as_posix(), path, path) for path in files])
        if not found.pairs:
            found.problems.append(_no_pictures(data))
        return found
    if a is None or b is None:
        raise UserError("give either <data> DIR (A and B side by side) or both <a> DIR and <b> DIR")
    found = PairedFolders()
    files_a, files_b = _by_name(a, a_suffix, found.problems), _by_name(b, b_suffix, found.problems)
    found.problems += [_no_pictures(folder) for folder, named in ((a, files_a), (b, files_b)) if not named]
    if files_a and files_b and not files_a.keys() & files_b.keys():
        common_a, common_b = by_common_part(files_a), by_common_part(files_b)
        if common_a is not None and common_b is not None and common_a.keys() == common_b.keys():
            files_a, files_b = common_a, common_b
            name = min(common_a)
            found.remarks.append(f"names matched by their common part: {files_a[name].name} and {files_b[name].name}")
        else:
            found.problems.append(
                f"{a} and {b}: have no names in common; where they are not pairs, give <unpaired> or train cut or "
                "cyclegan; where names differ in their endings, give <a_suffix> and <b_suffix>"
            )
    for name in sorted(files_a.keys() | files_b.keys()):
        here, there = files_a.get(name), files_b.get(name)
        if here is not None and there is not None:
            found.pairs.append(Pair(name, here, there))
        else:
            found.problems.append(f"{here or there}: no picture of that name in {b if here else a}")
    return found


def match_inputs(inputs: Sequence[Path], b: Path, *, b_suffix: str = "") -> PairedFolders:
    """Pairs whose inputs are pictures of several folders, ``inputs``: each is matched with ``b`` as by `match_pairs`.

    Raises ``UserError`` where a folder does not exist.
    """
    matched = [match_pairs(a=folder, b=b, b_suffix=b_suffix) for folder in inputs]
    partners = [{pair.b: pair.a for pair in found.pairs} for found in matched]
    first = matched[0]
    pairs = [
        replace(pair, further=tuple(partner[pair.b] for partner in partners[1:]))
        for pair in first.pairs
        if all(pair.b in partner for partner in partners)
    ]
    problems = list(dict.fromkeys(problem for found in matched for problem in found.problems))
    return PairedFolders(pairs, problems, [remark for found in matched for remark in found.remarks])


def _by_name(folder: Path, ending: str, problems: list[str]) -> dict[str, Path]:
    """The pictures whose names end in ``ending``, by their paths in ``folder`` without that and the suffix."""
    groups = defaultdict(list)
    for path in find_images(folder, recursive=True):
        name = path.relative_to(folder).with_suffix("").as_posix()
        if name.endswith(ending):
            groups[name.removesuffix(ending)].append(path)
    problems += [
        f"{paths[1]}: has the same name as {paths[0].name}; only the suffix differs"
        for paths in groups.values()
        if len(paths) > 1
    ]
    return {name: paths[0] for name, paths in groups.items()}


def by_common_part(files: Mapping[str, Path]) -> dict[str, Path] | None:
    """``files``, by names without the beginning and the end that all have: whole words, between ``-_. `` and spaces.

    None where names would then be the same.
    """
    stems = [PurePosixPath(name).name for name in files]
    rests = [stem[_common_words(stems) :] for stem in stems]
    end = _common_words([rest[::-1] for rest in rests])
    kept = {
        (PurePosixPath(name).parent / rest[: len(rest) - end]).as_posix(): path
        for (name, path), rest in zip(files.items(), rests, strict=True)
    }
    return kept if len(kept) == len(files) else None


def _common_words(names: Sequence[str]) -> int:
    """The number of characters at the beginning of all ``names`` that are whole words, with the mark after each."""
    first, last = min(names), max(names)  # what these two share, all do
    shared = next((index for index, (x, y) in enumerate(zip(first, last, strict=False)) if x != y), len(first))
    return max(first.rfind(mark, 0, shared) for mark in WORD_MARKS) + 1


def _no_pictures(folder: Path) -> str:
    return f"{folder}: holds no pictures ({', '.join(sorted(IMAGE_SUFFIXES))})"


def find_unpaired(a: Path, b: Path) -> UnpairedFolders:
    """The pictures of two folders, which may differ in number. Raises ``UserError`` where a folder does not exist."""
    files_a, files_b = find_images(a, recursive=True), find_images(b, recursive=True)
    return UnpairedFolders(files_a, files_b, _too_few(a, files_a) + _too_few(b, files_b))


def find_pictures(folder: Path) -> SinglePictures:
    """The pictures of ``folder`` and its subfolders. Raises ``UserError`` where it does not exist."""
    files = find_images(folder, recursive=True)
    return SinglePictures(files, _too_few(folder, files))


def find_domains(folder: Path) -> LabelledPictures:
    """The pictures of ``folder``'s subfolders; each subfolder is a domain, in the order of their names.

    Raises ``UserError`` where the folder does not exist.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder")
    inside = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    problems = []
    if len(inside) < 2:
        problems.append(f"{folder}: holds {len(inside)} folders; give one with a folder of pictures per domain")
    files: list[Path] = []
    domains: list[int] = []  # of each file
    for number, domain in enumerate(inside):
        found = find_images(domain, recursive=True)
        problems += _too_few(domain, found)
        files += found
        domains += [number] * len(found)
    labels = np.eye(len(inside), dtype=np.float32)[np.array(domains, np.int64)]  # one-hot
    return LabelledPictures([path.name for path in inside], files, labels, problems)


def _too_few(folder: Path, files: Sequence[Source]) -> list[str]:
    if not files:
        return [_no_pictures(folder)]
    if len(files) < MIN_PICTURES:
        return [f"{folder}: holds {len(files)} picture; training needs at least {MIN_PICTURES}"]
    return []
