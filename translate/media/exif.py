"""EXIF: the orientation of a picture, and the tags that can be copied to another file."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from PIL import ExifTags, Image

from translate.errors import CODEC_ERRORS
from translate.media.codec import CodecError, codec_call

_ORIENTATION = ExifTags.Base.Orientation
_HEADER = b"Exif\0\0"
# TIFF and EXIF share one tag directory; tags that describe the pixel layout are valid for one file only.
_LAYOUT_TAGS = {*range(254, 260), *range(262, 267), 273, *range(277, 282), 284, *range(317, 348), *range(512, 533)}
_LAYOUT_TAGS |= {700, 33723, 34377, 34675, 37724}  # XMP, IPTC, Photoshop's, the ICC profile, Photoshop's layers


def read_orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1, upright, if it is missing or EXIF is damaged."""
    try:
        return image.getexif().get(_ORIENTATION, 1)
    except CODEC_ERRORS:
        return 1


def read_exif(image: Image.Image) -> bytes | None:
    """The tags in a form that can be written to another file with the picture upright. Damaged EXIF counts as none."""
    try:
        with codec_call():
            exif = image.getexif()
            orientation = exif.get(_ORIENTATION, 1)
        if orientation == 1 and "exif" in image.info:
            # a JPEG's `getexif` hides damage found when it was opened
            return _with_header(image.info["exif"]) if len(parse_exif(image.info["exif"])) else None
        return portable_exif(exif)
    except CodecError:
        return None


def parse_exif(content: bytes) -> Image.Exif:
    """Parse ``content``, with or without the header. Raises ``CodecError`` if it is damaged."""
    exif = Image.Exif()
    with codec_call():
        exif.load(content)
    return exif


def _with_header(exif: bytes) -> bytes:
    """WebP holds EXIF without the header that JPEG needs, and Pillow passes it on as found."""
    return exif if exif.startswith(_HEADER) else _HEADER + exif


def portable_exif(exif: Image.Exif) -> bytes | None:
    """The tags that are valid in any file with this picture upright, without those that Pillow cannot write.

    Raises ``CodecError`` if it can write each of the others, but not all together.
    """
    tags: dict[int, Any] = {}
    for tag in exif:
        if tag not in _LAYOUT_TAGS:
            with suppress(CodecError):
                tags[tag] = _portable_value(exif, tag)
    try:
        return _packed(tags)
    except CodecError:
        return _packed(_writable(tags))


def _packed(tags: Mapping[int, Any]) -> bytes | None:
    """The EXIF content with ``tags``; raises ``CodecError`` if a value does not have its tag's type."""
    exif = Image.Exif()
    with codec_call():
        exif.update(tags)
        return exif.tobytes() if len(exif) else None


def _writable(tags: Mapping[int, Any]) -> dict[int, Any]:
    """Those ``tags`` that `_packed` accepts, also inside nested directories."""

    def fits(tag: int, value: Any) -> bool:
        try:
            _packed({tag: value})
        except CodecError:
            return False
        return True

    def fitting(tag: int, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {inner: each for inner, each in value.items() if fits(tag, {inner: each})}

    kept = {tag: fitting(tag, value) for tag, value in tags.items()}
    return {tag: value for tag, value in kept.items() if fits(tag, value)}


def _portable_value(exif: Image.Exif, tag: int) -> Any:
    """Raises ``CodecError`` if the value is damaged."""
    if tag == _ORIENTATION:
        return 1
    if tag not in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        with codec_call():
            return exif[tag]
    with codec_call():
        directory = dict(exif.get_ifd(tag))
        if ExifTags.IFD.Interop in directory:  # an offset into the old file
            directory[ExifTags.IFD.Interop] = exif.get_ifd(ExifTags.IFD.Interop)
    return directory
