import numpy as np
from numpy.typing import NDArray

from tools.styles.teachers.paint import bring_to_size, flow, kuwahara, lines, strokes
from tools.styles.teachers.scenery import BRUSHES, LOST


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
    assert strokes(page, brushes=BRUSHES, lost=LOST)[40, 40:42].max() < 0.35


def test_ink_is_on_edges_and_not_on_noise() -> None:
    edge = np.full((64, 64), 0.8, np.float32)
    edge[:, 32:] = 0.2
    assert lines(edge)[32, 29:35].max() > 0.5
    assert lines(edge)[32, :20].max() < 0.01
    noise = np.random.default_rng(0).normal(0.5, 0.02, (64, 64)).astype(np.float32)
    assert lines(noise).mean() < 0.02


def test_photos_are_resized_by_their_longer_side() -> None:
    assert bring_to_size(np.zeros((30, 60, 3), np.uint8), 768).shape == (384, 768, 3)
    assert bring_to_size(np.zeros((1000, 10, 3), np.uint8), 100).shape == (100, 1, 3)
