import cv2
import numpy as np

from tools.styles.teachers.brushwork import borders, crisp, simplify


def test_shapes_lose_texture_and_keep_edges_and_what_stands_alone() -> None:
    image = np.full((96, 96, 3), 0.2, np.float32)
    image[:, 48:] = 0.8
    textured = image + 0.05 * np.sin(np.arange(96, dtype=np.float32))[:, None, None]
    textured[44:52, 70:78] = 0.1
    shapes, care = simplify(textured, np.zeros((96, 96), np.float32), radius=5.0, times=3)
    assert np.abs(shapes - image)[:, 10:36].max() < 0.04
    assert shapes[20, 53, 0] - shapes[20, 42, 0] > 0.45
    assert shapes[48, 74, 0] < 0.3 and care[48, 74] > 0.5 > care[48, 20]


def test_crisp_borders_have_no_halo() -> None:
    edge = np.full((48, 48, 3), 0.3, np.float32)
    edge[:, 24:] = 0.7
    soft = cv2.GaussianBlur(edge, (0, 0), 2.0)
    sharpened = crisp(soft, 2.0)
    assert np.abs(np.diff(sharpened, axis=1)).max() > 1.2 * np.abs(np.diff(soft, axis=1)).max()
    assert sharpened.min() > 0.299 and sharpened.max() < 0.701


def test_the_borders_of_shapes_are_found_with_what_is_beside_them() -> None:
    lab = np.full((96, 96, 3), 50, np.float32)
    lab[:, 48:, 1] = 70
    found = borders(lab)
    assert found[48, 44:52].min() > 0.95 and found[48, 10] < 0.05
