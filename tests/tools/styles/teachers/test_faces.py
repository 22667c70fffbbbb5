from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.helpers.paths import PORTRAIT, PORTRAIT_LANDMARKS
from tools.styles.teachers.canvas import Canvas, spline
from tools.styles.teachers.face_geometry import LEFT, RIGHT, EyeParts, Face
from tools.styles.teachers.faces import draw_faces, enlarge_eyes, load_faces

Pixels = NDArray[Any]  # uint8 RGB [H, W, 3]

SIZE = 256


@pytest.fixture(scope="module")
def photo() -> Pixels:
    with Image.open(PORTRAIT) as picture:
        return np.asarray(picture.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BOX))


@pytest.fixture(scope="module")
def face() -> Face:
    (found,) = load_faces(PORTRAIT_LANDMARKS, SIZE, SIZE)
    return found


def opening(face: Face, eye: EyeParts) -> float:
    return float(np.linalg.norm(face.points[eye.upper[4]] - face.points[eye.lower[4]]))


def with_closed_eyes(face: Face) -> Face:
    landmarks = face.landmarks.copy()
    for eye in (RIGHT, LEFT):
        landmarks[eye.upper] = landmarks[eye.lower]
    return replace(face, landmarks=landmarks)


def near(face: Face, *, reach: float) -> NDArray[Any]:
    """Mask of the pixels within ``reach`` eye distances of the landmarks' box."""
    low = face.points.min(axis=0) - reach * face.eye_distance
    high = face.points.max(axis=0) + reach * face.eye_distance
    rows, columns = np.mgrid[:SIZE, :SIZE]
    return (columns >= low[0]) & (columns <= high[0]) & (rows >= low[1]) & (rows <= high[1])


def test_landmarks_are_scaled_to_the_picture(face: Face) -> None:
    (wide,) = load_faces(PORTRAIT_LANDMARKS, SIZE, 2 * SIZE)
    np.testing.assert_allclose(wide.landmarks, face.landmarks * [2, 1, 2])
    assert 40 < face.eye_distance < 60
    assert 0 < face.roll + 0.5 < 0.5  # the head leans a little to its left
    assert face.yaw > 0.3  # and shows more of its right side


def test_without_faces_nothing_changes(photo: Pixels, tmp_path: Path) -> None:
    np.savez(tmp_path / "none.npz", faces=np.zeros((0, 478, 3), np.float32), size=np.array(photo.shape[:2]))
    faces = load_faces(tmp_path / "none.npz", SIZE, SIZE)
    warped, moved = enlarge_eyes(photo, faces)
    assert moved == [] and np.array_equal(warped, photo)
    assert np.array_equal(draw_faces(photo, photo, []), photo)


def test_eyes_grow_and_nothing_else_changes(photo: Pixels, face: Face) -> None:
    _, (moved,) = enlarge_eyes(photo, [face])
    assert 1.3 < opening(moved, RIGHT) / opening(face, RIGHT) < 1.7
    of_eyes = {number for eye in (RIGHT, LEFT) for number in eye.upper + eye.lower + eye.crease + eye.iris}
    others = np.array([number for number in [1, 4, 10, 152, 61, 291, 168, 234, 454] if number not in of_eyes])
    brows = np.array(RIGHT.brow_top + LEFT.brow_top)
    shift = np.linalg.norm(moved.points - face.points, axis=1) / face.eye_distance
    assert shift[others].max() < 0.005 and shift[brows].max() < 0.03
    for eye in (RIGHT, LEFT):
        assert shift[eye.iris[0]] < 0.03  # the direction of gaze is kept


def test_landmarks_move_with_the_pixels(photo: Pixels, face: Face) -> None:
    dot = np.zeros_like(photo)
    column, row = np.round(face.points[RIGHT.lower[4]]).astype(int)
    dot[row - 1 : row + 2, column - 1 : column + 2] = 255
    landmarks = face.landmarks.copy()
    landmarks[0, :2] = column, row  # a landmark that no eye depends on
    warped, (moved,) = enlarge_eyes(dot, [replace(face, landmarks=landmarks)])
    weights = warped[..., 0].astype(float)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    centre = np.array([(columns * weights).sum(), (rows * weights).sum()]) / weights.sum()
    assert np.linalg.norm(centre - (column, row)) > 0.5
    np.testing.assert_allclose(centre, moved.points[0], atol=0.35)


