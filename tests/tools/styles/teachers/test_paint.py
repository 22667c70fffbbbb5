import numpy as np
import pytest
from numpy.typing import NDArray

from tests.helpers.pictures import draw_photo
from tools.styles.teachers.paint import bring_to_size, flow, grade, kuwahara, lines, paint, strokes, tones


def steps(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Largest change between neighbouring columns."""
    return np.abs(np.diff(image, axis=1)).max(axis=(0, 2))


def test_the_brush_smooths_texture_and_keeps_the_edge() -> None:
    image = np.full((64, 64, 3), 0.3, np.float32)
    image[:, 32:] = 0.7
    textured = (image + np.random.default_rng(0).uniform(-0.05, 0.05, image.shape)).astype(np.float32)
    angle, coherence = flow(textured[..., 0])
    painted = kuwahara(textured, 6.0, angle, coherence)
    assert np.abs(painted - image)[16:48, np.r_[10:26, 38:54]].max() < 0.025  # half of the texture's amplitude
    assert steps(painted[16:48]).argmax() == 31 and steps(painted[16:48]).max() > 0.12


def test_flow_runs_along_edges() -> None:
    upright = np.zeros((48, 48), np.float32)
    upright[:, 24:] = 1
    angle, coherence = flow(upright)
    assert abs(np.sin(angle[24, 24])) > 0.99 and coherence[24, 24] > 0.9


def test_thin_dark_strokes_such_as_text_survive_the_brush() -> None:
    page = np.full((80, 80, 3), 0.9, np.float32)
    page[20:60, 40:42] = 0.1
    assert strokes(page)[40, 40:42].max() < 0.35


def test_grading_keeps_black_white_and_grey_and_fills_colours() -> None:
    plain = np.full((16, 16, 3), 0.0, np.float32)
    assert np.abs(grade(plain)).max() < 0.01
    assert np.abs(grade(plain + 1) - 1).max() < 0.01
    grey = grade(plain + 0.6)
    assert np.ptp(grey.mean((0, 1))) < 0.02 and grey.mean() > 0.6  # no cast, a little lighter
    sky = plain + np.array([0.45, 0.6, 0.8], np.float32)
    assert np.ptp(grade(sky).mean((0, 1))) > np.ptp(sky.mean((0, 1)))


def test_dark_tones_are_lifted_never_crushed() -> None:
    levels = np.linspace(0.02, 0.98, 64, dtype=np.float32)
    ramp = np.repeat(levels[None, :, None], 3, axis=2).repeat(8, axis=0)
    graded = grade(ramp).mean(2)[4]
    assert (graded[:32] > levels[:32] - 0.02).all()
    assert (np.diff(graded) > -1e-3).all()


def test_tones_keep_gradients_smooth_and_edges_crisp() -> None:
    gentle = np.linspace(0.2, 0.8, 512, dtype=np.float32)[None].repeat(16, 0)
    assert np.abs(np.diff(tones(gentle)[8])).max() < 3 * 0.6 / 511
    edge = np.full((32, 32), 0.4, np.float32)
    edge[:, 16:] = 0.6
    assert np.ptp(tones(edge)[16]) == pytest.approx(0.2, abs=0.08)


def test_ink_is_on_edges_and_not_on_noise() -> None:
    edge = np.full((64, 64), 0.8, np.float32)
    edge[:, 32:] = 0.2
    assert lines(edge)[32, 29:35].max() > 0.5
    assert lines(edge)[32, :20].max() < 0.01
    noise = np.random.default_rng(0).normal(0.5, 0.02, (64, 64)).astype(np.float32)
    assert lines(noise).mean() < 0.02


@pytest.mark.parametrize("shape", [(1, 1), (16, 16), (2, 90)])
def test_any_size_is_painted(shape: tuple[int, int]) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert paint(photo).shape == photo.shape


def test_painting_is_deterministic_and_changes_the_photo() -> None:
    photo = draw_photo(64, 48)
    painted = paint(photo)
    assert painted.shape == photo.shape and painted.dtype == np.uint8
    assert np.array_equal(painted, paint(photo)) and not np.array_equal(painted, photo)


def test_photos_are_resized_by_their_longer_side() -> None:
    assert bring_to_size(np.zeros((30, 60, 3), np.uint8), 768).shape == (384, 768, 3)
    assert bring_to_size(np.zeros((1000, 10, 3), np.uint8), 100).shape == (100, 1, 3)
