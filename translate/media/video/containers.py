"""Which container a video file is in, by its first bytes.

FFmpeg would otherwise find out by itself, and among what it knows are texts, such as playlists, that name other files
and addresses to read.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from translate.errors import PictureError

HEAD = 2048  # bytes looked at
READABLE = "MP4, MOV, Matroska, WebM, AVI, MPEG, Windows Media, Flash, Ogg, GIF"
# FFmpeg's names of the demuxers that read nothing but the file, by patterns of its beginning
_SIGNATURES = {
    "mov": rb".{4}(ftyp|moov|mdat|moof|styp|sidx|wide|free|skip|pnot|uuid)",
    "matroska": rb"\x1a\x45\xdf\xa3",
    "avi": rb"RIFF.{4}AVI[ X\x19]",
    "mpeg": rb"\0\0\x01\xba",
    "mpegvideo": rb"\0\0\x01\xb3",
    "m4v": rb"\0\0\x01[\x00\xb0]",
    "asf": rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
    "flv": rb"FLV\x01",
    "ogg": rb"OggS\0",
    "gif": rb"GIF8[79]a",
}
_SYNC = 0x47  # the first byte of each packet of an MPEG transport stream
_PACKETS = 4  # in a row that have it, at least
_PACKET_SIZES = (188, 192, 204)  # bytes: plain, with a time code before it (Blu-ray), with error correction after it


def container_format(path: Path) -> str:
    """FFmpeg's name of the demuxer for ``path``; raises ``PictureError`` for all but video containers."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise PictureError(f"{path}: cannot be read: {error.strerror}") from error
    for name, signature in _SIGNATURES.items():
        if re.match(signature, head, re.DOTALL):
            return name
    if _is_transport_stream(head):
        return "mpegts"
    raise PictureError(f"{path}: damaged, cut short, or no video that this program reads ({READABLE})")


def _is_transport_stream(head: bytes) -> bool:
    """Whether packets follow each other; a recording may begin inside one."""
    return any(
        head[start : start + size * _PACKETS : size].count(_SYNC) == _PACKETS
        for size in _PACKET_SIZES
        for start in range(size)
    )


def as_url(path: Path) -> str:
    """``path`` for FFmpeg, which takes what comes before a colon, as in a folder named ``http:``, for a protocol."""
    return f"file:{os.path.abspath(path)}"  # noqa: PTH100 (`resolve` would follow links)
