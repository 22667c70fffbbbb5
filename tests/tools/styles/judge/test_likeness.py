from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.pictures import draw_photo
from tools.styles.judge.likeness import (
    COMPARED,
    CORNERS,
    EYE_LANDMARKS,
    IRISES,
    Likeness,
    displacement,
    match,
    measure,
    reencoded,
)


def face_at(x: float, y: float, distance: float = 50.0) -> np.ndarray:
    """Landmarks [478, 3] of a face whose right eye is at ``x``, ``y``."""
    face = np.random.default_rng(0).uniform(-1, 1, (478, 3)) * distance + (x, y, 0)
    for corners, offset in zip(CORNERS, (0, distance), strict=True):
        face[list(corners)] = (x + offset, y, 0)
    return face


def test_landmarks_of_the_eyes_are_left_out() -> None:
    assert len(EYE_LANDMARKS) == 2 * 16 + 2 * 16 + 10 and len(COMPARED) == 478 - len(EYE_LANDMARKS)
    assert not EYE_LANDMARKS & set(COMPARED) and {*IRISES, 33, 263} <= EYE_LANDMARKS
    assert {1, 152, 61, 105, 334} <= set(COMPARED)  # nose, chin, mouth, brows
    face = face_at(100, 100)
    larger = face.copy()
    larger[sorted(EYE_LANDMARKS)] += 20
    assert displacement(face, larger).max() == 0


def test_displacement_is_in_percent_of_the_eye_distance() -> None:
    face = face_at(100, 100, distance=50)
    np.testing.assert_allclose(displacement(face, face + np.array([3, 4, 100])), 10)  # depth does not count
    np.testing.assert_allclose(displacement(2 * face, 2 * face + np.array([3, 4, 0])), 5)


def test_faces_are_matched_by_their_eyes() -> None:
    faces = np.array([face_at(100, 100), face_at(300, 100), face_at(500, 100)])
    others = np.array([face_at(303, 100), face_at(101, 100), face_at(310, 100)])
    assert sorted(match(faces, others)) == [(0, 1), (1, 0)]
    assert match(faces, np.zeros((0, 478, 3))) == []


def test_summary_counts_photos_and_faces() -> None:
    likeness = Likeness()
    likeness.add(np.array([face_at(100, 100)]), np.array([face_at(101, 100)]))  # 2 %
    likeness.add(np.array([face_at(100, 100), face_at(400, 100)]), np.array([face_at(102, 100)]))  # 4 %, one lost
    likeness.add(np.zeros((0, 478, 3)), np.zeros((0, 478, 3)))
    row = likeness.summary().split()
    assert row == ["3", "2", "50%", "67%", "2", "3.00", "%", "3.00", "%", "50%", "50%"]
    nothing = Likeness()
    nothing.add(np.zeros((0, 478, 3)), np.zeros((0, 478, 3)))
    assert nothing.summary().split() == ["0", "0", "-", "100%", "0"]


def test_folders_are_measured_next_to_the_photo_as_jpeg(tmp_path: Path) -> None:
    photo = draw_photo(64, 48)
    paths = {}
    for name, picture in {"photo": photo, "style": np.roll(photo, 3, axis=1), "small": photo[1:]}.items():
        paths[name] = tmp_path / name / "a.png"
        paths[name].parent.mkdir()
        Image.fromarray(picture).save(paths[name])

    def find(picture: np.ndarray) -> np.ndarray:
        if np.array_equal(picture, photo):
            return np.array([face_at(20, 20)])
        return np.array([face_at(20.5, 20) if np.array_equal(picture, reencoded(photo)) else face_at(23, 20)])

    found = measure([paths["photo"]], {"style": {"a": paths["style"]}}, find)
    assert {name: round(float(likeness.moved[0].mean()), 3) for name, likeness in found.items()} == {
        "JPEG 80": 1.0,
        "style": 6.0,
    }
    with pytest.raises(ValueError, match="size"):
        measure([paths["photo"]], {"small": {"a": paths["small"]}}, find)


def test_reencoding_changes_little() -> None:
    photo = draw_photo(64, 48)
    again = reencoded(photo)
    assert again.shape == photo.shape
    assert 0 < np.abs(again.astype(int) - photo).mean() < np.abs(again[..., ::-1].astype(int) - photo).mean() / 2
