"""EXIF: the orientation of a picture, and the tags that may go with it into another file."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from PIL import ExifTags, Image

from translate.errors import CODEC_ERRORS

_ORIENTATION = ExifTags.Base.Orientation
_HEADER = b"Exif\0\0"
# TIFF and EXIF share one directory of tags; those that describe the layout of the pixels belong to one file only.
_LAYOUT_TAGS = {*range(254, 260), *range(262, 267), 273, *range(277, 282), 284, *range(317, 348), *range(512, 533)}
_LAYOUT_TAGS |= {700, 33723, 34377, 34675, 37724}  # XMP, IPTC, Photoshop's, the ICC profile, Photoshop's layers


def read_orientation(image: Image.Image) -> int:
    """1: upright, as it counts where EXIF is damaged; else how the camera was held."""
    try:
        return image.getexif().get(_ORIENTATION, 1)
    except CODEC_ERRORS:
        return 1


def read_exif(image: Image.Image) -> bytes | None:
    """The tags as they may be written to another file that holds the picture upright. Damaged EXIF counts as none."""
    try:
        exif = image.getexif()
        if exif.get(_ORIENTATION, 1) == 1 and "exif" in image.info:
            anew = Image.Exif()
            anew.load(image.info["exif"])  # a JPEG's `getexif` says nothing of damage that opening it came upon
            return _with_header(image.info["exif"]) if len(anew) else None
        return portable_exif(exif)
    except CODEC_ERRORS:
        return None


def _with_header(exif: bytes) -> bytes:
    """WebP holds EXIF without the header that JPEG wants, and Pillow passes on what it finds."""
    return exif if exif.startswith(_HEADER) else _HEADER + exif


def portable_exif(exif: Image.Exif) -> bytes | None:
    """The tags that hold for any file with this picture upright, without those that Pillow cannot write."""
    tags: dict[int, Any] = {}
    for tag in exif:
        if tag not in _LAYOUT_TAGS:
            with suppress(*CODEC_ERRORS):
                tags[tag] = _portable_value(exif, tag)
    try:
        return _packed(tags)
    except CODEC_ERRORS:
        return _packed(_writable(tags))


def _packed(tags: Mapping[int, Any]) -> bytes | None:
    """Raises one of `CODEC_ERRORS` where a value is not of the type that its tag has."""
    exif = Image.Exif()
    exif.update(tags)
    return exif.tobytes() if len(exif) else None


def _writable(tags: Mapping[int, Any]) -> dict[int, Any]:
    """Those that `_packed` takes, in directories too."""

    def fits(tag: int, value: Any) -> bool:
        try:
            _packed({tag: value})
        except CODEC_ERRORS:
            return False
        return True

    def fitting(tag: int, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {inner: each for inner, each in value.items() if fits(tag, {inner: each})}

    kept = {tag: fitting(tag, value) for tag, value in tags.items()}
    return {tag: value for tag, value in kept.items() if fits(tag, value)}


def _portable_value(exif: Image.Exif, tag: int) -> Any:
    if tag == _ORIENTATION:
        return 1
    if tag not in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        return exif[tag]
    directory = dict(exif.get_ifd(tag))
    if ExifTags.IFD.Interop in directory:  # an offset into the old file
        directory[ExifTags.IFD.Interop] = exif.get_ifd(ExifTags.IFD.Interop)
    return directory
