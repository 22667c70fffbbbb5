"""The shipped style `cel` matches its teacher, on colours rare in photos as well as on common ones."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.helpers.paths import ROOT
from tools.styles.fields import LATTICE, NEIGHBOURS, plain, ramp
from tools.styles.teachers.cel import cel_shade
from translate.media.images import load_rgb
from translate.style.catalogue import find_style
from translate.style.translator import Translator

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cel() -> Translator:
    return Translator(find_style("cel"), device="cpu")


def largest_difference(cel: Translator, picture: NDArray[np.uint8]) -> int:
    return int(np.abs(cel(picture[None])[0].astype(int) - cel_shade(picture)).max())


def test_flat_fields_look_like_the_teachers(cel: Translator) -> None:
    found = {colour: largest_difference(cel, plain(colour)) for colour in LATTICE}
    assert len(found) == 27
    assert {colour: difference for colour, difference in found.items() if difference > 20} == {}


def test_smooth_ramps_along_the_edges_of_the_gamut_look_like_the_teachers(cel: Translator) -> None:
    found = {ends: largest_difference(cel, ramp(*ends)) for ends in NEIGHBOURS}
    assert len(found) == 54
    assert {ends: difference for ends, difference in found.items() if difference > 20} == {}


def test_results_are_closer_to_the_teachers_picture_than_the_photo_is(cel: Translator) -> None:
    photo = load_rgb(ROOT / "assets" / "photos" / "lake.jpg")[100:400, 200:600]
    target = cel_shade(photo).astype(np.float64)
    before = np.square(photo - target).mean()
    after = np.square(cel(photo[None])[0] - target).mean()
    assert after < 0.4 * before


def test_tiles_equal_the_whole(cel: Translator) -> None:
    photo = load_rgb(ROOT / "assets" / "photos" / "spices.jpg")[:413, :517]
    tiled = Translator(find_style("cel"), device="cpu", tile=128)(photo[None])[0]
    difference = np.abs(tiled.astype(int) - cel(photo[None])[0])
    assert difference.max() <= 1
    assert (difference > 0).mean() < 1e-3


def test_it_is_small_and_has_metadata(cel: Translator) -> None:
    assert find_style("cel").stat().st_size < 3_000_000
    assert cel.info.tile_safe and cel.info.method == "pix2pix" and cel.info.generator == "mobile"
    assert cel.info.licence and "unspecified" not in (cel.info.licence, cel.info.training_data)
    assert (ROOT / "assets" / "styles" / "cel.md").is_file()
