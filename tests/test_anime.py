"""The shipped styles that were learnt from art: what they keep of a photo, what they add, and what they must not."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from cel_teacher import cel_shade
from numpy.typing import NDArray

from translate.evaluation.pairwise import compare_pictures
from translate.images import load_rgb
from translate.inference import Translator
from translate.shipped import find_style

PHOTOS = Path(__file__).parents[1] / "assets" / "photos"
LEARNT = ("anime", "night")


@cache
def load(name: str, tile: int | None = None) -> Translator:
    return Translator(find_style(name), device="cpu", tile=tile)


def photo(name: str) -> NDArray[np.uint8]:
    return load_rgb(PHOTOS / f"{name}.jpg")[:480, :640]


def lab(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    return cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).astype(np.float32)


@pytest.mark.parametrize("name", LEARNT)
def test_it_is_small_and_says_what_it_is(name: str) -> None:
    info = load(name).info
    assert find_style(name).stat().st_size < 3_000_000
    assert info.tile_safe and info.generator == "mobile"
    assert "CC BY" in info.licence and "David Revoy" in info.training_data


@pytest.mark.parametrize("name", LEARNT)
def test_tiles_equal_the_whole(name: str) -> None:
    picture = photo("spices")[None, :413, :517]
    assert np.abs(load(name, tile=128)(picture).astype(int) - load(name)(picture)).max() <= 1


@pytest.mark.parametrize("name", ["colosseum", "portrait", "street"])
def test_anime_keeps_as_much_of_the_photo_as_the_filter_does(name: str) -> None:
    before = photo(name)
    ours, the_filters = (
        compare_pictures(after, before) for after in (load("anime")(before[None])[0], cel_shade(before))
    )
    assert ours.ssim > the_filters.ssim
    assert ours.edge_agreement > the_filters.edge_agreement - 0.015


@pytest.mark.parametrize("name", ["colosseum", "lake", "portrait"])
def test_anime_casts_no_colour(name: str) -> None:
    before = photo(name)
    assert np.abs((lab(load("anime")(before[None])[0]) - lab(before)).mean((0, 1))[1:]).max() < 4


def test_borders_leave_hardly_a_trace_in_anime() -> None:
    before, translate = photo("lake"), load("anime")
    whole, part = translate(before[None])[0], translate(before[None, 120:])[0]
    trace = np.abs(part.astype(int) - whole[120:]).mean((1, 2))  # by distance from the border
    assert trace.max() < 8 and trace[8:].mean() < 0.5 and (trace[60:] == 0).all()


@pytest.mark.parametrize("name", LEARNT)
@pytest.mark.parametrize("level", [40, 128, 215])
def test_nothing_is_painted_on_what_is_even(name: str, level: int) -> None:
    """Beyond the receptive field: within it the border shows, as the cards say."""
    field = np.full((1, 256, 256, 3), level, np.uint8)
    made = load(name)(field)[0, 100:-100, 100:-100].astype(int)
    assert np.abs(made - np.median(made, axis=(0, 1))).max() <= 6


@pytest.mark.parametrize("name", ["lake", "street"])
def test_night_is_darker_and_bluer(name: str) -> None:
    before = photo(name)
    change = (lab(load("night")(before[None])[0]) - lab(before)).mean((0, 1))
    assert change[0] < -8 and change[2] < 0