def test_the_drawing_stays_near_the_face(photo: Pixels, face: Face) -> None:
    drawn = draw_faces(photo, photo, [face])
    changed = (drawn != photo).any(axis=2)
    assert changed[near(face, reach=0)].mean() > 0.4
    assert not changed[~near(face, reach=1.5)].any()


def test_the_drawing_is_deterministic_and_leaves_its_inputs(photo: Pixels, face: Face) -> None:
    painted, before = photo.copy(), photo.copy()
    first, second = (draw_faces(painted, photo, [face]) for _ in range(2))
    assert np.array_equal(first, second)
    assert np.array_equal(painted, before) and np.array_equal(photo, before)


def test_a_small_change_of_the_photo_changes_the_drawing_little(photo: Pixels, face: Face) -> None:
    brighter = np.clip(photo.astype(int) + 1, 0, 255).astype(np.uint8)
    difference = np.abs(draw_faces(photo, photo, [face]).astype(int) - draw_faces(brighter, brighter, [face]))
    assert difference.mean() < 2 and np.percentile(difference, 99.5) < 16


def test_an_open_eye_gets_an_iris_in_its_place(photo: Pixels, face: Face) -> None:
    grey = np.full_like(photo, 128)
    drawn = draw_faces(grey, photo, [face]).astype(float).mean(axis=2)
    centre = np.round(face.points[RIGHT.iris[0]]).astype(int)
    pupil = drawn[centre[1] - 1 : centre[1] + 2, centre[0] - 1 : centre[0] + 2].mean()
    lids = np.round(face.points[RIGHT.upper[2:7] + RIGHT.lower[2:7]]).astype(int)
    white = drawn[lids[:, 1].min() : lids[:, 1].max() + 1, lids[:, 0].min() : lids[:, 0].max() + 1].max()
    assert pupil < 80 and white > pupil + 50


def test_closed_eyes_stay_painted(photo: Pixels, face: Face) -> None:
    lids = np.round(face.points[RIGHT.lower[3:6]]).astype(int)
    grey = np.full_like(photo, 128)
    open_eyes, closed_eyes = (draw_faces(grey, photo, [each]) for each in (face, with_closed_eyes(face)))
    assert np.abs(open_eyes[lids[:, 1], lids[:, 0]].astype(int) - 128).max() > 40
    closed = with_closed_eyes(face)
    assert closed.openness(RIGHT) == 0
    _, (moved,) = enlarge_eyes(photo, [closed])
    np.testing.assert_allclose(moved.points, closed.points, atol=1e-3)
    ink = (closed_eyes[lids[:, 1], lids[:, 0]] < 60).all(axis=1)
    assert not ink.any()


def test_small_faces_and_profiles_stay_painted(photo: Pixels, face: Face) -> None:
    small = replace(face, landmarks=face.landmarks * np.float32(11 / face.eye_distance))
    assert np.array_equal(draw_faces(photo, photo, [small]), photo)
    landmarks = face.landmarks.copy()
    landmarks[:, 2] = 3 * landmarks[:, 0]  # turned by about 70 degrees
    profile = replace(face, landmarks=landmarks)
    assert np.degrees(abs(profile.yaw)) > 65
    assert np.array_equal(draw_faces(photo, photo, [profile]), photo)


@pytest.mark.parametrize("shift", [(-90, 0), (150, 20), (0, -110), (0, 160), (900, 900)])
def test_faces_may_extend_beyond_the_picture(photo: Pixels, face: Face, shift: tuple[int, int]) -> None:
    moved = replace(face, landmarks=face.landmarks + np.array([*shift, 0], np.float32))
    warped, faces = enlarge_eyes(photo, [moved])
    assert draw_faces(photo, warped, faces).shape == photo.shape


def test_strokes_taper_and_splines_pass_their_points() -> None:
    picture = np.zeros((20, 60, 3), np.float32)
    points = np.array([[5, 10], [30, 10], [55, 10]], np.float32)
    canvas = Canvas(picture, points, margin=10)
    canvas.blend(canvas.stroke(points, np.array([0.0, 6.0, 0.0])), (255, 255, 255))
    thickness = picture[..., 0].sum(axis=0) / 255
    assert thickness[30] == pytest.approx(6, abs=0.3)
    assert thickness[8] < 1.5 and thickness[52] < 1.5
    curve = spline(np.array([[0, 0], [1, 2], [3, 1]], np.float32))
    np.testing.assert_allclose(curve[[0, 8, 16]], [[0, 0], [1, 2], [3, 1]])
