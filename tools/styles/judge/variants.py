"""Photos at the working size, and the pictures that each variant makes of them: a style, or a folder of pictures."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image

from tools.styles.teachers.paint import bring_to_size
from translate import load_style
from translate.api import Style
from translate.media.images import load_rgb
from translate.storage.folders import find_images
from translate.style.catalogue import INT8, find_style
from translate.style.translator import open_style, style_file

Pixels = NDArray[np.uint8]  # [H, W, 3]
PHOTO = "photo"  # the name of the photos among the variants
DRAWN = "drawn"  # the name of drawn art
ORIGIN = "origin.json"  # beside the pictures: what they were made from


def parse_named(option: str) -> tuple[str, str]:
    """``NAME=VALUE`` -> its two parts. Raises ``typer.BadParameter`` where one is missing."""
    name, equals, value = option.partition("=")
    if not (name and equals and value):
        raise typer.BadParameter(f"{option}: give NAME=...")
    return name, value


@dataclass(frozen=True)
class Variant:
    """``model`` is a shipped style, possibly as ``anime@fp32`` or ``anime@int8``, an .onnx file or a folder."""

    name: str
    model: str

    @classmethod
    def parse(cls, option: str) -> Variant:
        """``NAME=MODEL``; raises ``typer.BadParameter`` for another form or precision."""
        name, model = parse_named(option)
        precision = model.partition("@")[2]
        if precision not in ("", "fp32", "int8"):
            raise typer.BadParameter(f"{option}: use @fp32 or @int8")
        return cls(name, model)

    @property
    def folder(self) -> Path | None:
        """The folder of finished pictures; ``None`` for a style."""
        path = Path(self.model)
        return path if path.is_dir() else None

    @property
    def file(self) -> Path:
        """The style's file; raises ``UnusableError`` where there is none."""
        name, _, precision = self.model.partition("@")
        if precision:
            return find_style(name + INT8 if precision == "int8" else name)
        return style_file(name)

    def open(self) -> Style:
        """The style, on a device chosen automatically; raises ``UnusableError`` where it cannot be used."""
        name, _, precision = self.model.partition("@")
        return Style(open_style(str(self.file), int8=False)) if precision else load_style(name)


def by_stem(folder: Path) -> dict[str, Path]:
    """The pictures of ``folder`` by name without suffix; ``typer.BadParameter`` for duplicates or an empty folder."""
    paths = find_images(folder, recursive=False)
    found = {path.stem: path for path in paths}
    if len(found) < len(paths) or not found:
        raise typer.BadParameter(f"{folder}: {'names that differ only in the suffix' if found else 'no pictures'}")
    return found


def collect(photos: Path, variants: Sequence[Variant], work: Path, *, long: int) -> dict[str, Path]:
    """Write ``photos``, resized to ``long`` pixels on the longer side, and each variant of them as PNG below ``work``.

    Returns the folders by variant name, `PHOTO` first. Pictures are kept until what they were made from changes. Raises
    ``typer.BadParameter`` where a folder of pictures lacks one of the photos.
    """
    sources = by_stem(photos)
    resized_folder = work / PHOTO
    _fill(resized_folder, sources, {"long": long}, lambda path: bring_to_size(load_rgb(path), long))
    resized = {stem: resized_folder / f"{stem}.png" for stem in sources}
    folders = {PHOTO: resized_folder}
    for variant in variants:
        folders[variant.name] = work / variant.name
        if variant.folder is not None:
            pictures = by_stem(variant.folder)
            if missing := sources.keys() - pictures.keys():
                raise typer.BadParameter(f"{variant.folder}: no picture of {', '.join(sorted(missing)[:5])}")
            chosen = {stem: pictures[stem] for stem in sources}
            _fill(work / variant.name, chosen, {"long": long}, lambda path: bring_to_size(load_rgb(path), long))
        else:
            style = variant.open()
            origin = {"style": str(variant.file.resolve()), "changed": variant.file.stat().st_mtime_ns}
            _fill(work / variant.name, resized, origin, lambda path, style=style: style(load_rgb(path)))  # type: ignore[misc]
    return folders


def _fill(folder: Path, sources: dict[str, Path], origin: dict[str, object], make: Callable[[Path], Pixels]) -> None:
    """Write ``make(source)`` for each source, unless it exists, is no older and has the same ``origin``."""
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / ORIGIN
    same_origin = record.is_file() and json.loads(record.read_text()) == origin
    for old in folder.glob("*.png"):
        if not same_origin or old.stem not in sources:
            old.unlink()
    record.write_text(json.dumps(origin))
    for stem, source in sources.items():
        target = folder / f"{stem}.png"
        if not target.is_file() or target.stat().st_mtime < source.stat().st_mtime:
            Image.fromarray(make(source)).save(target)
