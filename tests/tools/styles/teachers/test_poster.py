import numpy as np
import pytest
from numpy.typing import NDArray

from tests.helpers.pictures import draw_photo
from tools.styles.teachers.poster import INKS, close_edges, guided_filter, hue_families, poster, stencil

Pixels = NDArray[np.uint8]
PALETTE = np.array(list(INKS.values()), np.float32)
SKIN = (205, 155, 130)


def plain(colour: tuple[int, int, int], size: int = 64) -> Pixels:
    return np.full((size, size, 3), colour, np.uint8)


def inks(picture: Pixels) -> set[str]:
    """The inks nearest to the pixels of ``picture``."""
    distance = np.abs(picture[..., None, :].astype(np.float32) - PALETTE).max(-1)
    return {list(INKS)[index] for index in np.unique(distance.argmin(-1))}


def share_of_pure_ink(picture: Pixels) -> float:
    distance = np.abs(picture[..., None, :].astype(np.float32) - PALETTE).max(-1)
    return float((distance.min(-1) <= 3).mean())


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ((0, 0, 0), {"navy"}),
        ((255, 255, 255), {"cream"}),
        ((128, 128, 128), {"slate"}),
        ((180, 30, 30), {"brick"}),
        ((150, 190, 225), {"aqua"}),
        ((20, 60, 150), {"teal"}),
        ((90, 130, 50), {"olive"}),
        ((250, 215, 40), {"ochre"}),
    ],
)
def test_a_flat_colour_is_printed_with_the_ink_of_its_tone_and_hue(
    colour: tuple[int, int, int], expected: set[str]
) -> None:
    printed = poster(plain(colour))
    assert inks(printed) == expected and share_of_pure_ink(printed) == 1


@pytest.mark.parametrize("skin", [(245, 215, 195), SKIN, (150, 100, 75), (85, 55, 42), (60, 38, 30)])
def test_skin_of_every_tone_is_printed_warm_and_not_as_black_or_paper(skin: tuple[int, int, int]) -> None:
    assert inks(poster(plain(skin))) <= {"brick", "orange", "ochre"}


def test_a_picture_is_printed_in_pure_inks_with_narrow_borders() -> None:
    photo = plain((150, 190, 225), 96)
    photo[:, 48:] = (60, 60, 60)
    printed = poster(photo)
    assert inks(printed[:, :44]) == {"aqua"} and inks(printed[:, 52:]) == {"navy"}
    assert share_of_pure_ink(printed) > 0.95


def test_a_gradient_becomes_a_few_flat_tones() -> None:
    ramp = np.linspace(20, 240, 192).astype(np.uint8)
    printed = poster(np.repeat(ramp[None, :, None], 3, axis=2).repeat(64, axis=0))
    assert inks(printed) == {"navy", "slate", "aqua", "cream"} and share_of_pure_ink(printed) > 0.85


def test_an_eye_survives_on_skin_and_texture_does_not() -> None:
    face = plain(SKIN, 96)
    face[44:49, 44:52] = (40, 30, 30)
    assert "navy" in inks(poster(face)[44:49, 44:52])
    noise = np.random.default_rng(0).normal(0, 8, face.shape)
    rough = np.clip(plain(SKIN, 96) + noise, 0, 255).astype(np.uint8)
    assert share_of_pure_ink(poster(rough)) > 0.95 and inks(poster(rough)) <= {"orange", "ochre"}


def test_stencils_lose_islands_unless_they_are_detail() -> None:
    above = np.full((48, 48), -0.2, np.float32)
    above[22:27, 22:27] = 0.2
    assert stencil(above, np.zeros_like(above)).max() < 0.05
    assert stencil(above, np.ones_like(above))[24, 24] > 0.9


def test_blurred_edges_are_closed() -> None:
    edge = (0.5 + 0.3 * np.tanh((np.arange(64) - 31.5) / 2)).astype(np.float32)[None].repeat(32, 0)
    between = [((tone > 0.3) & (tone < 0.7)).mean() for tone in (edge, close_edges(edge))]
    assert between[1] < 0.6 * between[0]


def test_the_guided_filter_keeps_edges_and_smooths_form() -> None:
    wave = 0.5 + 0.03 * np.sin(np.arange(128) / 4).astype(np.float32)[None].repeat(128, 0)
    assert np.ptp(guided_filter(wave, radius=16, eps=0.01)) < 0.3 * np.ptp(wave)
    edge = np.zeros((128, 128), np.float32)
    edge[:, 64:] = 1
    assert np.abs(guided_filter(edge, radius=16, eps=0.01) - edge).max() < 0.1


def test_shares_of_the_hue_families_add_up_to_one() -> None:
    lab = np.random.default_rng(0).uniform((0, -60, -60), (100, 60, 60), (40, 40, 3)).astype(np.float32)
    assert np.allclose(sum(hue_families(lab).values()), 1, atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 1), (16, 16), (2, 90)])
def test_any_size_is_printed(shape: tuple[int, int]) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert poster(photo).shape == photo.shape


def test_printing_is_deterministic_and_steady_under_sensor_noise() -> None:
    photo = draw_photo(160, 120)
    printed = poster(photo)
    assert printed.shape == photo.shape and printed.dtype == np.uint8
    assert np.array_equal(printed, poster(photo))
    noise = np.random.default_rng(0).normal(0, 2, photo.shape)
    noisy = poster(np.clip(photo + noise, 0, 255).astype(np.uint8))
    assert np.abs(noisy.astype(int) - printed).mean() < 4
