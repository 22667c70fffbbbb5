"""The file formats that are written, what Pillow is to be told for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from PIL import Image

from translate.errors import UserError
from translate.media.exif import portable_exif

ANIMATED = ("GIF", "WEBP", "PNG")  # of `FORMATS`, those that hold animations
CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}  # of videos, for FFmpeg
Effort = Literal["fast", "normal", "small"]  # time spent on making a file small; the picture in it is as good


@dataclass(frozen=True, kw_only=True)
class Format:
    """A file format that can be written."""

    suffixes: tuple[str, ...]  # the first one is given to new files
    alpha: bool  # holds transparency
    exif: bool
    quality: int | None = None  # the default, 1 to 100; None: the format is lossless or has no such choice
    options: Mapping[str, Any] = field(default_factory=dict)  # for Pillow
    fast: Mapping[str, Any] = field(default_factory=dict)  # in place of these: for speed at the cost of size
    small: Mapping[str, Any] = field(default_factory=dict)  # ... for size at the cost of speed


# Flat colours with hard edges suffer from halved chroma, hence 4:4:4. "normal" stops where a slower setting costs
# several times the time for a few per cent of the size: zlib's level 6 takes four times as long as level 1 for 7 %,
# WebP's method 4 twice as long as 2 for 2 %. Compressed, Pillow's TIFF loses its EXIF.
FORMATS = {
    "JPEG": Format(
        suffixes=(".jpg", ".jpeg", ".jpe", ".jfif"),
        alpha=False,
        exif=True,
        quality=92,
        options={"subsampling": "4:4:4"},
        small={"progressive": True, "optimize": True},
    ),
    "PNG": Format(
        suffixes=(".png",), alpha=True, exif=True, options={"compress_level": 1}, small={"compress_level": 9}
    ),
    "WEBP": Format(
        suffixes=(".webp",),
        alpha=True,
        exif=True,
        quality=90,
        options={"method": 2},
        fast={"method": 0},
        small={"method": 6},
    ),
    "TIFF": Format(suffixes=(".tif", ".tiff"), alpha=True, exif=True),
    "BMP": Format(suffixes=(".bmp",), alpha=False, exif=False),
    "AVIF": Format(
        suffixes=(".avif",),
        alpha=True,
        exif=True,
        quality=80,
        options={"speed": 8, "subsampling": "4:4:4"},
        fast={"speed": 10},
        small={"speed": 5},
    ),
    "GIF": Format(suffixes=(".gif",), alpha=True, exif=False),
}
MAX_JPEG_EXIF = 65533  # bytes


def format_named(name: str) -> str:
    """Pillow's name of a format the user writes as ``jpg``, ``TIFF`` or ``.webp``."""
    suffix = "." + name.lower().removeprefix(".")
    format = format_of_suffix(suffix)
    if format is None:
        known = ", ".join(known.suffixes[0][1:] for known in FORMATS.values())
        raise UserError(f"{name!r} is no format this program writes; it writes {known}")
    return format


def format_of_suffix(suffix: str) -> str | None:
    """Pillow's name of the format written to files that end in ``suffix``, such as ``.jpg``; None: not one of ours."""
    return next((name for name, format in FORMATS.items() if suffix.lower() in format.suffixes), None)


def save_options(format: str, quality: int | None, effort: Effort, exif: bytes | None) -> dict[str, Any]:
    """What `Image.save` is given beside the file and its format; ``exif`` is left out where it has no room."""
    spec = FORMATS[format]
    options = {**spec.options, **{"fast": spec.fast, "normal": {}, "small": spec.small}[effort]}
    if spec.quality is not None:
        options["quality"] = spec.quality if quality is None else quality
    if not (exif and spec.exif) or (format == "JPEG" and len(exif) > MAX_JPEG_EXIF):
        return options
    if format in ("TIFF", "AVIF"):  # Pillow takes the tags apart, and lets those of a TIFF overrule its layout
        tags = Image.Exif()
        tags.load(exif)
        exif = portable_exif(tags) or b""
    return options | {"exif": exif}
