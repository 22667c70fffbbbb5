"""CMYK without a profile, as a common print."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from translate.media.cmyk import printed
from translate.media.colour import to_srgb

# CMYK in per cent -> sRGB, as programs with the profile US Web Coated (SWOP) v2 show it
SHOWN = {
    (0, 0, 0, 0): (255, 255, 255),
    (100, 0, 0, 0): (0, 174, 239),
    (0, 100, 0, 0): (236, 0, 140),
    (0, 0, 100, 0): (255, 242, 0),
    (0, 100, 100, 0): (237, 28, 36),
    (100, 0, 100, 0): (0, 166, 81),
    (100, 100, 0, 0): (46, 49, 146),
    (0, 0, 0, 100): (35, 31, 32),
    (0, 0, 0, 50): (147, 149, 152),
    (0, 50, 100, 0): (247, 148, 29),
}


@pytest.mark.parametrize("inks", SHOWN)
def test_colours_are_near_those_that_viewers_show(inks: tuple[int, int, int, int]) -> None:
    levels = tuple(round(255 * ink / 100) for ink in inks)
    rgb = np.asarray(to_srgb(Image.new("CMYK", (1, 1), levels), None))[0, 0]
    assert np.abs(rgb.astype(int) - SHOWN[inks]).max() <= 16


def test_the_profile_interpolates_the_model() -> None:
    inks = np.random.default_rng(0).integers(0, 256, (16, 16, 4), np.uint8)
    light = printed(inks / 255)
    expected = 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    shown = np.asarray(to_srgb(Image.fromarray(inks, "CMYK"), None)).astype(float)
    assert np.abs(shown - expected).mean() < 2


def test_more_ink_is_darker_in_every_channel() -> None:
    steps = np.linspace(0, 1, 11)
    for ink in range(4):
        inks = np.zeros((11, 4))
        inks[:, ink] = steps
        assert (np.diff(printed(inks), axis=0) <= 0).all()


def test_a_broken_profile_counts_as_none() -> None:
    image = Image.new("CMYK", (1, 1), (255, 0, 0, 0))
    assert to_srgb(image, b"no profile").getpixel((0, 0)) == to_srgb(image, None).getpixel((0, 0))
