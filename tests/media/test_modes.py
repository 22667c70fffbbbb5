"""Pixels of every depth in 8 bits, compared with the values that the files were made from."""

from __future__ import annotations

import zlib
from typing import Literal

import numpy as np
import pytest

from tests.helpers.tiffs import ramp, tiff
from tests.media.test_images import png
from translate.media.images import load_picture
from translate.media.modes import to_8_bits

RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)


@pytest.mark.parametrize(
    ("white", "dtype", "bits", "photometric", "endian"),
    [
        (65535, "u2", 16, 1, "<"),
        (65535, "u2", 16, 1, ">"),
        (65535, "u2", 16, 0, "<"),
        (4095, "u2", 12, 1, "<"),
        (32767, "i2", 16, 1, ">"),
        (2**32 - 1, "u4", 32, 1, "<"),
        (2**31 - 1, "i4", 32, 1, ">"),
        (65535, "u4", 32, 1, "<"),
        (1, "f4", 32, 1, "<"),
        (1, "f4", 32, 0, ">"),
    ],
)
def test_greys_of_a_tiff(white: int, dtype: str, bits: int, photometric: int, endian: Literal["<", ">"]) -> None:
    content = tiff(ramp(white, dtype), bits=bits, photometric=photometric, endian=endian)
    expected = RAMP if photometric else 255 - RAMP
    np.testing.assert_array_equal(load_picture(content).rgb, np.repeat(expected[..., None], 3, axis=-1))


def test_a_dark_picture_of_few_bits_stays_dark() -> None:
    """The largest value in it is not white; 12 bits say what is."""
    grey = load_picture(tiff(ramp(1000, "u2"), bits=12)).rgb[..., 0]
    assert grey.max() == round(1000 * 255 / 4095)


def test_negative_values_are_black() -> None:
    assert to_8_bits(np.array([-5, 0, 32767], np.int16), 16).tolist() == [0, 0, 255]


def transparent_png(pixels: bytes, colour_type: int, transparent: bytes) -> bytes:
    """A PNG of 2 x 1 pixels of 16 bits with a transparent colour, assembled here, as Pillow cannot write it."""
    content = png(2, 1, depth=16, colour_type=colour_type, rows=zlib.compress(b"\0" + pixels))
    chunk = len(transparent).to_bytes(4) + b"tRNS" + transparent + zlib.crc32(b"tRNS" + transparent).to_bytes(4)
    return content[:33] + chunk + content[33:]  # after the header


def test_the_transparent_grey_of_a_16_bit_png() -> None:
    picture = load_picture(transparent_png(b"\x12\x34\x12\x35", 0, b"\x12\x34"))
    assert picture.alpha is not None and picture.alpha.tolist() == [[0, 255]]
    assert picture.rgb[0, :, 0].tolist() == [0x12, 0x12]


def test_the_transparent_colour_of_a_16_bit_png() -> None:
    clear, other = b"\x12\x34\x56\x78\x9a\xbc", b"\x12\x34\x66\x78\x9a\xbc"
    picture = load_picture(transparent_png(clear + other, 2, clear))
    assert picture.alpha is not None and picture.alpha.tolist() == [[0, 255]]
    assert picture.rgb[0, 1].tolist() == [0x12, 0x66, 0x9A]
