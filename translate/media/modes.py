"""Pillow's modes of pixels, such as palettes, 16 bits and transparency, brought to the few that the rest handles."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from translate.media.codec import codec_call

_BITS_PER_SAMPLE, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339  # tags of a TIFF
_UNSIGNED, _WHITE_IS_ZERO = 1, 0  # values of these tags


def narrow_transparent_colour(image: Image.Image) -> None:
    """Before an opened picture is loaded: bring the transparent colour of a PNG of 16-bit RGB to 8 bits.

    Pillow keeps the high bytes of such pixels, but all of the colour, which then is that of no pixel.
    """
    colour = image.info.get("transparency")
    tiles = getattr(image, "tile", ())
    if isinstance(colour, tuple) and any(tile.args in ("RGB;16B", ("RGB;16B",)) for tile in tiles):
        image.info["transparency"] = tuple(value >> 8 for value in colour)


def split_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The picture in mode L, RGB, CMYK or LAB, and its alpha, if any, in mode L."""
    if image.mode.startswith("I") or image.mode == "F":
        return _deep_grey(image)
    with codec_call():
        transparent = image.has_transparency_data
    alpha = None
    if transparent:
        with_alpha = _converted(image, "RGBA")
        alpha = with_alpha.getchannel("A")
        image = _converted(image, "L") if image.mode in ("1", "L", "LA", "La") else _converted(with_alpha, "RGB")
    if image.mode == "1":
        image = _converted(image, "L")
    return (image if image.mode in ("L", "RGB", "CMYK", "LAB") else _converted(image, "RGB")), alpha


def _converted(image: Image.Image, mode: str) -> Image.Image:
    if image.mode == mode:  # Pillow would copy it
        return image
    with codec_call():
        return image.convert(mode)


def _deep_grey(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """16-bit, 32-bit or floating-point grey in mode L, and its alpha, if any."""
    tags = getattr(image, "tag_v2", {})
    values = np.array(image)
    if values.dtype == np.int32 and tags.get(_SAMPLE_FORMAT) == (_UNSIGNED,):
        values = values.view(np.uint32)  # as the file has them
    bits = tags.get(_BITS_PER_SAMPLE, (8 * values.itemsize,))[0]
    grey = to_8_bits(values, bits, white_is_zero=tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO)
    transparent = image.info.get("transparency")
    if transparent is None:
        return Image.fromarray(grey), None
    return Image.fromarray(grey), Image.fromarray(np.where(values == transparent, 0, 255).astype(np.uint8))


def to_8_bits(values: NDArray[Any], bits: int, *, white_is_zero: bool = False) -> NDArray[np.uint8]:
    """Values of any shape and type, of which a file stores ``bits`` each, in [0, 255]; ``white_is_zero``: inverted.

    White is the largest value that the file could store. Of floating point, and above 16 bits, hardly any picture goes
    that far: there, white is the top of the smallest usual range that the values fit in, [0, 65535], for floating point
    also [0, 1] and [0, 255]; failing that, the largest value. Negative values are black.
    """
    floating, signed = values.dtype.kind == "f", values.dtype.kind == "i"
    values = values.astype(np.float32)
    values[~np.isfinite(values)] = 0
    largest = float(values.max())
    if floating or bits > 16:
        usual = (1.0, 255.0, 65535.0) if floating else (65535.0,)
        white = next((white for white in usual if largest <= white), largest)
    else:
        white = 2.0 ** (bits - signed) - 1
    if white_is_zero:
        np.subtract(white, values, out=values)
    values *= 255 / white  # in place: such pictures take much memory
    return values.round(out=values).clip(0, 255, out=values).astype(np.uint8)
