"""Find faces in photos: 478 landmarks per face, written as one npz file per photo.

usage: landmarks.py PHOTOS OUT [--long 768]

This runs in its own environment (Python 3.11, ``pip install mediapipe==0.10.21``); that wheel (Apache-2.0) includes the
models. It imports nothing from the project.

A face is kept only if two detectors and the mesh agree: the full-range detector (BlazeFace, Bazarevsky et al. 2019)
finds it in the photo or in one of its tiles, the short-range detector finds it again in the enlarged crop, and the
attention mesh (Grishchenko et al. 2020) fitted to that crop has the proportions of a face.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import mediapipe
import numpy as np

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
CROP = 512  # side in pixels of the enlarged crop that the mesh is fitted to
MIN_EYE_DISTANCE = 12  # pixels at the working size
RIGHT_EYE, LEFT_EYE = (33, 133), (263, 362)  # outer and inner corner
NOSE_TIP, FOREHEAD, CHIN, RIGHT_CHEEK, LEFT_CHEEK = 1, 10, 152, 234, 454
RIGHT_MOUTH, LEFT_MOUTH, UPPER_LIP, LOWER_LIP = 61, 291, 13, 14


@dataclass(frozen=True)
class Detection:
    """A square box in pixels, points [4, 2] (right eye, left eye, nose, mouth), and the detector's score."""

    x: float
    y: float
    side: float
    points: np.ndarray
    score: float

    @property
    def eyes(self) -> np.ndarray:
        return self.points[:2]


