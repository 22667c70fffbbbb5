"""The shipped style `anime`: how close it comes to its teacher, what it keeps, and what it must not add."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.helpers.paths import PORTRAIT_LANDMARKS, ROOT
from tests.helpers.pictures import squared_error
from tools.styles.teachers.anime import draw
from tools.styles.teachers.faces import load_faces
from tools.styles.teachers.paint import WORKING_SIZE, bring_to_size
from tools.styles.teachers.scenery import scenery
from translate.media.images import load_rgb
from translate.style.catalogue import find_style
from translate.style.translator import Translator

pytestmark = pytest.mark.slow

PHOTOS = ROOT / "assets" / "photos"


@pytest.fixture(scope="module", params=["anime"])
def style(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def translator(style: str) -> Translator:
    return Translator(find_style(style), device="cpu")


def photo(name: str) -> NDArray[np.uint8]:
    return bring_to_size(load_rgb(PHOTOS / f"{name}.jpg"))[:320, :480]


def test_it_is_small_and_has_metadata(style: str, translator: Translator) -> None:
    info = translator.info
    assert find_style(style).stat().st_size < 6_000_000 and find_style(f"{style}-int8").stat().st_size < 2_000_000
    assert info.tile_safe and info.generator == "mobile" and info.method == "pix2pix"
    assert info.working_size == WORKING_SIZE
    assert "CC BY" in info.licence and info.training_data != "unspecified"
    assert (ROOT / "assets" / "styles" / f"{style}.md").is_file()


def test_tiles_equal_the_whole(style: str, translator: Translator) -> None:
    picture = photo("spices")[None, :201, :259]
    tiled = Translator(find_style(style), device="cpu", tile=128)(picture)
    assert np.abs(tiled.astype(int) - translator(picture)).max() <= 1


@pytest.mark.parametrize("name", ["colosseum", "lake", "street"])
def test_scenes_look_as_the_teacher_paints_them(translator: Translator, name: str) -> None:
    before = photo(name)
    painted = scenery(before)
    assert squared_error(translator(before[None])[0], painted) < 0.5 * squared_error(before, painted)


def test_eyes_look_as_the_teacher_draws_them(translator: Translator) -> None:
    portrait = bring_to_size(load_rgb(PHOTOS / "portrait.jpg"))
    faces = load_faces(PORTRAIT_LANDMARKS, *portrait.shape[:2])
    drawn, made = draw(portrait, faces), translator(portrait[None])[0]
    for iris in faces[0].points[[468, 473]].astype(int):
        eye = np.s_[iris[1] - 16 : iris[1] + 17, iris[0] - 24 : iris[0] + 25]
        assert squared_error(made[eye], drawn[eye]) < 0.8 * squared_error(portrait[eye], drawn[eye])


@pytest.mark.parametrize("level", [40, 128, 215, 255])
def test_flat_areas_stay_flat_and_greys_stay_grey(translator: Translator, level: int) -> None:
    made = translator(np.full((1, 256, 256, 3), level, np.uint8))[0].astype(int)
    assert np.abs(made - np.median(made, axis=(0, 1))).max() <= 10
    wanted = scenery(np.full((8, 8, 3), level, np.uint8))[4, 4].astype(int)
    assert np.abs(made.mean((0, 1)) - wanted).max() < 8


def test_borders_hardly_change_the_picture(translator: Translator) -> None:
    before = photo("lake")
    whole, part = translator(before[None])[0], translator(before[None, 120:])[0]
    difference = np.abs(part.astype(int) - whole[120:]).mean((1, 2))  # by distance from the border
    assert difference.max() < 12 and difference[24:].mean() < 1
