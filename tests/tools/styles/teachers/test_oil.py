import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.helpers.pictures import draw_photo
from tools.styles.teachers.oil import PIGMENTS, grade, mixed, oil, skin_likeness


def filled(red: int, green: int, blue: int, size: int = 64) -> NDArray[np.uint8]:
    return np.full((size, size, 3), (red, green, blue), np.uint8)


def textured(size: int = 96, *, seed: int = 0) -> NDArray[np.uint8]:
    """Blobs about as wide as a stroke, without a direction of their own."""
    noise = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 1, (size, size, 3)), (0, 0), 2.0)
    return np.clip(130 + 12 * noise / noise.std(), 0, 255).astype(np.uint8)


def chroma(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    return np.hypot(lab[..., 1], lab[..., 2])


def test_lights_are_warm_and_shadows_cool() -> None:
    lightness = np.array([[0.0, 30.0, 75.0, 100.0]], np.float32)
    grey = np.dstack([lightness, 0 * lightness, 0 * lightness])
    black, shadow, light, white = grade(grey, np.zeros_like(lightness))[0]
    assert black[2] < -5 and shadow[2] < -5 and light[2] > 3 and white[2] > 3
    assert black[0] < shadow[0] < light[0] < white[0]
    assert grade(grey, np.ones_like(lightness))[0, 1, 2] > 0.5 * shadow[2]  # no violet beards


def test_mixing_keeps_pigments_and_draws_other_colours_towards_them() -> None:
    pigments = PIGMENTS[None]  # [1, pigments, 3]
    assert np.linalg.norm(mixed(pigments) - pigments, axis=2).max() < 10
    off = pigments + np.float32(6)
    assert np.linalg.norm(mixed(off) - pigments, axis=2).mean() < 0.8 * np.linalg.norm(off - pigments, axis=2).mean()


@pytest.mark.parametrize("colour", [(90, 130, 160), (90, 140, 80), (60, 60, 60)])
def test_colours_grow_stronger(colour: tuple[int, int, int]) -> None:
    before, after = chroma(filled(*colour)).mean(), chroma(oil(filled(*colour))).mean()
    assert after > 1.25 * before and after > before + 5


@pytest.mark.parametrize("skin", [(224, 172, 145), (150, 100, 75), (85, 55, 42)])
def test_skin_is_known_and_keeps_its_hue(skin: tuple[int, int, int]) -> None:
    lab, painted = (
        cv2.cvtColor(x.astype(np.float32) / 255, cv2.COLOR_RGB2Lab) for x in (filled(*skin), oil(filled(*skin)))
    )
    assert skin_likeness(lab).min() > 0.7
    assert np.abs(painted - lab)[..., 0].max() < 14
    assert np.abs(np.arctan2(painted[..., 2], painted[..., 1]) - np.arctan2(lab[..., 2], lab[..., 1])).max() < 0.35


def test_blue_and_white_beside_skin_and_fur_are_no_skin() -> None:
    photo = filled(224, 172, 145, 96)
    photo[:, :32], photo[:, 64:] = (150, 180, 220), 250
    likeness = skin_likeness(cv2.cvtColor(photo.astype(np.float32) / 255, cv2.COLOR_RGB2Lab))
    assert likeness[48, 48] > 0.7 and likeness[48, 24] < 0.05 and likeness[48, 72] < 0.05
    grain = np.random.default_rng(0).normal(0, 30, (96, 96, 1))
    fur = np.clip(filled(150, 110, 85, 96) + grain, 0, 255).astype(np.float32)
    assert skin_likeness(cv2.cvtColor(fur / 255, cv2.COLOR_RGB2Lab)).max() < 0.1


@pytest.mark.parametrize("level", [0, 40, 128, 255])
def test_flat_areas_stay_calm(level: int) -> None:
    assert np.ptp(oil(filled(level, level, level)), axis=(0, 1)).max() <= 1


def test_strokes_are_of_one_colour_with_crisp_borders() -> None:
    photo = textured()
    before, after = (np.abs(np.diff(chroma(picture)[16:80, 16:80], axis=1)) for picture in (photo, oil(photo)))
    assert np.median(after) / np.quantile(after, 0.98) < 0.5 * np.median(before) / np.quantile(before, 0.98)
    assert np.median(after) < 1.3 < 4 < np.quantile(after, 0.98)


def test_what_stands_alone_survives_the_brush_and_fine_grain_does_not() -> None:
    sky = filled(150, 180, 220, 96)
    sky[44:52, 44:52] = 30
    assert oil(sky)[48, 48].mean() < oil(sky)[48, 20].mean() - 70
    grain = np.random.default_rng(0).normal(0, 25, (96, 96, 1))
    stone = np.clip(filled(150, 150, 150, 96) + grain, 0, 255).astype(np.uint8)
    assert np.abs(np.diff(oil(stone).mean(2), axis=1)).mean() < 0.35 * np.abs(np.diff(stone.mean(2), axis=1)).mean()


def test_a_little_noise_and_a_shift_change_little() -> None:
    photo = draw_photo(128, 96)
    painted = oil(photo).astype(int)
    noise = np.random.default_rng(0).normal(0, 1.5, photo.shape)
    noisy = np.clip(photo + noise + 0.5, 0, 255).astype(np.uint8)
    assert np.abs(oil(noisy) - painted).mean() < 4
    shifted = oil(np.roll(photo, 4, axis=1)).astype(int)
    assert np.abs(shifted[:, 44:-40] - painted[:, 40:-44]).mean() < 4


@pytest.mark.parametrize("shape", [(1, 1), (16, 16), (2, 90)])
def test_any_size_is_painted(shape: tuple[int, int]) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert oil(photo).shape == photo.shape


def test_painting_is_deterministic_and_changes_the_photo() -> None:
    photo = draw_photo(64, 48)
    painted = oil(photo)
    assert painted.shape == photo.shape and painted.dtype == np.uint8
    assert np.array_equal(painted, oil(photo)) and not np.array_equal(painted, photo)
