"""The shipped style that was learnt from art: what it keeps of a photo, and what it must not add."""

from __future__ import annotations

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


@pytest.fixture(scope="module")
def anime() -> Translator:
    return Translator(find_style("anime"), device="cpu")


def photo(name: str) -> NDArray[np.uint8]:
    return load_rgb(PHOTOS / f"{name}.jpg")[:480, :640]


def lab(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    return cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).astype(np.float32)


def test_it_is_small_and_says_what_it_is(anime: Translator) -> None:
    info = anime.info
    assert find_style("anime").stat().st_size < 3_000_000
    assert info.tile_safe and info.generator == "mobile"
    assert "CC BY" in info.licence and "David Revoy" in info.training_data


def test_tiles_equal_the_whole(anime: Translator) -> None:
    picture = photo("spices")[None, :413, :517]
    tiled = Translator(find_style("anime"), device="cpu", tile=128)(picture)
    assert np.abs(tiled.astype(int) - anime(picture)).max() <= 1


@pytest.mark.parametrize("name", ["colosseum", "portrait", "street"])
def test_it_keeps_as_much_of_the_photo_as_the_filter_does(anime: Translator, name: str) -> None:
    before = photo(name)
    ours, the_filters = (compare_pictures(after, before) for after in (anime(before[None])[0], cel_shade(before)))
    assert ours.ssim > the_filters.ssim
    assert ours.edge_agreement > the_filters.edge_agreement - 0.015


@pytest.mark.parametrize("name", ["colosseum", "lake", "portrait"])
def test_it_casts_no_colour(anime: Translator, name: str) -> None:
    before = photo(name)
    assert np.abs((lab(anime(before[None])[0]) - lab(before)).mean((0, 1))[1:]).max() < 4


def test_borders_leave_hardly_a_trace(anime: Translator) -> None:
    before = photo("lake")
    whole, part = anime(before[None])[0], anime(before[None, 120:])[0]
    trace = np.abs(part.astype(int) - whole[120:]).mean((1, 2))  # by distance from the border
    assert trace.max() < 8 and trace[8:].mean() < 0.5 and (trace[60:] == 0).all()


@pytest.mark.parametrize("level", [40, 128, 215])
def test_nothing_is_painted_on_what_is_even(anime: Translator, level: int) -> None:
    """Beyond the receptive field, within which the border shows."""
    field = np.full((1, 256, 256, 3), level, np.uint8)
    made = anime(field)[0, 100:-100, 100:-100].astype(int)
    assert np.abs(made - np.median(made, axis=(0, 1))).max() <= 6
