import numpy as np
import pytest

from tools.styles.teachers.streamlines import along_flow


def test_the_mean_is_taken_along_the_flow_and_not_across_it() -> None:
    spot = np.zeros((65, 65), np.float32)
    spot[32, 32] = 1
    level, upright = (along_flow(spot, np.full((65, 65), angle, np.float32), sigma=4.0) for angle in (0, np.pi / 2))
    assert level[32, 38] > 0.02 and level[38, 32] == pytest.approx(0, abs=1e-6)
    assert upright[38, 32] == pytest.approx(level[32, 38], abs=1e-4)
    assert level.sum() == pytest.approx(1, abs=0.02)


def test_it_follows_a_curve() -> None:
    rows, columns = np.mgrid[0:129, 0:129].astype(np.float32) - 64
    around = np.arctan2(rows, columns) + np.pi / 2  # circles around the middle
    ring = np.exp(-np.square((np.hypot(rows, columns) - 40) / 1.5)).astype(np.float32)
    drawn = along_flow(ring, around.astype(np.float32), sigma=8.0)
    assert drawn[64, 104] > 0.9 * ring[64, 104] and drawn[64, 98] < 0.05
