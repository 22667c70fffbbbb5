"""Colour stated by code points: what a PNG or an AVIF states is what is seen."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.helpers.pictures import draw_photo
from translate.media.images import load_picture

PATCHES = np.repeat([[0, 0, 0], [255, 255, 255], [200, 100, 50], [30, 60, 90], [128, 128, 128]], 8, axis=0)
PATCHES = np.tile(PATCHES[np.newaxis].astype(np.uint8), (8, 1, 1))
# x and y of red, green and blue; white is D65
P3, BT709, BT2020 = (
    ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06)),
    ((0.64, 0.33), (0.3, 0.6), (0.15, 0.06)),
    ((0.708, 0.292), (0.17, 0.797), (0.131, 0.046)),
)


def png_stating(pixels: NDArray[np.uint8], *code_points: int) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    whole, stated = content.getvalue(), b"cICP" + bytes(code_points)
    chunk = struct.pack(">I", len(stated) - 4) + stated + struct.pack(">I", zlib.crc32(stated))
    return whole[:33] + chunk + whole[33:]


def avif_stating(pixels: NDArray[np.uint8], primaries: int, transfer: int, **options: object) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "AVIF", quality=100, subsampling="4:4:4", speed=10, **options)
    before, mark, after = content.getvalue().partition(b"colrnclx")
    assert mark
    return before + mark + struct.pack(">HH", primaries, transfer) + after[4:]


def to_xyz(primaries: tuple[tuple[float, float], ...]) -> NDArray[np.float64]:
    columns = np.array([(x / y, 1, (1 - x - y) / y) for x, y in primaries]).T
    return columns * np.linalg.solve(columns, [0.3127 / 0.329, 1, (1 - 0.3127 - 0.329) / 0.329])


def srgb_of(light: NDArray[np.float64]) -> NDArray[np.float64]:
    light = light.clip(0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def light_of_srgb(values: NDArray[np.uint8]) -> NDArray[np.float64]:
    share = values / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def pq(light: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The values of ``light``, 1: 203 cd/m2, by SMPTE ST 2084."""
    power = (203 * light / 10000) ** 0.1593017578125
    return (255 * ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375).round().astype(np.uint8)


@pytest.mark.parametrize(("code", "primaries"), [(12, P3), (9, BT2020)])
def test_primaries(code: int, primaries: tuple[tuple[float, float], ...]) -> None:
    found = load_picture(png_stating(PATCHES, code, 13, 0, 1)).rgb
    matrix = np.linalg.solve(to_xyz(BT709), to_xyz(primaries))
    np.testing.assert_allclose(found, srgb_of(light_of_srgb(PATCHES) @ matrix.T), atol=2)
    avif = load_picture(avif_stating(PATCHES, code, 13)).rgb
    assert np.abs(avif.astype(int) - found).mean() < 3 < np.abs(avif.astype(int) - PATCHES).mean()


@pytest.mark.parametrize(
    "code_points", [(1, 13, 0, 1), (1, 1, 0, 1), (2, 2, 0, 1), (77, 13, 0, 1), (12, 99, 0, 1), (12, 13)]
)
def test_pictures_that_state_nothing_else_or_nothing_known_are_as_they_were(code_points: tuple[int, ...]) -> None:
    np.testing.assert_array_equal(load_picture(png_stating(PATCHES, *code_points)).rgb, PATCHES)


def test_linear_light_and_the_limited_range() -> None:
    linear = load_picture(png_stating(PATCHES, 1, 8, 0, 1)).rgb
    np.testing.assert_allclose(linear, srgb_of(PATCHES / 255), atol=1)
    limited = load_picture(png_stating((16 + PATCHES / 255 * 219).round().astype(np.uint8), 1, 13, 0, 0)).rgb
    np.testing.assert_allclose(limited, PATCHES, atol=1)


@pytest.mark.parametrize("write", [png_stating, avif_stating])
def test_high_dynamic_range_is_shown_in_the_standard_one(write: object) -> None:
    """Light up to half of white is kept, a lamp of 20 times that is white."""
    light = np.repeat([0.02, 0.1, 0.4, 1.0, 20.0], 8)
    pixels = np.tile(pq(light)[np.newaxis, :, np.newaxis], (8, 1, 3))
    content = png_stating(pixels, 1, 16, 0, 1) if write is png_stating else avif_stating(pixels, 1, 16)
    shown = load_picture(content).rgb[4, 4::8].astype(int)
    np.testing.assert_allclose(shown[:3], srgb_of(np.repeat(light[4:24:8, np.newaxis], 3, axis=1)), atol=7)
    assert 215 < shown[3].min() < 245 and shown[4].min() >= 254


def test_the_frames_of_a_sequence_are_alike() -> None:
    frames = [draw_photo(40, 24), draw_photo(40, 24)[::-1]]
    later = [Image.fromarray(frame) for frame in frames[1:]]
    content = avif_stating(frames[0], 12, 13, save_all=True, append_images=later, duration=40)
    from translate.media.images import to_upright

    with Image.open(io.BytesIO(content)) as image:
        first = np.asarray(to_upright(image).colour).astype(int)
        image.seek(1)
        second = np.asarray(to_upright(image).colour)
    assert np.abs(first[::-1] - second).mean() < 2 < np.abs(first - frames[0]).mean()
