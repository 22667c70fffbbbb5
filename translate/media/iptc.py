"""IPTC, a picture's title, author and keywords as records (IIM 4.2), without the preview that it may hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from PIL import Image

_MARKER = 0x1C  # begins each dataset
_KEPT_RECORDS = (1, 2)  # the envelope and the application's; the others are the object itself and its frame
_PREVIEWS = (200, 201, 202)  # datasets of record 2: its format, its version and the preview
_PHOTOSHOP, _RESOURCE = 0x0404, b"8BIM"  # where Photoshop's resources have it
_TAG = 33723  # where a TIFF has it
_SEGMENT = b"\xff\xed", b"Photoshop 3.0\0"
MAX_BYTES = 60_000  # of a segment in a JPEG, with room for what is around it


def read_iptc(image: Image.Image) -> bytes | None:
    """The datasets of an opened JPEG or TIFF, as they are; None: there are none."""
    resources = image.info.get("photoshop")
    found = resources.get(_PHOTOSHOP) if isinstance(resources, Mapping) else getattr(image, "tag_v2", {}).get(_TAG)
    return found if isinstance(found, bytes) else None


def portable_iptc(content: bytes | None) -> bytes | None:
    """The datasets in ``content`` but pictures; None: there are none left, or it is damaged or over `MAX_BYTES`."""
    if content is None or len(content) > MAX_BYTES:
        return None
    try:
        return b"".join(_kept(content)) or None
    except (ValueError, IndexError):
        return None


def _kept(content: bytes) -> Iterator[bytes]:
    """Raises ``ValueError`` or ``IndexError`` where ``content`` is damaged."""
    start = 0
    while start < len(content.rstrip(b"\0")):
        if content[start] != _MARKER:
            raise ValueError("no dataset")
        record, dataset, size = content[start + 1], content[start + 2], int.from_bytes(content[start + 3 : start + 5])
        end = start + 5 + size
        if size >> 15 or end > len(content):  # larger than 32 KiB: no text
            raise ValueError("too long")
        if record in _KEPT_RECORDS and not (record == 2 and dataset in _PREVIEWS):
            yield content[start:end]
        start = end


def jpeg_segment(iptc: bytes) -> bytes:
    """The segment of a JPEG that holds ``iptc``, of at most `MAX_BYTES`."""
    marker, name = _SEGMENT
    resource = _RESOURCE + _PHOTOSHOP.to_bytes(2) + b"\0\0" + len(iptc).to_bytes(4) + iptc + b"\0" * (len(iptc) % 2)
    return marker + (2 + len(name) + len(resource)).to_bytes(2) + name + resource
