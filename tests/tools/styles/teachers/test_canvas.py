import numpy as np

from tools.styles.teachers.canvas import guided


def test_the_guided_filter_smooths_but_keeps_strong_edges() -> None:
    image = np.full((96, 96), 0.2, np.float32)
    image[:, 48:] = 0.8
    noisy = image + np.random.default_rng(0).normal(0, 0.02, image.shape).astype(np.float32)
    smooth = guided(noisy, noisy, sigma=10.0, softness=0.08)
    assert abs(smooth[48, 46] - 0.2) < 0.06 and abs(smooth[48, 49] - 0.8) < 0.06
    assert smooth[:, :20].std() < 0.012
