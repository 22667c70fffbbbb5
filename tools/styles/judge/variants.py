"""Sets of photos at the working size and what each variant, a style or a folder of pictures, makes of them."""

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
PHOTO = "photo"  # the variant that changes nothing
DRAWN = "drawn"
ORIGIN = "origin.json"  # beside the pictures: what they were made of


def named(option: str) -> tuple[str, str]:
    """``NAME=WHAT`` -> its two parts. Raises ``typer.BadParameter`` where one is missing."""
    name, equals, what = option.partition("=")
    if not (name and equals and what):
        raise typer.BadParameter(f"{option}: give NAME=...")
    return name, what


@dataclass(frozen=True)
class Variant:
    """``model`` is a shipped style, one such as ``anime@fp32`` or ``anime@int8``, an .onnx file or a folder."""

    name: str
    model: str

    @classmethod
    def parse(cls, option: str) -> Variant:
        name, model = named(option)
        precision = model.partition("@")[2]
        if precision not in ("", "fp32", "int8"):
            raise typer.BadParameter(f"{option}: after @ comes fp32 or int8")
        return cls(name, model)

    @property
    def folder(self) -> Path | None:
        """The folder of ready pictures, ``None`` for a style."""
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
        """The style, on the device that suits best; raises ``UnusableError`` where it cannot be used."""
        name, _, precision = self.model.partition("@")
        return Style(open_style(str(self.file), int8=False)) if precision else load_style(name)


def by_stem(folder: Path) -> dict[str, Path]:
    """The pictures of ``folder`` by their names without suffix; raises ``typer.BadParameter`` where two are alike."""
    paths = find_images(folder, recursive=False)
    found = {path.stem: path for path in paths}
    if len(found) < len(paths) or not found:
        raise typer.BadParameter(f"{folder}: {'names that differ in the suffix alone' if found else 'no pictures'}")
    return found


def collect(photos: Path, variants: Sequence[Variant], work: Path, *, long: int) -> dict[str, Path]:
    """Write ``photos`` at ``long`` pixels of the longer side, and each variant of them, as PNG below ``work``.

    Returns each variant's folder by name, `PHOTO` first. Pictures are kept until what they were made of changes. Raises
    ``typer.BadParameter`` where a folder of pictures lacks one of the photos.
    """
    sources = by_stem(photos)
    shown = work / PHOTO
    _fill(shown, sources, {"long": long}, lambda path: bring_to_size(load_rgb(path), long))
    scaled = {stem: shown / f"{stem}.png" for stem in sources}
    folders = {PHOTO: shown}
    for variant in variants:
        folders[variant.name] = work / variant.name
        if variant.folder is not None:
            theirs = by_stem(variant.folder)
            if missing := sources.keys() - theirs.keys():
                raise typer.BadParameter(f"{variant.folder}: no picture of {', '.join(sorted(missing)[:5])}")
            chosen = {stem: theirs[stem] for stem in sources}
            _fill(work / variant.name, chosen, {"long": long}, lambda path: bring_to_size(load_rgb(path), long))
        else:
            style = variant.open()
            facts = {"style": str(variant.file.resolve()), "changed": variant.file.stat().st_mtime_ns}
            _fill(work / variant.name, scaled, facts, lambda path, style=style: style(load_rgb(path)))  # type: ignore[misc]
    return folders


def _fill(folder: Path, sources: dict[str, Path], facts: dict[str, object], make: Callable[[Path], Pixels]) -> None:
    """Write ``make`` of each source, unless it lies there, no older than the source and of the same ``facts``."""
    folder.mkdir(parents=True, exist_ok=True)
    origin = folder / ORIGIN
    kept = origin.is_file() and json.loads(origin.read_text()) == facts
    for old in folder.glob("*.png"):
        if not kept or old.stem not in sources:
            old.unlink()
    origin.write_text(json.dumps(facts))
    for stem, source in sources.items():
        target = folder / f"{stem}.png"
        if not target.is_file() or target.stat().st_mtime < source.stat().st_mtime:
            Image.fromarray(make(source)).save(target)
