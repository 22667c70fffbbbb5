"""The shipped style `cel` matches its teacher, on colours rare in photos as well as on common ones."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.helpers.paths import ROOT
from tools.styles.fields import LATTICE, NEIGHBOURS, Colour, plain, ramp
from tools.styles.teachers.cel import cel_shade
from translate.media.images import load_rgb
from translate.style.catalogue import find_style
from translate.style.translator import Translator

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cel() -> Translator:
    return Translator(find_style("cel"), device="cpu")


def differences(cel: Translator, picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    return cel(picture[None])[0] - cel_shade(picture).astype(np.float64)


def rms(values: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.square(values).mean()))


def unseen_colours() -> list[Colour]:
    """Colours that are on no sheet that it was trained on, but by chance."""
    red, green, blue = np.random.default_rng(0).integers(0, 256, (3, 27)).tolist()
    return list(zip(red, green, blue, strict=True))


def test_plain_fields_look_like_the_teachers(cel: Translator) -> None:
    found = {colour: differences(cel, plain(colour)) for colour in (*unseen_colours(), *LATTICE)}
    assert len(found) == 54
    assert {colour: values for colour, values in found.items() if rms(values) > 12 or np.abs(values).max() > 32} == {}


def test_ramps_look_like_the_teachers(cel: Translator) -> None:
    across = [((red, green, blue), (red, green, (blue + 128) % 256)) for red, green, blue in unseen_colours()]
    found = {ends: differences(cel, ramp(*ends)) for ends in (*across, *NEIGHBOURS)}
    assert len(found) == 81
    assert {ends: rms(values) for ends, values in found.items() if rms(values) > 12} == {}
    assert np.mean([rms(values) for values in found.values()]) < 5
    assert max(np.abs(found[ends]).max() for ends in across) <= 32


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
