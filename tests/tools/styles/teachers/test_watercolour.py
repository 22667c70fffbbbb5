import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.helpers.pictures import draw_photo
from tools.styles.teachers.watercolour import at_density, contours, darkness, glaze, guided, watercolour


def plain(red: int, green: int, blue: int, *, side: int = 64) -> NDArray[np.uint8]:
    return np.full((side, side, 3), (red, green, blue), np.uint8)


def halves(left: tuple[int, int, int], right: tuple[int, int, int]) -> NDArray[np.uint8]:
    """A photo with an upright edge in the middle."""
    return np.concatenate([plain(*left, side=96)[:, :48], plain(*right, side=96)[:, :48]], axis=1)


@pytest.mark.parametrize("colour", [(0, 0, 0), (40, 40, 40), (128, 128, 128), (255, 255, 255), (200, 150, 120)])
def test_flat_areas_stay_flat(colour: tuple[int, int, int]) -> None:
    assert np.ptp(watercolour(plain(*colour)).astype(int), axis=(0, 1)).max() <= 1


def test_white_is_bare_paper_and_greys_are_high_key() -> None:
    assert watercolour(plain(255, 255, 255)).min() >= 253
    assert watercolour(plain(128, 128, 128)).mean() > 128 + 40


def test_black_becomes_indigo_and_dark_brown_stays_warm() -> None:
    red, green, blue = watercolour(plain(0, 0, 0))[32, 32].astype(int)
    assert blue > red + 15 and blue > green + 15 and red > 20
    red, green, blue = watercolour(plain(60, 38, 22))[32, 32].astype(int)
    assert red > green > blue


def test_dark_skin_stays_darker_than_grey_of_the_same_lightness() -> None:
    assert watercolour(plain(140, 92, 66)).mean() < watercolour(plain(102, 102, 102)).mean() - 20


def test_pale_skin_is_tinted_not_left_white() -> None:
    red, _, blue = watercolour(plain(235, 200, 180))[32, 32].astype(int)
    assert red > blue + 20 and red > 225


def test_a_wash_is_darkest_inside_its_border() -> None:
    dark = np.zeros((96, 96), np.float32)
    dark[:, 48:] = 0.5
    _, rims = glaze(dark)
    assert rims[48, 49:52].max() > 3 * rims[48, 60] and rims[48, 20] < 0.15
    painted = watercolour(halves((230, 225, 235), (90, 100, 150)))[48].astype(int).sum(axis=1)
    assert painted[48:53].min() < painted[70] - 30


def test_density_changes_colours_but_neither_paper_nor_black() -> None:
    colours = np.array([[[0, 0, 0], [0.5, 0.5, 0.5], [1, 1, 1]]], np.float32)
    denser = at_density(colours, np.full((1, 3), 1.4, np.float32))[0, :, 0]
    assert denser == pytest.approx([0, 0.4, 1])


def test_paper_gaps_lie_on_the_light_side_and_pencil_on_the_dark_side() -> None:
    edge = np.full((64, 64), 0.7, np.float32)
    edge[:, 32:] = 0.2
    gaps, pencil = contours(edge)
    assert gaps[32, 26:32].max() > 0.5 and gaps[32, 34:].max() < 0.1
    assert pencil[32, 31:36].max() > 0.4 and pencil[32, :30].max() < 0.1


def test_darker_greys_are_never_painted_lighter() -> None:
    levels, grey = np.linspace(0, 1, 101, dtype=np.float32), np.zeros((24, 24), np.float32)
    painted = [float(darkness(np.full((24, 24), level), grey, grey)[12, 12]) for level in levels]
    assert (np.diff(painted) < 0).all()


def test_the_guided_filter_smooths_texture_and_keeps_edges() -> None:
    image = np.full((96, 96), 0.2, np.float32)
    image[:, 48:] = 0.8
    textured = image + np.random.default_rng(0).uniform(-0.02, 0.02, image.shape).astype(np.float32)
    smooth = guided(textured, radius=8, noise=0.002)
    assert np.abs(smooth - image)[:, :24].max() < 0.01
    assert smooth[48, 48] - smooth[48, 47] > 0.5


def test_noise_and_a_small_shift_change_the_picture_little() -> None:
    photo = cv2.GaussianBlur(draw_photo(128, 128), (0, 0), 1.0).astype(np.uint8)
    painted = watercolour(photo).astype(int)
    noise = np.random.default_rng(0).normal(0, 2, photo.shape)
    noisy = np.clip(photo + noise, 0, 255).astype(np.uint8)
    assert np.abs(watercolour(noisy) - painted).mean() < 4
    shift = np.array([[1, 0, 0.5], [0, 1, 0]], np.float32)
    moved = cv2.warpAffine(photo, shift, (128, 128), borderMode=cv2.BORDER_REFLECT).astype(np.uint8)
    expected = cv2.warpAffine(painted.astype(np.float32), shift, (128, 128), borderMode=cv2.BORDER_REFLECT)
    assert np.abs(watercolour(moved) - expected).mean() < 4


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
