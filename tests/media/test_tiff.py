"""TIFF files that Pillow does not know, compared with the values that they were made from."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from tests.helpers.pictures import draw_photo
from tests.helpers.tiffs import ramp, tiff
from translate.errors import PictureError
from translate.media.colour import to_srgb
from translate.media.images import load_picture

PHOTO = draw_photo(40, 24)
RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)
CMYK, LAB, RGB = 5, 8, 2


def deep(pixels: NDArray[np.uint8], dtype: str) -> NDArray[Any]:
    """8-bit values in the whole range of a type; [0, 1] for floating point."""
    if dtype.startswith("f"):
        return (pixels / 255).astype(dtype)
    return (pixels.astype(np.float64) * (np.iinfo(dtype).max / 255)).round().astype(dtype)


@pytest.mark.parametrize("deflate", [False, True])
@pytest.mark.parametrize("endian", ["<", ">"])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "u4", "i2"])
def test_deep_rgb(dtype: str, endian: Literal["<", ">"], deflate: bool) -> None:
    content = tiff(deep(PHOTO, dtype), photometric=RGB, endian=endian, deflate=deflate, rows_per_strip=7)
    picture = load_picture(content)
    assert picture.format == "TIFF" and picture.alpha is None
    assert np.abs(picture.rgb.astype(int) - PHOTO).max() <= (1 if dtype == "f2" else 0)


@pytest.mark.parametrize(
    ("white", "dtype", "bits", "photometric", "endian"),
    [
        (65535, "u2", 16, 0, ">"),
        (4095, "u2", 12, 0, "<"),
        (4095, "u2", 12, 1, ">"),
        (1023, "u2", 10, 1, "<"),
        (2**32 - 1, "u4", 32, 1, ">"),
        (2**32 - 1, "u4", 32, 0, "<"),
        (1, "f8", 64, 1, "<"),
    ],
)
def test_greys(white: int, dtype: str, bits: int, photometric: int, endian: Literal["<", ">"]) -> None:
    picture = load_picture(tiff(ramp(white, dtype), bits=bits, photometric=photometric, endian=endian))
    expected = RAMP if photometric else 255 - RAMP
    assert np.abs(picture.rgb[..., 1].astype(int) - expected).max() <= 1


@pytest.mark.parametrize("extra", [0, 1, 2])
def test_cmyk_with_alpha(extra: int) -> None:
    inks, alpha = np.full((4, 6, 4), (200, 40, 0, 10), np.uint8), np.full((4, 6), 128, np.uint8)
    expected = np.asarray(to_srgb(Image.fromarray(inks, "CMYK"), None))[0, 0].astype(int)
    stored = (inks * (128 / 255)).round().astype(np.uint8) if extra == 1 else inks
    picture = load_picture(tiff(np.dstack((stored, alpha)), photometric=CMYK, extra=extra))
    assert np.abs(picture.rgb[0, 0] - expected).max() <= 2
    assert (picture.alpha is None) == (extra == 0)
    assert extra == 0 or (picture.alpha == 128).all()  # type: ignore[union-attr]


def test_16_bit_lab() -> None:
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    lab = ImageCms.applyTransform(Image.fromarray(PHOTO), to_lab)
    assert lab is not None
    values = np.asarray(lab).astype(np.int32)
    stored = np.dstack((values[..., 0] * 257, (values[..., 1:] - 128) * 256)) & 0xFFFF
    picture = load_picture(tiff(stored.astype(np.uint16), photometric=LAB))
    assert np.abs(picture.rgb.astype(int) - PHOTO).mean() < 3


def test_grey_and_colour_with_alpha() -> None:
    alpha = deep(PHOTO[..., 2], "u2")
    picture = load_picture(tiff(np.dstack((deep(PHOTO[..., 0], "u2"), alpha)), extra=2))
    np.testing.assert_array_equal(picture.rgb[..., 0], PHOTO[..., 0])
    np.testing.assert_array_equal(picture.alpha, PHOTO[..., 2])
    picture = load_picture(tiff(np.dstack((deep(PHOTO, "f4"), deep(PHOTO[..., 1], "f4"))), photometric=RGB, extra=2))
    np.testing.assert_array_equal(picture.rgb, PHOTO)
    np.testing.assert_array_equal(picture.alpha, PHOTO[..., 1])


def test_predictors() -> None:
    """Of numbers, and of the bytes of floating-point numbers, as other programs compress them."""
    values = deep(PHOTO, "u4")
    differences = np.diff(values, axis=1, prepend=np.zeros_like(values[:, :1]))
    picture = load_picture(tiff(differences, photometric=RGB, deflate=True, tags={317: 2}))
    np.testing.assert_array_equal(picture.rgb, PHOTO)

    rows = deep(PHOTO, "f4").astype(">f4").reshape(24, -1).view(np.uint8).reshape(24, -1, 4)
    planes = rows.transpose(0, 2, 1).reshape(24, -1, 3)  # the highest bytes first
    differences = np.diff(planes, axis=1, prepend=np.zeros_like(planes[:, :1]))
    stored = differences.reshape(24, 40, 12).copy().view("<f4")
    picture = load_picture(tiff(stored, photometric=RGB, deflate=True, tags={317: 3}))
    np.testing.assert_array_equal(picture.rgb, PHOTO)


def test_the_bytes_that_they_take_are_bounded() -> None:
    content = tiff(deep(PHOTO, "f8"), photometric=RGB)
    assert load_picture(content, max_pixels=24 * 40 * 10).size == (40, 24)
    with pytest.raises(PictureError, match="bytes that decoding takes"):
        load_picture(content, max_pixels=24 * 40)


def test_half_of_one_is_cut_short() -> None:
    content = tiff(deep(PHOTO, "f4"), photometric=RGB, rows_per_strip=8)
    with pytest.raises(PictureError, match="damaged or cut short"):
        load_picture(content[: len(content) // 2])
