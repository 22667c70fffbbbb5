"""Pictures too large to hold several copies of: translated or enlarged in place, one strip after another.

Only Pillow's own image, four bytes per pixel, is held; strips are cut out of it and pasted back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import IO, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from translate.convert.planning import Domain
from translate.media.codec import codec_call
from translate.media.compose import blend
from translate.media.formats import FORMATS, Effort, save_options
from translate.media.images import Upright, writing
from translate.media.pillow import quiet_pillow

LARGE = 40_000_000  # pixels; larger pictures are handled here


@runtime_checkable
class TranslatesStrips(Protocol):
    """The part of `style.translator.Translator` used here."""

    def in_strips(
        self,
        read: Callable[[int, int], NDArray[np.uint8]],
        write: Callable[[int, NDArray[np.uint8]], None],
        size: tuple[int, int],
        domain: Domain = None,
    ) -> None: ...


def translate_in_place(photo: Upright, translator: TranslatesStrips, domain: Domain, strength: float) -> None:
    """Replace the colours of ``photo`` by their translation, blended with the photo if ``strength`` is below 1.

    Raises ``PictureError`` if the style needs the whole picture at once.
    """
    image = photo.colour

    def read(top: int, bottom: int) -> NDArray[np.uint8]:
        return _rows(image, top, bottom)

    def write(top: int, translated: NDArray[np.uint8]) -> None:
        _put(image, top, translated, strength)

    with quiet_pillow(image.width * image.height):  # a strip of a wide picture may be over the host's limit
        translator.in_strips(read, write, image.size, domain)


def fill(photo: Upright, strips: Iterable[NDArray[np.uint8]], strength: float) -> Upright:
    """``photo`` at its full size with the colours of ``strips``, uint8 [rows, W, 3] each, from top to bottom.

    They are blended with the photo's if ``strength`` is below 1, which needs a photo decoded at its full size: its
    image is overwritten.
    """
    width, height = photo.full_size or photo.size
    image = photo.colour if photo.full_size is None else Image.new("RGB", (width, height))
    top = 0
    with quiet_pillow(width * height):
        for rows in strips:
            _put(image, top, rows, strength)
            top += len(rows)
    return replace(photo, colour=image, full_size=None)


def _rows(image: Image.Image, top: int, bottom: int) -> NDArray[np.uint8]:
    return np.asarray(image.crop((0, top, image.width, bottom)))


def _put(image: Image.Image, top: int, rows: NDArray[np.uint8], strength: float) -> None:
    if strength < 1:
        rows = blend(_rows(image, top, top + len(rows)), rows, strength)
    image.paste(Image.fromarray(rows), (0, top))


def save_large(photo: Upright, file: IO[bytes], format: str, quality: int | None, effort: Effort) -> None:
    """Write ``photo`` to ``file`` as `images.encode_picture` would. Raises ``PictureError`` as it does."""
    image = photo.colour
    if photo.alpha is not None and FORMATS[format].alpha:
        image.putalpha(photo.alpha)
    elif photo.alpha is not None:
        white = Image.new("RGB", image.size, "white")
        image = Image.composite(image, white, photo.alpha)
    with writing(photo.size, format):
        options = save_options(format, quality, effort, photo.exif, photo.description)
        with codec_call():
            image.save(file, format, **options)
