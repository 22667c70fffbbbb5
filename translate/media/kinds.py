"""What a file is, by its content: a suffix may be missing, wrong or unknown."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import IO

from PIL import Image, UnidentifiedImageError

from translate.errors import PictureError
from translate.media.codec import CodecError, codec_call
from translate.media.guards import MAX_PIXELS, READABLE, reading
from translate.media.tiff import UnusualTiff

HEAD_BYTES = 1024  # of a file, enough for every question below
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_SIGNATURES = {
    "TIFF": re.compile(rb"II\*\0|MM\0\*|II\+\0|MM\0\+"),
    "BMP": re.compile(rb"BM.{4}\0\0\0\0", re.DOTALL),
    "PNG": re.compile(rb"\x89PNG\r\n"),
    "JPEG2000": re.compile(rb"\xffO\xffQ|\0\0\0\x0cjP  "),
}
_NEW_SUBFILE_TYPE, _SUB_IFDS = 254, 330  # tags of a TIFF
_LIKE_JPEG = ("MPO", "HEIF")  # an MPO is a JPEG followed by others
_REDUCED = 1  # bit of NewSubfileType: a smaller version of another picture in the file


def brands(head: bytes) -> set[bytes]:
    """The brands of an ISO base media file (HEIF, AVIF, MP4) that begins with ``head``; none for other files."""
    if head[4:8] != b"ftyp":
        return set()
    end = min(len(head), int.from_bytes(head[:4]))
    return {head[8:12], *(head[start : start + 4] for start in range(16, end, 4))}


def open_image(file: IO[bytes], name: str, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Open the picture in ``file``, called ``name`` in messages; its pixels are not decoded.

    Raises ``PictureError`` if it is empty, no picture, one of a kind that this installation cannot read, or a raw
    photo, of which Pillow would take the preview.
    """
    head = file.read(HEAD_BYTES)
    if not head:
        raise PictureError(f"{name}: empty, 0 bytes")
    file.seek(0)
    formats = _formats(head, name)
    with reading(name, max_pixels), codec_call():
        image = _identified(file, head, formats)
    with reading(name, max_pixels):
        raw = head[8:10] == b"CR" or _begins_with_preview(image)
    if image.format == "TIFF" and raw:
        raise PictureError(f"{name}: a raw photo, of which only the preview could be read; develop it first")
    return image


def _identified(file: IO[bytes], head: bytes, formats: tuple[str, ...]) -> Image.Image:
    """Pillow's `Image.open`, and TIFFs of kinds that it does not know.

    Where it says of a file with a known signature only that it is none, its reason is raised.
    """
    try:
        return Image.open(file, formats=formats)
    except UnidentifiedImageError:
        format = next((name for name, signature in _SIGNATURES.items() if signature.match(head)), None)
        if format is None:
            raise
        file.seek(0)
        if format == "TIFF":
            return UnusualTiff(file)
        Image.OPEN[format][0](file, "")
        raise


def others_note(image: Image.Image) -> str | None:
    """What is to be said of the pages or frames of an opened file besides the one that is taken, if it has any.

    The second picture of an MPO, which is another view or a map of the light, is not one of them.
    """
    if image.format == "MPO":
        return None
    try:
        with codec_call():
            count = getattr(image, "n_frames", 1)
    except CodecError:  # damage behind the first one, where Pillow has left the picture
        with suppress(CodecError), codec_call():
            image.seek(0)
        return None
    kind = "pages" if image.format == "TIFF" else "frames"
    return f"holds the first of {count} {kind}" if count > 1 else None


def picture_format(path: Path) -> str | None:
    """Pillow's name of the format of the file ``path``, JPEG for all that are one or as lossy; None: not a picture."""
    try:
        if not path.is_file():  # data read from a pipe would be lost
            return None
        with path.open("rb") as file, open_image(file, str(path)) as image:
            return "JPEG" if image.format in _LIKE_JPEG else image.format
    except (OSError, PictureError):
        return None


def _formats(head: bytes, name: str) -> tuple[str, ...]:
    """Pillow's names of the formats to try; HEIF is one of them where pillow-heif is installed."""
    if not brands(head) & _HEIF_BRANDS:
        return READABLE
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        raise PictureError(f"{name}: a HEIF picture; pip install 'picture-translate[heif]' reads it") from None
    register_heif_opener()
    return ("HEIF",)


def _begins_with_preview(image: Image.Image) -> bool:
    """Whether the first picture of a TIFF is a smaller version of another one in it, as raw photos have it."""
    with codec_call():
        tags = getattr(image, "tag_v2", {})
        reduced = tags.get(_NEW_SUBFILE_TYPE, 0) & _REDUCED
        return bool(reduced) and (_SUB_IFDS in tags or getattr(image, "n_frames", 1) > 1)
