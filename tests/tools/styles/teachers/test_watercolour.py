import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.helpers.pictures import draw_photo
from tools.styles.teachers.watercolour import (
    PAPER,
    edges_of,
    granulation,
    in_steps,
    runs,
    skin_likeness,
    watercolour,
)


def plain(red: int, green: int, blue: int, *, side: int = 64) -> NDArray[np.uint8]:
    return np.full((side, side, 3), (red, green, blue), np.uint8)


def to_lab(colours: NDArray[np.generic]) -> NDArray[np.float32]:
    """CIE Lab of RGB (0 to 255), [..., 3]."""
    values = np.asarray(colours, np.float32).reshape(1, -1, 3) / 255
    return np.asarray(cv2.cvtColor(values, cv2.COLOR_RGB2Lab), np.float32).reshape(colours.shape)


@pytest.mark.parametrize("colour", [(0, 0, 0), (40, 40, 40), (128, 128, 128), (255, 255, 255), (200, 150, 120)])
def test_flat_areas_stay_flat(colour: tuple[int, int, int]) -> None:
    assert np.ptp(watercolour(plain(*colour)).astype(int), axis=(0, 1)).max() <= 1


def test_white_is_bare_paper_and_greys_are_high_key() -> None:
    assert np.abs(watercolour(plain(255, 255, 255)) - PAPER).max() <= 1
    assert watercolour(plain(128, 128, 128)).mean() > 128 + 25


def test_black_becomes_a_transparent_indigo() -> None:
    red, green, blue = watercolour(plain(0, 0, 0))[32, 32].astype(int)
    assert blue > red + 15 and blue > green + 10 and red > 50


def test_skin_of_every_depth_keeps_its_hue_its_order_and_nearly_its_lightness() -> None:
    depths = np.array([(52, 34, 26), (75, 47, 34), (105, 66, 46), (141, 92, 62), (176, 118, 78), (235, 200, 180)])
    photos, painted = to_lab(depths), to_lab(np.array([watercolour(plain(*colour))[32, 32] for colour in depths]))
    assert (np.diff(painted[:, 0]) > 3).all()
    assert np.abs(painted - photos)[:, 0].max() < 20
    hues = [np.arctan2(lab[:, 2], lab[:, 1]) for lab in (photos, painted)]
    assert np.abs(hues[1] - hues[0]).max() < 0.35
    assert np.hypot(painted[:, 1], painted[:, 2]).min() > 8


def test_skin_is_told_from_sky_grass_and_grey() -> None:
    def likeness(colour: tuple[int, int, int]) -> float:
        return float(skin_likeness(to_lab(plain(*colour)))[32, 32])

    assert min(map(likeness, [(224, 172, 145), (150, 100, 75), (85, 55, 42)])) > 0.9
    assert max(map(likeness, [(150, 180, 220), (90, 130, 70), (128, 128, 128)])) < 0.05


def test_a_wash_is_densest_inside_its_border_and_leaves_paper_beside_it() -> None:
    wash = np.zeros((96, 96), np.float32)
    wash[30:66, 30:66] = 0.5
    rims, gaps = edges_of(wash)
    assert rims[48, 31] > 0.5 and rims[48, 31] > 2 * rims[48, 48] and rims[48, 28] == 0
    assert gaps[48, 28] > 0.2 and gaps[48, 10] < 0.01 and gaps[48, 31] == 0


def test_washes_change_little_within_a_step_and_much_between_two() -> None:
    ramp = np.tile(np.linspace(0.0, 1.0, 256, dtype=np.float32), (4, 1))
    none, full = np.zeros_like(ramp), np.ones_like(ramp)
    slope = np.diff(in_steps(ramp, none, none)[0]) * 255
    assert slope.min() < 0.1 and slope.max() > 1.7 and (slope > -1e-3).all()
    assert np.diff(in_steps(ramp, full, full)[0]).max() * 255 < 1.4


def test_pigment_runs_to_what_is_darker_around() -> None:
    lightness = np.full((128, 128), 0.6, np.float32)
    lightness[44:84, 44:84] = 0.5
    pooled = runs(lightness)
    assert pooled[64, 64] > 0.05 and pooled[64, 36] < 0 and abs(pooled[4, 4]) < 0.05


def test_granulation_follows_texture_and_leaves_noise_alone() -> None:
    wave = np.tile(0.5 + 0.1 * np.sin(np.arange(96, dtype=np.float32) / 2), (96, 1))
    noise = np.random.default_rng(0).normal(0.5, 0.01, (96, 96)).astype(np.float32)
    assert np.abs(granulation(wave)).max() > 0.08 and np.abs(granulation(noise)).mean() < 0.019


def test_light_grey_is_left_white_and_a_pale_colour_gets_a_wash() -> None:
    assert watercolour(plain(235, 235, 235)).min() > 240
    red, _, blue = watercolour(plain(170, 200, 225))[32, 32].astype(int)
    assert blue > red + 40


def test_noise_and_a_small_shift_change_the_picture_little() -> None:
    photo = cv2.GaussianBlur(draw_photo(128, 128), (0, 0), 1.0).astype(np.uint8)
    painted = watercolour(photo).astype(int)
    noise = np.random.default_rng(0).normal(0, 2, photo.shape)
    noisy = np.clip(photo + noise, 0, 255).astype(np.uint8)
    assert np.abs(watercolour(noisy) - painted).mean() < 4
    shift = np.array([[1, 0, 0.5], [0, 1, 0]], np.float32)
    moved = cv2.warpAffine(photo, shift, (128, 128), borderMode=cv2.BORDER_REFLECT).astype(np.uint8)
    expected = cv2.warpAffine(painted.astype(np.float32), shift, (128, 128), borderMode=cv2.BORDER_REFLECT)
    assert np.abs(watercolour(moved) - expected).mean() < 6


@pytest.mark.parametrize("shape", [(1, 1), (16, 16), (2, 90)])
def test_noise_of_any_size_is_painted(shape: tuple[int, int]) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert watercolour(photo).shape == photo.shape


def test_painting_is_deterministic_and_leaves_the_photo_alone() -> None:
    photo = draw_photo(64, 48)
    before = photo.copy()
    painted = watercolour(photo)
    assert painted.shape == photo.shape and painted.dtype == np.uint8
    assert np.array_equal(painted, watercolour(photo)) and np.array_equal(photo, before)