class FaceFinder:
    """The two detectors and the mesh, loaded once."""

    def __init__(self) -> None:
        solutions = mediapipe.solutions
        self.full_range = solutions.face_detection.FaceDetection(model_selection=1, min_detection_confidence=0.7)
        self.short_range = solutions.face_detection.FaceDetection(model_selection=0, min_detection_confidence=0.7)
        self.mesh = solutions.face_mesh.FaceMesh(
            static_image_mode=True,
            max_num_faces=1,
            refine_landmarks=True,
            min_detection_confidence=0.5,
            min_tracking_confidence=0.7,  # the mesh's own face score
        )

    def find(self, photo: np.ndarray, *, working_scale: float) -> np.ndarray:
        """Landmarks float32 [F, 478, 3] in pixels of ``photo`` (uint8 RGB [H, W, 3]), largest face first.

        ``working_scale``: the working size relative to the size of ``photo``.
        """
        faces: list[np.ndarray] = []
        for candidate in self._candidates(photo):
            if any(_same_place(candidate, face) for face in faces):
                continue
            face = self._fit_mesh(photo, candidate)
            if face is None or any(_overlap(face, other) > 0.3 for other in faces):
                continue
            if _eye_distance(face) * working_scale >= MIN_EYE_DISTANCE:
                faces.append(face)
        faces.sort(key=_eye_distance, reverse=True)
        return np.array(faces, np.float32).reshape(-1, 478, 3)

    def _candidates(self, photo: np.ndarray) -> list[Detection]:
        """Detections in the whole photo and its tiles, highest score first."""
        found = [detection for x, y, tile in _tiles(photo) for detection in _detect(self.full_range, tile, x, y)]
        found += _detect(self.short_range, photo, 0, 0)  # close-ups, which the other detector misses
        return sorted(found, key=lambda detection: -detection.score)

    def _fit_mesh(self, photo: np.ndarray, candidate: Detection) -> np.ndarray | None:
        """Landmarks [478, 3] in pixels of the photo, or None if the crop has no convincing face."""
        side = 2.0 * candidate.side
        x, y = candidate.x - 0.25 * side, candidate.y - 0.27 * side
        scale = CROP / side
        to_crop = np.array([[scale, 0, -x * scale], [0, scale, -y * scale]], np.float32)
        flags = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
        crop = cv2.warpAffine(photo, to_crop, (CROP, CROP), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        confirmed = _detect(self.short_range, crop, 0, 0)
        found = self.mesh.process(crop).multi_face_landmarks
        if not confirmed or not found:
            return None
        mesh = np.array([(p.x, p.y, p.z) for p in found[0].landmark], np.float32) * CROP
        best = min(confirmed, key=lambda detection: float(np.linalg.norm(detection.eyes - _eyes(mesh))))
        wanted = (candidate.eyes - (x, y)) * scale
        if not (_plausible(mesh) and _eyes_agree(best.eyes, mesh) and _eyes_agree(wanted, mesh, tolerance=0.5)):
            return None
        if not _nose_and_mouth_agree(best.points[2:], mesh):
            return None
        return mesh / scale + np.array([x, y, 0], np.float32)


def _tiles(photo: np.ndarray) -> Iterator[tuple[int, int, np.ndarray]]:
    """The photo, then overlapping tiles of about 1/2 and 1/3 of its longer side: left, top and pixels."""
    height, width = photo.shape[:2]
    yield 0, 0, photo
    for part in (2, 3):
        side = int(1.35 * max(height, width) / part)
        for y in _starts(height, side):
            for x in _starts(width, side):
                yield x, y, np.ascontiguousarray(photo[y : y + side, x : x + side])


def _starts(length: int, side: int) -> list[int]:
    count = max(1, round(1.35 * length / side))
    return [int(start) for start in np.linspace(0, max(0, length - side), count)]


def _detect(detector: object, picture: np.ndarray, left: int, top: int) -> list[Detection]:
    height, width = picture.shape[:2]
    found = []
    for detection in detector.process(picture).detections or []:  # type: ignore[attr-defined]
        place = detection.location_data
        box = place.relative_bounding_box
        side = max(box.width * width, box.height * height)
        x = left + (box.xmin + box.width / 2) * width - side / 2
        y = top + (box.ymin + box.height / 2) * height - side / 2
        points = np.array([(left + p.x * width, top + p.y * height) for p in place.relative_keypoints[:4]])
        found.append(Detection(x, y, side, points, detection.score[0]))
    return found


def _eyes(mesh: np.ndarray) -> np.ndarray:
    """Centres [2, 2] of the right and the left eye."""
    return np.array([mesh[list(corners), :2].mean(axis=0) for corners in (RIGHT_EYE, LEFT_EYE)])


def _eye_distance(mesh: np.ndarray) -> float:
    """Distance between the eyes in 3D, so that turning the head does not shorten it."""
    right, left = mesh[list(RIGHT_EYE)].mean(axis=0), mesh[list(LEFT_EYE)].mean(axis=0)
    return float(np.linalg.norm(right - left))


def _eyes_agree(eyes: np.ndarray, mesh: np.ndarray, *, tolerance: float = 0.3) -> bool:
    """Whether a detector's eyes match the mesh's, within ``tolerance`` times the eye distance."""
    return bool(np.linalg.norm(eyes - _eyes(mesh), axis=1).max() < tolerance * _eye_distance(mesh))


def _nose_and_mouth_agree(nose_and_mouth: np.ndarray, mesh: np.ndarray) -> bool:
    """Whether a detector's nose and mouth match the mesh's: on lions, dogs and apes they do not."""
    of_mesh = np.array([mesh[NOSE_TIP, :2], mesh[[UPPER_LIP, LOWER_LIP], :2].mean(axis=0)])
    return bool(np.linalg.norm(nose_and_mouth - of_mesh, axis=1).sum() < 0.36 * _eye_distance(mesh))


def _plausible(mesh: np.ndarray) -> bool:
    """Whether the mesh has the proportions of a face, measured upright in units of the eye distance."""
    right, left = _eyes(mesh)
    distance = _eye_distance(mesh)
    across = (left - right) / max(float(np.linalg.norm(left - right)), 1e-6)
    down = np.array([-across[1], across[0]])
    middle = (right + left) / 2
    mouth = (mesh[[RIGHT_MOUTH, LEFT_MOUTH], :2].mean(axis=0) - middle) @ down / distance
    chin = (mesh[CHIN, :2] - middle) @ down / distance
    forehead = (mesh[FOREHEAD, :2] - middle) @ down / distance
    nose = (mesh[NOSE_TIP, :2] - middle) @ down / distance
    breadth = float(np.linalg.norm(mesh[RIGHT_CHEEK] - mesh[LEFT_CHEEK])) / distance
    return bool(
        0.05 < nose < mouth < chin
        and 0.55 < mouth < 1.6
        and 1.0 < chin < 2.6
        and -1.9 < forehead < -0.3
        and 1.6 < breadth < 2.9
        and across[0] > 0  # not upside down
    )


def _box(mesh: np.ndarray) -> tuple[float, float, float, float]:
    left, top = mesh[:, :2].min(axis=0)
    right, bottom = mesh[:, :2].max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def _same_place(candidate: Detection, mesh: np.ndarray) -> bool:
    """Whether the candidate is the face of ``mesh``, which was found before."""
    return bool(np.linalg.norm(candidate.eyes - _eyes(mesh), axis=1).max() < 0.5 * _eye_distance(mesh))


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Area of the intersection of two faces' boxes, relative to the smaller box."""
    box, other = _box(a), _box(b)
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    smaller = min((c[2] - c[0]) * (c[3] - c[1]) for c in (box, other))
    return max(0.0, width) * max(0.0, height) / smaller


def landmarks_of(finder: FaceFinder, photo: np.ndarray, *, long: int) -> np.ndarray:
    """Landmarks, float32 [F, 478, 3]: x and z relative to the width, y to the height; ``long``: the working size."""
    height, width = photo.shape[:2]
    scale = min(1.0, 2 * long / max(height, width))  # small faces are found better at twice the working size
    if scale < 1:
        photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = photo.shape[:2]
    faces = finder.find(photo, working_scale=long / max(height, width))
    return (faces / np.array([width, height, width], np.float32)).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--long", type=int, default=768, help="longer side of the working size in pixels")
    options = parser.parse_args()
    finder = FaceFinder()
    for path in sorted(p for p in options.photos.rglob("*") if p.suffix.lower() in SUFFIXES):
        photo = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if photo is None:
            print(f"{path}: cannot be read")
            continue
        photo = cv2.cvtColor(photo, cv2.COLOR_BGR2RGB)
        faces = landmarks_of(finder, photo, long=options.long)
        target = (options.out / path.relative_to(options.photos)).with_suffix(".npz")
        target.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(target, faces=faces, size=np.array(photo.shape[:2]))
        print(f"{path.name}: {len(faces)}", flush=True)


if __name__ == "__main__":
    main()
