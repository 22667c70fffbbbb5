"""Pillow's modes of pixels, such as palettes, 16 bits and transparency, brought to the few that the rest handles."""

from __future__ import annotations

import numpy as np
from PIL import Image

from translate.media.codec import codec_call


def split_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The picture in mode L, RGB, CMYK or LAB, and its alpha, if any, in mode L."""
    if image.mode.startswith("I") or image.mode == "F":
        return _to_8_bits(image), None
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
    with codec_call():
        return image.convert(mode)


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Convert 16-bit, 32-bit or floating-point grey to mode L.

    White is the top of the smallest usual range that the values fit in: [0, 65535], for floating point also [0, 1] and
    [0, 255]; failing that, the largest value.
    """
    values = np.array(image, np.float32)
    values[~np.isfinite(values)] = 0
    largest = float(values.max())
    whites = (1.0, 255.0, 65535.0) if image.mode == "F" else (65535.0,)
    white = next((white for white in whites if largest <= white), largest)
    return Image.fromarray((values * (255 / white)).round().clip(0, 255).astype(np.uint8))
