"""Writing animated GIFs frame by frame, of which only one is held, where Pillow's writer would hold all.

The format is that of the GIF89a specification; Pillow compresses the pixels.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import GifImagePlugin, Image

from translate.media.changes import box_of
from translate.media.codec import codec_call
from translate.media.images import Picture

UNIT = 10  # milliseconds: a GIF counts in hundredths of a second
LONGEST = 65_535 * UNIT  # milliseconds of one frame
COLOURS = 255  # one of a palette's 256 is kept for transparency
CLEAR = COLOURS  # the palette index of transparent pixels
OPAQUE_FROM = 128  # alpha from which a pixel counts as opaque; a GIF's pixels are opaque or clear
PALETTE_GROWTH = 1.25  # a palette is kept up to this many times the error on the frame it was made for,
PALETTE_SLACK = 0.5  # plus this error, of 255, which is not worth a new palette
_STAYS, _IS_CLEARED = 1, 2  # what becomes of a frame before the next one

Pixels = NDArray[np.uint8]
OptionsOf = Callable[[bytes | None], dict[str, Any]]  # Pillow's options to save a still picture with this EXIF


def write_gif(
    file: IO[bytes],
    pictures: Iterable[Picture],
    durations: list[int],
    *,
    plays: int,
    has_clear_pixels: bool,
    options_of: OptionsOf,
) -> tuple[int, int]:
    """Write the frames, of one size and with ``durations`` in ms, and return their width and height.

    ``plays``: how often, 0 forever. ``has_clear_pixels``: some pixels of some frames are transparent. Of ``options_of``
    the first frame's EXIF the comment counts. A frame that shows nothing new makes the one before last longer. Raises
    ``CodecError`` for what the format cannot hold.
    """
    quantise = _PaletteQuantiser()
    before: Pixels | None = None  # the frame shown now, [H, W, 4]
    waiting: tuple[Image.Image, tuple[int, int], int] | None = None  # the last frame, its place and its duration
    size = (0, 0)
    for picture, duration in zip(pictures, rounded(durations, UNIT), strict=True):
        image = quantise(picture)
        indices = np.array(image)
        clear = _clear_pixels(picture) if has_clear_pixels else np.zeros_like(indices, bool)
        shown = np.dstack((np.asarray(image.convert("RGB")), np.where(clear, 0, 255).astype(np.uint8)))
        shown[clear] = 0
        changed = np.ones_like(clear) if before is None else (shown != before).any(axis=2)
        if waiting is None:
            size, comment = picture.size, options_of(picture.exif).get("comment")
            with codec_call():
                header = _header(size, plays, comment)
            file.write(header)
        elif not changed.any() and waiting[2] + duration <= LONGEST:
            waiting = (*waiting[:2], waiting[2] + duration)
            continue
        else:
            _write_frame(file, *waiting, disposal=_IS_CLEARED if has_clear_pixels else _STAYS)
        indices[clear if has_clear_pixels else ~changed] = CLEAR
        top, bottom, left, right = box_of(~clear if has_clear_pixels else changed)
        waiting = (_with_palette(indices[top:bottom, left:right], image), (left, top), duration)
        before = shown
    if waiting is not None:
        _write_frame(file, *waiting, disposal=_IS_CLEARED if has_clear_pixels else _STAYS)
    file.write(b";")
    return size


def rounded(durations: list[int], step: int) -> list[int]:
    """Round to multiples of ``step`` so that the running sums stay as close as possible to the original ones."""
    ends = np.floor(np.cumsum([0, *durations]) / step + 0.5).astype(int) * step
    return [int(duration) for duration in np.diff(ends)]


def _header(size: tuple[int, int], plays: int, comment: str | None) -> bytes:
    """All before the first frame; raises ``struct.error`` for a side that is too long."""
    parts = [b"GIF89a", struct.pack("<HHBBB", *size, 0, 0, 0)]
    if plays != 1:
        repeats = min(65_535, plays and plays - 1)  # 0: forever
        parts.append(b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", repeats) + b"\0")
    if comment:
        text = comment.encode()[:255]
        parts.append(b"!\xfe" + bytes([len(text)]) + text + b"\0")
    return b"".join(parts)


def _write_frame(file: IO[bytes], image: Image.Image, place: tuple[int, int], duration: int, *, disposal: int) -> None:
    options: dict[str, Any] = {"duration": min(duration, LONGEST), "disposal": disposal, "include_color_table": True}
    if disposal == _IS_CLEARED or np.asarray(image).max() == CLEAR:  # readers clear to the transparent colour, if any
        options["transparency"] = CLEAR
    with codec_call():
        parts = GifImagePlugin.getdata(image, place, **options)
    file.writelines(parts)


def _with_palette(indices: Pixels, image: Image.Image) -> Image.Image:
    """``indices`` [H, W] with the palette of ``image``, filled up to 256 colours."""
    part = Image.fromarray(np.ascontiguousarray(indices))
    palette = (image.getpalette() or [])[: 3 * COLOURS]
    part.putpalette(palette + [0] * (3 * (CLEAR + 1) - len(palette)))
    return part


def _clear_pixels(picture: Picture) -> NDArray[np.bool_]:
    if picture.alpha is None:
        return np.zeros(picture.rgb.shape[:2], bool)
    return picture.alpha < OPAQUE_FROM


class _PaletteQuantiser:
    """Reduces frames to palettes of `COLOURS`. A palette is kept while it fits, so that still parts stay still.

    There is no dithering: the dots would flicker from frame to frame.
    """

    def __init__(self) -> None:
        self._palette: Image.Image | None = None
        self._max_error = 0.0  # mean error, of 255, up to which the palette is kept

    def __call__(self, picture: Picture) -> Image.Image:
        colours = Image.fromarray(picture.rgb)
        image = self._in_kept_palette(colours)
        if image is None:
            self._palette = colours.quantize(COLOURS, dither=Image.Dither.NONE)
            image = colours.quantize(palette=self._palette, dither=Image.Dither.NONE)  # as later frames are
            self._max_error = PALETTE_GROWTH * _error(image, colours) + PALETTE_SLACK
        return image

    def _in_kept_palette(self, colours: Image.Image) -> Image.Image | None:
        if self._palette is None:
            return None
        image = colours.quantize(palette=self._palette, dither=Image.Dither.NONE)
        return image if _error(image, colours) <= self._max_error else None


def _error(image: Image.Image, colours: Image.Image) -> float:
    """Mean absolute difference, of 255, between two pictures of the same size."""
    return float(np.abs(np.asarray(image.convert("RGB"), np.int16) - np.asarray(colours)).mean())
