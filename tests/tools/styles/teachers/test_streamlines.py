import cv2
import numpy as np
import pytest

from tools.styles.teachers.streamlines import smear, streamlines, sweep

LEVEL = np.dstack([np.ones((65, 65)), np.zeros((65, 65))]).astype(np.float32)  # strokes from left to right


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
    point = np.zeros((65, 65, 2), np.float32)
    point[32, 32] = 1
    spot = cv2.GaussianBlur(point, (0, 0), 1.5)
    drawn = smear(spot, streamlines(LEVEL))
    assert drawn[32, 40].min() > 10 * drawn[40, 32].max()
    assert drawn.sum() == pytest.approx(spot.sum(), rel=0.02)


def test_a_stroke_ends_where_the_colour_differs_by_more_than_its_reach() -> None:
    edge = np.full((65, 65, 3), 0.2, np.float32)
    edge[:, 32:] = 0.8
    lines = streamlines(LEVEL)
    assert smear(edge, lines)[32, 30, 0] > 0.3
    assert smear(edge, lines, 0.1)[32, 30, 0] == pytest.approx(0.2, abs=0.01)
