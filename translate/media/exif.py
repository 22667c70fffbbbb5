"""EXIF: the orientation of a picture, and the tags that can be copied to another file."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from PIL import ExifTags, Image

from translate.errors import CODEC_ERRORS
from translate.media.codec import CodecError, codec_call

_ORIENTATION, _PROCESSING_SOFTWARE = ExifTags.Base.Orientation, ExifTags.Base.ProcessingSoftware
SIDEWAYS = (5, 6, 7, 8)  # the orientations that swap width and height
_WIDTH, _HEIGHT = ExifTags.Base.ExifImageWidth, ExifTags.Base.ExifImageHeight
# TIFF and EXIF share one tag directory; tags that describe the pixel layout are valid for one file only.
_LAYOUT_TAGS = {*range(254, 260), *range(262, 267), 273, *range(277, 282), 284, *range(317, 348), *range(512, 533)}
_LAYOUT_TAGS |= {700, 33723, 34377, 34675, 37724}  # XMP, IPTC, Photoshop's, the ICC profile, Photoshop's layers
# Makers hold previews of the photo in their notes, often at offsets into the old file, so that nothing could be taken
# out of them. The thumbnail is in a directory of its own, which is not copied.
_MAKER_NOTE = ExifTags.Base.MakerNote


def read_orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1, upright, if it is missing or EXIF is damaged."""
    try:
        return image.getexif().get(_ORIENTATION, 1)
    except CODEC_ERRORS:
        return 1


def read_exif(image: Image.Image) -> bytes | None:
    """The tags in a form that can be written to another file with the picture upright. Damaged EXIF counts as none.

    There are no pictures of the photo in them: thumbnails, and makers' notes, are left out.
    """
    try:
        with codec_call():
            exif = image.getexif()
        return portable_exif(exif)
    except CodecError:
        return None


def exif_of_result(exif: bytes | None, size: tuple[int, int], software: str) -> bytes:
    """The EXIF of a result of ``size``, width and height, made by ``software`` from a picture with ``exif``.

    Where the size of the photo is stated, it becomes that of the result.
    """
    try:
        tags = {} if exif is None else _portable_tags(parse_exif(exif))
    except CodecError:
        tags = {}
    photo = tags.get(ExifTags.IFD.Exif)
    if isinstance(photo, dict):
        stated = {tag: side for tag, side in zip((_WIDTH, _HEIGHT), size, strict=True) if tag in photo}
        tags[ExifTags.IFD.Exif] = photo | stated
    packed = _packed_writable(tags | {_PROCESSING_SOFTWARE: software})
    assert packed is not None  # there is one tag at least
    return packed


def parse_exif(content: bytes) -> Image.Exif:
    """Parse ``content``, with or without the header. Raises ``CodecError`` if it is damaged."""
    exif = Image.Exif()
    with codec_call():
        exif.load(content)
    return exif


def portable_exif(exif: Image.Exif) -> bytes | None:
    """The tags that are valid in any file with this picture upright, and that Pillow can write.

    Raises ``CodecError`` if it can write each of the others, but not all together.
    """
    return _packed_writable(_portable_tags(exif))


def _portable_tags(exif: Image.Exif) -> dict[int, Any]:
    tags: dict[int, Any] = {}
    for tag in exif:
        if tag not in _LAYOUT_TAGS:
            with suppress(CodecError):
                tags[tag] = _portable_value(exif, tag)
    photo = tags.get(ExifTags.IFD.Exif, {})
    if exif.get(_ORIENTATION) in SIDEWAYS and {_WIDTH, _HEIGHT} <= photo.keys():
        photo[_WIDTH], photo[_HEIGHT] = photo[_HEIGHT], photo[_WIDTH]
    return tags


def _packed_writable(tags: Mapping[int, Any]) -> bytes | None:
    """`_packed`, without the tags that Pillow cannot write."""
    try:
        return _packed(tags)
    except CodecError:
        return _packed(_writable(tags))


def software_of(exif: bytes) -> str | None:
    """The software that made the picture with ``exif``; raises ``CodecError`` if it is damaged."""
    software = parse_exif(exif).get(_PROCESSING_SOFTWARE)
    return software if isinstance(software, str) else None


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
    directory.pop(_MAKER_NOTE, None)
    return directory
