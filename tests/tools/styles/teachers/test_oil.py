import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.helpers.pictures import draw_photo
from tools.styles.teachers.oil import crisp, equalise, oil, pigments, skin_likeness, smear, streamlines, sweep


def filled(red: int, green: int, blue: int, size: int = 64) -> NDArray[np.uint8]:
    return np.full((size, size, 3), (red, green, blue), np.uint8)


def textured(size: int = 96, *, seed: int = 0) -> NDArray[np.uint8]:
    """Blobs about as wide as a stroke, without a direction of their own."""
    noise = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 1, (size, size, 3)), (0, 0), 2.0)
    return np.clip(130 + 12 * noise / noise.std(), 0, 255).astype(np.uint8)


def chroma(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    return np.hypot(lab[..., 1], lab[..., 2])


def test_strokes_follow_an_edge_and_carry_its_direction_into_the_flat_surroundings() -> None:
    luminance = np.full((128, 128), 0.2, np.float32)
    luminance[:, 64:] = 0.8
    direction, coherence = sweep(luminance)
    for column in (64, 64 + 20):
        assert direction[64, column, 0] < -0.9  # cos of twice a right angle is -1
    assert coherence[64, 64] > coherence[64, 120]


def test_strokes_take_the_habitual_slant_where_nothing_has_a_direction() -> None:
    direction, coherence = sweep(np.full((64, 64), 0.5, np.float32))
    assert np.ptp(direction, axis=(0, 1)).max() < 1e-5 and coherence.max() < 0.2
    assert np.abs(np.linalg.norm(direction, axis=2) - 1).max() < 0.01


def test_smearing_draws_a_spot_out_along_its_stroke() -> None:
    point = np.zeros((65, 65), np.float32)
    point[32, 32] = 1
    spot = cv2.GaussianBlur(point, (0, 0), 1.5)
    level = np.dstack([np.ones((65, 65)), np.zeros((65, 65))]).astype(np.float32)
    drawn = smear(spot, streamlines(level))
    assert drawn[32, 40] > 10 * drawn[40, 32]
    assert drawn.sum() == pytest.approx(spot.sum(), rel=0.02)


def test_detail_is_equalised_down_to_a_floor() -> None:
    wave = np.sin(np.arange(128, dtype=np.float32))[None].repeat(128, 0)
    strong, stronger, faint = (np.abs(equalise(gain * wave, 0.6)).max() for gain in (3, 9, 0.03))
    assert stronger < 1.1 * strong and strong > 0.8
    assert faint < 0.15


def test_crisp_borders_have_no_halo() -> None:
    edge = np.full((48, 48, 3), 0.3, np.float32)
    edge[:, 24:] = 0.7
    soft = cv2.GaussianBlur(edge, (0, 0), 2.0)
    sharpened = crisp(soft)
    assert np.abs(np.diff(sharpened, axis=1)).max() > 1.2 * np.abs(np.diff(soft, axis=1)).max()
    assert sharpened.min() > 0.299 and sharpened.max() < 0.701


def test_lights_are_warm_and_shadows_cool_and_white_stays_white() -> None:
    lightness = np.array([[30.0, 75.0, 100.0]], np.float32)
    grey = np.dstack([lightness, 0 * lightness, 0 * lightness])
    shadow, light, white = pigments(grey, np.zeros_like(lightness))[0]
    assert shadow[2] < -5 and light[2] > 3
    assert white == pytest.approx([100, 0, 0], abs=0.5)


def test_colours_grow_stronger_and_skin_less_so() -> None:
    for pigment in ((90, 130, 160), (90, 140, 80)):
        assert chroma(oil(filled(*pigment))).mean() > 1.25 * chroma(filled(*pigment)).mean()
    for skin in ((224, 172, 145), (150, 100, 75), (85, 55, 42)):
        lab = cv2.cvtColor(filled(*skin).astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
        assert skin_likeness(lab).min() > 0.7
        assert 0.9 < chroma(oil(filled(*skin))).mean() / chroma(filled(*skin)).mean() < 1.35


@pytest.mark.parametrize("level", [0, 40, 128, 255])
def test_flat_areas_stay_calm(level: int) -> None:
    assert np.ptp(oil(filled(level, level, level)), axis=(0, 1)).max() <= 1


def test_strokes_come_from_the_detail_of_the_photo_and_differ_in_hue() -> None:
    painted = oil(textured()).astype(np.float32)[16:80, 16:80]
    assert painted.mean(2).std() > 4
    assert (painted[..., 0] - painted[..., 2]).std() > 4


def test_a_dark_wire_survives_the_brush() -> None:
    sky = filled(150, 180, 220, 96)
    sky[:, 47:49] = 30
    assert oil(sky)[48, 47:49].mean() < oil(sky)[48, 30].mean() - 70


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
