"""Training pictures in tars, and making such tars of folders. See `translate.storage.shards` for their format."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, groupby
from pathlib import Path, PurePosixPath

from translate.data.pairing import MIN_PICTURES, Pair, PairedFolders, UnpairedFolders
from translate.errors import UserError
from translate.storage.folders import IMAGE_SUFFIXES, find_images
from translate.storage.shards import INDEX, TarMember, expanded, members, write_index

SIDES = ("a", "b")
LISTED_AT_ONCE = 16  # tars, as each takes a store some time to answer
Side = dict[str, TarMember]  # the pictures of a side by their samples' names


def sharded_pairs(pattern: str) -> PairedFolders:
    """The samples of the tars that have both sides. Raises ``UserError`` for tars that cannot be read."""
    a, b = _sides(pattern)
    found = PairedFolders([Pair(name, a[name], b[name]) for name in sorted(a.keys() & b.keys())])
    found.problems += [f"<shards> {(a | b)[name]}: has no other side" for name in sorted(a.keys() ^ b.keys())]
    if not a and not b:
        found.problems.append(_too_few(pattern, "a", a))
    return found


def sharded_sides(pattern: str, *, swap: bool = False) -> UnpairedFolders:
    """The pictures of both sides, which may differ in number; ``swap`` exchanges them."""
    sides = _sides(pattern)
    problems = [
        _too_few(pattern, part, side) for part, side in zip(SIDES, sides, strict=True) if len(side) < MIN_PICTURES
    ]
    first, second = ([side[name] for name in sorted(side)] for side in sides)
    return UnpairedFolders(second, first, problems) if swap else UnpairedFolders(first, second, problems)


def _sides(pattern: str) -> tuple[Side, Side]:
    with ThreadPoolExecutor(LISTED_AT_ONCE) as pool:
        listed = pool.map(members, expanded(pattern))
        sides: dict[str, Side] = {part: {} for part in SIDES}
        for member in chain.from_iterable(listed):
            name, part = _name_and_part(member)
            if part in sides and member.path.suffix.lower() in IMAGE_SUFFIXES:
                if (other := sides[part].get(name)) is not None:
                    raise UserError(f"<shards> {pattern}: {member.name} is in {other.tar} and again in {member.tar}")
                sides[part][name] = member
    return sides["a"], sides["b"]


def _name_and_part(member: TarMember) -> tuple[str, str]:
    """``sub/0.a.jpg`` -> ``sub/0`` and ``a``."""
    stem = member.path.with_suffix("")
    return stem.with_suffix("").as_posix(), stem.suffix.removeprefix(".")


def _too_few(pattern: str, part: str, side: Side) -> str:
    return (
        f"<shards> {pattern}: holds {len(side)} pictures of side {part}, named like 0001.{part}.jpg; training needs at "
        f"least {MIN_PICTURES}"
    )


def write_shards(folder: Path, out: Path, *, size_mb: int) -> Iterator[Path]:
    """Copy the pictures in ``folder/a`` and ``folder/b`` to tars of about ``size_mb`` MB with indexes, one by one.

    They are called ``out-000.tar`` and so on. Pictures of one name are beside each other; files are taken as they are.
    Raises ``UserError`` where a side is missing, a tar of that name exists, or two files would have one name.
    """
    samples = _samples(folder)
    sizes = [sum(path.stat().st_size for path in files.values()) for files in samples]
    count = len(list(_cut(sizes, size_mb)))
    digits = max(3, len(str(count - 1)))
    out.parent.mkdir(parents=True, exist_ok=True)
    for number, (first, last) in enumerate(_cut(sizes, size_mb)):
        tar = out.with_name(f"{out.name}-{number:0{digits}}.tar")
        for target in (tar, tar.with_name(tar.name + INDEX)):
            if target.exists():
                raise UserError(f"<out> {target}: exists already; remove it, or give another name")
        unfinished = tar.with_name(f".{tar.name}.writing")
        with tarfile.open(unfinished, "w", format=tarfile.PAX_FORMAT) as opened:
            for name, path in chain.from_iterable(files.items() for files in samples[first:last]):
                opened.add(path, name, recursive=False, filter=_without_owner)
        unfinished.replace(tar)
        write_index(tar)
        yield tar


def _samples(folder: Path) -> list[dict[str, Path]]:
    """The files of each sample, by their names in tars; a sample of one side has one."""
    found: dict[str, Path] = {}
    for part in SIDES:
        side = folder / part
        if not side.is_dir():
            raise UserError(f"{folder}: holds no folder {part}; put the sides into {folder}/a and {folder}/b")
        for path in find_images(side, recursive=True):
            inside = path.relative_to(side)
            # WebDataset takes all from the first dot on for the part
            stem = inside.stem.replace(".", "_")
            name = PurePosixPath(inside.parent.as_posix(), f"{stem}.{part}{inside.suffix.lower()}").as_posix()
            if name in found:
                raise UserError(f"{path}: has the same name as {found[name].name} in a tar; rename one")
            found[name] = path
    if not found:
        raise UserError(f"{folder}: holds no pictures in a and b")
    in_order = sorted(found.items())
    # without part and suffix: `sub/0` of `sub/0.a.jpg`
    return [dict(files) for _, files in groupby(in_order, key=lambda file: file[0].rsplit(".", 2)[0])]


def _without_owner(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def _cut(sizes: list[int], size_mb: int) -> Iterator[tuple[int, int]]:
    """First sample and the one after the last, of each tar: a tar ends with the sample that fills it."""
    first, size = 0, 0
    for index, more in enumerate(sizes, start=1):
        size += more
        if size >= size_mb * 1e6 or index == len(sizes):
            yield first, index
            first, size = index, 0
