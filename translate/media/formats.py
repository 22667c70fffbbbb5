"""The file formats that can be written, and Pillow's options for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from translate.errors import UserError
from translate.media.codec import codec_call
from translate.media.description import NO_DESCRIPTION, Description, description_options, tiff_tags
from translate.media.exif import parse_exif, portable_exif, software_of

ANIMATED = ("GIF", "WEBP", "PNG", "AVIF")  # those `FORMATS` that can hold animations
CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}  # FFmpeg's names
Effort = Literal["fast", "normal", "small"]  # time spent on making a file small; the picture quality is the same


@dataclass(frozen=True, kw_only=True)
class Format:
    """A file format that can be written."""

    suffixes: tuple[str, ...]  # new files get the first one
    alpha: bool  # can hold transparency
    exif: bool  # can hold EXIF
    quality: int | None = None  # the default, 1 to 100; None: lossless, or without a quality setting
    options: Mapping[str, Any] = field(default_factory=dict)  # for Pillow
    fast: Mapping[str, Any] = field(default_factory=dict)  # overrides of ``options``: speed at the cost of size
    small: Mapping[str, Any] = field(default_factory=dict)  # overrides of ``options``: size at the cost of speed


# Flat colours with hard edges suffer from halved chroma, hence 4:4:4. "normal" stops where a slower setting costs
# several times the time for a few per cent of the size: zlib's level 6 takes four times as long as level 1 for 7 %,
# WebP's method 4 twice as long as 2 for 2 %. TIFF is not compressed: Pillow would then lose its EXIF.
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
MAX_JPEG_EXIF = 65533  # bytes that fit in a JPEG segment


def format_named(name: str) -> str:
    """Pillow's name of a format the user writes as ``jpg``, ``TIFF`` or ``.webp``; raises ``UserError`` if unknown."""
    suffix = "." + name.lower().removeprefix(".")
    format = format_of_suffix(suffix)
    if format is None:
        known = ", ".join(known.suffixes[0][1:] for known in FORMATS.values())
        raise UserError(f"{name!r} is not a format this program writes; it writes {known}")
    return format


def format_of_suffix(suffix: str) -> str | None:
    """Pillow's name of the format for files that end in ``suffix``, such as ``.jpg``; None: cannot be written."""
    return next((name for name, format in FORMATS.items() if suffix.lower() in format.suffixes), None)


def save_options(
    format: str,
    quality: int | None,
    effort: Effort,
    exif: bytes | None,
    description: Description = NO_DESCRIPTION,
) -> dict[str, Any]:
    """Keyword arguments for `Image.save`.

    ``exif`` and ``description`` are left out if the format cannot hold them; a GIF has the software.

    Raises ``CodecError`` if ``exif`` is damaged.
    """
    spec = FORMATS[format]
    options = {**spec.options, **{"fast": spec.fast, "normal": {}, "small": spec.small}[effort]}
    if spec.quality is not None:
        options["quality"] = spec.quality if quality is None else quality
    description = description.portable()
    options |= description_options(format, description)
    if exif and format == "GIF":
        software = software_of(exif)
        return options if software is None else options | {"comment": software}
    if format == "TIFF":  # whose tags are those of EXIF
        return options | {"exif": _tiff_exif(exif, description)}
    if not (exif and spec.exif) or (format == "JPEG" and len(exif) > MAX_JPEG_EXIF):
        return options
    if format == "AVIF":  # Pillow parses the tags
        exif = portable_exif(parse_exif(exif)) or b""
    return options | {"exif": exif}


def _tiff_exif(exif: bytes | None, description: Description) -> bytes:
    """The tags of a TIFF, of which Pillow would let all override the pixel layout."""
    tags = parse_exif(portable_exif(parse_exif(exif or b"")) or b"")
    tags.update(tiff_tags(description))
    with codec_call():
        return tags.tobytes() if len(tags) else b""
