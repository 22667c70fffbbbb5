"""What a file says of its picture besides EXIF: XMP and IPTC, read from it and written to results.

JPEG, PNG, WebP, TIFF and AVIF hold XMP; JPEG and TIFF also IPTC. Animations lose both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PIL import Image, PngImagePlugin

from translate.errors import CODEC_ERRORS
from translate.media.iptc import jpeg_segment, portable_iptc, read_iptc
from translate.media.xmp import portable_xmp

_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_PNG_XMP = "XML:com.adobe.xmp"
_TIFF_XMP, _TIFF_IPTC = 700, 33723


@dataclass(frozen=True)
class Description:
    """What a file says, as it says it: `portable` of it is for other files."""

    xmp: bytes | None = None
    iptc: bytes | None = None

    def portable(self) -> Description:
        """What is true of any file with the picture upright, without damaged parts and pictures of the photo.

        Takes milliseconds, which reading a picture to learn from should not.
        """
        return Description(portable_xmp(self.xmp), portable_iptc(self.iptc))


NO_DESCRIPTION = Description()


def read_description(image: Image.Image) -> Description:
    """What an opened file says."""
    try:
        xmp = image.info.get("xmp")
        return Description(xmp if isinstance(xmp, bytes) else None, read_iptc(image))
    except CODEC_ERRORS:  # from tags of a damaged TIFF, which Pillow reads when they are asked for
        return NO_DESCRIPTION


def description_options(format: str, description: Description) -> dict[str, Any]:
    """Keyword arguments for `Image.save` in ``format``, except for TIFF, which `tiff_tags` is for.

    The ``description`` of this and the functions below is portable.
    """
    xmp = description.xmp
    if format == "JPEG":
        segments = jpeg_segments(description)
        return {"extra": segments} if segments else {}
    if xmp is None or format not in ("PNG", "WEBP", "AVIF"):
        return {}
    if format != "PNG":
        return {"xmp": xmp}
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt(_PNG_XMP, xmp.decode())
    return {"pnginfo": texts}


def tiff_tags(description: Description) -> dict[int, bytes]:
    """The tags of a TIFF that hold ``description``."""
    tags = {_TIFF_XMP: description.xmp, _TIFF_IPTC: description.iptc}
    return {tag: content for tag, content in tags.items() if content is not None}


def jpeg_segments(description: Description) -> bytes:
    """The segments of a JPEG that hold ``description``."""
    segments = b""
    if description.xmp is not None:
        content = _JPEG_XMP + description.xmp
        segments += b"\xff\xe1" + (2 + len(content)).to_bytes(2) + content
    if description.iptc is not None:
        segments += jpeg_segment(description.iptc)
    return segments
