"""Untrusted files: what is refused before decoding, and how decoding errors become one line.

A file cannot hang the program or use up all memory: only regular files are opened, pixels and the bytes that they take
are counted before they take memory, frames and scans while they are still few. How long decoding a picture within these
limits takes is up to the libraries; there is no timeout.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from PIL import Image, UnidentifiedImageError

from translate.errors import PictureError
from translate.media.codec import TOO_LARGE as TOO_LARGE
from translate.media.codec import CodecError, codec_call, fault
from translate.media.formats import ANIMATED
from translate.media.pillow import quiet_pillow

MAX_PIXELS = 200_000_000  # per picture; larger ones are refused by their header
MAX_SIDE = 65_535  # pixels: a picture of 1 x 4,000,000 takes gigabytes; more in proportion to a raised ``max_pixels``
DECODING = 8  # bytes that decoding may take for each pixel of ``max_pixels``
# Bytes per pixel at the peak of decoding to RGB, by Pillow's modes; others take hardly more than `DECODING`. Pillow
# holds three channels in four bytes; greys of 16 bits and more pass through several arrays of float32.
_BYTES = {"LA": 10, "La": 10, "PA": 10, "RGBA": 9, "RGBa": 9, "I": 17, "F": 17}
MAX_SCANS = 100  # of a progressive JPEG, each of which covers all pixels; encoders write about ten
READABLE = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "JPEG2000", "PPM")
_MARKER = re.compile(rb"\xff[^\0\xd0-\xd7\xff]")  # a JPEG marker, except for those that occur inside a scan
_SCAN, _END = b"\xff\xda", b"\xff\xd9"
OWN_DESCRIPTORS = ("/dev/fd/", "/proc/self/fd/")


def require_file(path: Path) -> None:
    """Raise ``PictureError`` unless ``path`` is a regular file.

    Reading a named pipe or a device could block forever. Pipes that this process inherited are as good as standard
    input, though: the shell's ``<(command)`` is ``/dev/fd/63``.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        problem = f"a link to {path.readlink()}, which is missing" if path.is_symlink() else "no such file"
        raise PictureError(f"{path}: {problem}") from None
    except OSError as error:
        raise PictureError(f"{path}: cannot be read: {error.strerror}") from error
    if stat.S_ISDIR(mode):
        readable = os.access(path, os.R_OK | os.X_OK)
        raise PictureError(f"{path}: {'a folder, not a picture' if readable else 'a folder that cannot be read'}")
    if not stat.S_ISREG(mode) and str(path) != "/dev/stdin" and not str(path).startswith(OWN_DESCRIPTORS):
        raise PictureError(f"{path}: a pipe, a socket or a device, not a file; give '-' to read standard input")


@contextmanager
def reading(name: str, max_pixels: int = MAX_PIXELS) -> Iterator[None]:
    """Turn Pillow's errors about a file's content into a ``PictureError`` that names it.

    The calls to Pillow have to be in `codec_call`: other errors are mistakes in this program and pass through.
    Pillow itself refuses pictures that turn out larger than their header says, above twice ``max_pixels``.
    """
    try:
        with quiet_pillow(max_pixels):
            yield
    except Image.DecompressionBombError as error:
        pixels = re.findall(r"\d+", str(error))[0]
        raise PictureError(_over_limit(name, f"{pixels} pixels", max_pixels, pixels)) from error
    except MemoryError as error:
        raise PictureError(f"{name}: {TOO_LARGE}") from error
    except CodecError as error:
        if isinstance(error.cause, UnidentifiedImageError):
            raise PictureError(f"{name}: not a picture this program reads ({', '.join(READABLE)})") from error.cause
        raise PictureError(f"{name}: {fault(error.cause)}") from error.cause


def require_pixels(image: Image.Image, name: str, max_pixels: int) -> None:
    """Raise ``PictureError`` if an opened picture has more than ``max_pixels``, is too long, or takes too much memory.

    Both bounds follow ``max_pixels``: `MAX_SIDE` above its default, `DECODING` bytes per pixel always.
    """
    width, height = image.size
    pixels, size = width * height, f"{width} x {height} pixels"
    if pixels > max_pixels:
        raise PictureError(_over_limit(name, size, max_pixels, pixels))
    longest = MAX_SIDE * max(max_pixels, MAX_PIXELS) // MAX_PIXELS
    if max(width, height) > longest:
        enough = -(-max(width, height) * MAX_PIXELS // MAX_SIDE)
        raise PictureError(_over_limit(name, f"{size}: its sides", longest, enough))
    mode = "I" if image.mode.startswith("I") else image.mode  # I;16 and the like
    taken = pixels * getattr(image, "decoding_bytes", _BYTES.get(mode, DECODING))  # as `tiff` states them
    if taken > max_pixels * DECODING:
        what = f"{size} of {image.mode}: the {taken} bytes that decoding takes"
        raise PictureError(_over_limit(name, what, max_pixels * DECODING, -(-taken // DECODING)))


def _over_limit(name: str, pixels: str, limit: int, enough: object) -> str:
    return f"{name}: {pixels} are over the limit of {limit}; raise it with <max_pixels> {enough}"


def require_few_scans(image: Image.Image, file: IO[bytes], name: str) -> None:
    """Raise ``PictureError`` if an opened JPEG has far more scans than encoders write."""
    if not image.info.get("progressive"):
        return
    position = file.tell()
    file.seek(0)
    scans = _count_scans(file.read())
    file.seek(position)
    if scans > MAX_SCANS:
        raise PictureError(f"{name}: a JPEG of more than {MAX_SCANS} scans; save it again with another program")


def _count_scans(jpeg: bytes) -> int:
    """Count the scans of the picture itself, not of a thumbnail or of trailing data; stops just above the limit."""
    scans, start = 0, 2
    while (marker := _MARKER.search(jpeg, start)) and marker[0] != _END and scans <= MAX_SCANS:
        scans += marker[0] == _SCAN
        start = marker.end() + int.from_bytes(jpeg[marker.end() : marker.end() + 2])
    return scans


def is_animated(path: Path) -> bool:
    """Whether ``path`` holds several frames, by its header; False for files that are not pictures."""
    try:
        if not path.is_file():  # data read from a pipe would be lost
            return False
        with path.open("rb") as file, reading(str(path)):
            return _has_frames(file)
    except (OSError, PictureError):
        return False


def _has_frames(file: IO[bytes]) -> bool:
    head = file.read(64)
    if head[8:12] == b"WEBP":  # Pillow would read the whole file; a flag in the extended header is enough
        return head[12:16] == b"VP8X" and len(head) > 20 and bool(head[20] & 2)
    is_sequence = head[4:8] == b"ftyp" and b"avis" in head[8:]  # the brand of AVIF image sequences
    if not is_sequence and not head.startswith((b"GIF8", b"\x89PNG")):
        return False
    file.seek(0)
    with codec_call(), Image.open(file, formats=ANIMATED) as image:
        return bool(getattr(image, "is_animated", False))
