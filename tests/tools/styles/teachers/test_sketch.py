import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.helpers.pictures import draw_photo
from tools.styles.teachers.sketch import GRAPHITE, PAPER, contours, sketch
from tools.styles.teachers.streamlines import along_flow


def plain(level: int, *, side: int = 96) -> NDArray[np.uint8]:
    return np.full((side, side, 3), level, np.uint8)


def disc(level: int, *, centre: float = 64.0) -> NDArray[np.uint8]:
    """A smooth disc on light grey, 128 pixels wide."""
    rows, columns = np.mgrid[:128, :128]
    inside = 1 / (1 + np.exp(np.hypot(rows - 64, columns - centre) - 30))
    return np.round(215 + (level - 215) * inside[..., None].repeat(3, 2)).astype(np.uint8)


def test_everything_is_graphite_on_paper() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    for drawn in (sketch(photo), sketch(draw_photo(96, 64))):
        cover = (PAPER - drawn) / (PAPER - GRAPHITE)
        assert cover.min() > -0.005 and cover.max() < 1
        assert np.ptp(cover, axis=2).max() < 0.01  # one pencil


@pytest.mark.parametrize("level", [150, 200, 255])
def test_plain_light_regions_stay_paper(level: int) -> None:
    assert np.abs(sketch(plain(level)) - PAPER).max() < 8


def test_deep_shadow_is_dark_and_flat() -> None:
    drawn = sketch(plain(8))
    assert drawn.mean() < 100 and np.ptp(drawn[..., 0]) <= 1


def test_an_edge_gets_one_dark_line_on_its_dark_side() -> None:
    photo = plain(230)
    photo[:, 48:] = 120
    row = sketch(photo)[48, :, 0].astype(int)
    assert row[:44].min() > 235 and row[48:51].min() < 190
    assert row[48:51].min() < row[60:].min() - 15


def test_stronger_edges_are_pressed_harder() -> None:
    pressures = []
    for light in (0.40, 0.55, 0.80):
        edge = np.full((64, 64), 0.3, np.float32)
        edge[:, :32] = light
        pressures.append(contours(edge)[32].max())
    assert 0.05 < pressures[0] < pressures[1] < pressures[2] < 1


def test_strokes_run_along_the_strands() -> None:
    rows = np.mgrid[:128, :128][0]
    noise = np.random.default_rng(0).normal(0, 8, (128, 128))
    photo = np.clip(70 + 30 * np.sin(rows * 1.1) + noise, 0, 255)[..., None].repeat(3, 2).astype(np.uint8)
    drawn = sketch(photo)[24:104, 24:104, 0].astype(float)
    assert np.abs(np.diff(drawn, axis=0)).mean() > 5 * np.abs(np.diff(drawn, axis=1)).mean()


def test_streamlines_follow_a_circle() -> None:
    rows, columns = np.mgrid[:96, :96].astype(np.float32) - 48
    angle = np.arctan2(rows, columns) + np.pi / 2
    ring = np.exp(-((np.hypot(rows, columns) - 25) ** 2) / 8).astype(np.float32)
    smeared = along_flow(ring, angle.astype(np.float32), sigma=7.0)
    assert smeared[48, 73] > 0.85  # along the straight tangent it would fall below 0.75
    uniform = np.full((96, 96), 0.4, np.float32)
    assert np.abs(along_flow(uniform, angle.astype(np.float32), sigma=7.0) - 0.4).max() < 1e-4


def test_small_changes_of_the_photo_change_little() -> None:
    photo = disc(60)
    drawn = sketch(photo).astype(float)
    noise = np.random.default_rng(0).normal(0, 3, photo.shape)
    noisy = np.clip(photo + noise, 0, 255).astype(np.uint8)
    assert np.abs(sketch(noisy) - drawn).mean() < 4
    half_right = np.array([[1, 0, 0.5], [0, 1, 0]], np.float32)
    expected = cv2.warpAffine(drawn, half_right, (128, 128), borderMode=cv2.BORDER_REFLECT_101)
    assert np.abs(sketch(disc(60, centre=64.5)) - expected).mean() < 2


@pytest.mark.parametrize("shape", [(1, 1), (16, 16), (2, 90)])
def test_any_size_is_drawn(shape: tuple[int, int]) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert sketch(photo).shape == photo.shape


def test_drawing_is_deterministic() -> None:
    photo = draw_photo(64, 48)
    drawn = sketch(photo)
    assert drawn.shape == photo.shape and drawn.dtype == np.uint8
    assert np.array_equal(drawn, sketch(photo))
