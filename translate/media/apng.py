"""Writing animated PNGs frame by frame, of which only one is held, where Pillow's writer would hold all.

The chunks are those of the PNG specification, third edition; Pillow compresses the pixels.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from translate.media.changes import box_of
from translate.media.codec import codec_call
from translate.media.images import Picture

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LONGEST = 65_535_000  # milliseconds of one frame
_LARGEST = 65_535  # numerator and denominator of the seconds that a frame lasts
_STAYS, _REPLACES = 0, 0  # a frame is not cleared before the next one; its pixels, also clear ones, replace those below

OptionsOf = Callable[[bytes | None], dict[str, Any]]
Box = tuple[int, int, int, int]  # top, bottom, left and right, the ends excluded


def write_apng(
    file: IO[bytes],
    pictures: Iterable[Picture],
    durations: list[int],
    *,
    plays: int,
    has_alpha: bool,
    options_of: OptionsOf,
) -> tuple[int, int]:
    """Write the frames, of one size and with ``durations`` in ms, and return their width and height.

    ``file`` can seek. ``plays``: how often, 0 forever. ``options_of``: Pillow's for a still PNG with the EXIF of the
    first frame. A frame that shows nothing new makes the one before last longer. Raises ``CodecError`` for what the
    format cannot hold.
    """
    writer: _Writer | None = None
    for picture, duration in zip(pictures, durations, strict=True):
        pixels = _pixels(picture, has_alpha)
        if writer is None:
            writer = _Writer(file, pixels, duration, plays, options_of(picture.exif))
        else:
            writer.add(pixels, duration)
    assert writer is not None  # an animation has a frame
    writer.finish()
    return writer.size


def _pixels(picture: Picture, has_alpha: bool) -> NDArray[np.uint8]:
    """[H, W, 3], or [H, W, 4] if any frame has alpha."""
    if not has_alpha:
        return picture.rgb
    alpha = np.full(picture.rgb.shape[:2], 255, np.uint8) if picture.alpha is None else picture.alpha
    return np.dstack((picture.rgb, alpha))


class _Writer:
    """Writes each frame once the next one shows how long it lasts."""

    def __init__(
        self, file: IO[bytes], first: NDArray[np.uint8], duration: int, plays: int, options: dict[str, Any]
    ) -> None:
        self._file, self._plays = file, plays
        self._options = {name: value for name, value in options.items() if name != "exif"}
        self._frames = self._numbered = 0  # frames and numbered chunks written
        height, width = first.shape[:2]
        self.size = width, height
        data = b""
        file.write(SIGNATURE)
        for kind, content in _chunks(_encoded(first, options)):
            if kind == b"IDAT":
                data += content
            elif kind == b"IHDR":
                self._write(kind, content)
                self._counts_at = file.tell()
                self._write_counts()
            elif kind != b"IEND":
                self._write(kind, content)
        self._before, self._waiting = first, (data, (0, height, 0, width), duration)

    def add(self, pixels: NDArray[np.uint8], duration: int) -> None:
        data, box, lasting = self._waiting
        changed = (pixels != self._before).any(axis=2)
        if not changed.any() and lasting + duration <= LONGEST:
            self._waiting = data, box, lasting + duration
            return
        self._write_waiting()
        top, bottom, left, right = box = box_of(changed)
        encoded = _encoded(np.ascontiguousarray(pixels[top:bottom, left:right]), self._options)
        data = b"".join(content for kind, content in _chunks(encoded) if kind == b"IDAT")
        self._before, self._waiting = pixels, (data, box, duration)

    def finish(self) -> None:
        self._write_waiting()
        self._write(b"IEND", b"")
        self._file.seek(self._counts_at)
        self._write_counts()
        self._file.seek(0, io.SEEK_END)

    def _write_waiting(self) -> None:
        data, (top, bottom, left, right), duration = self._waiting
        seconds = Fraction(min(duration, LONGEST), 1000).limit_denominator(_LARGEST)
        if seconds.numerator > _LARGEST:
            seconds = Fraction(round(seconds))
        control = (right - left, bottom - top, left, top, seconds.numerator, seconds.denominator, _STAYS, _REPLACES)
        self._write(b"fcTL", self._number() + struct.pack(">IIIIHHBB", *control))
        if self._frames:
            self._write(b"fdAT", self._number() + data)
        else:
            self._write(b"IDAT", data)
        self._frames += 1

    def _write_counts(self) -> None:
        self._write(b"acTL", struct.pack(">II", self._frames, self._plays))

    def _number(self) -> bytes:
        self._numbered += 1
        return struct.pack(">I", self._numbered - 1)

    def _write(self, kind: bytes, content: bytes) -> None:
        checksum = zlib.crc32(kind + content)
        self._file.write(struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum))


def _encoded(pixels: NDArray[np.uint8], options: dict[str, Any]) -> bytes:
    content = io.BytesIO()
    with codec_call():
        Image.fromarray(pixels).save(content, "PNG", **options)
    return content.getvalue()


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The type and the content of each chunk of a sound PNG."""
    start = len(SIGNATURE)
    while start < len(png):
        (length,) = struct.unpack_from(">I", png, start)
        yield png[start + 4 : start + 8], png[start + 8 : start + 8 + length]
        start += 12 + length
