"""Drawing faces: eyes are enlarged a little, then skin, eyes, brows, nose and mouth are drawn over a painting.

This needs landmarks found beforehand (``landmarks.py``). Everything is deterministic and changes smoothly with the
photo and the landmarks, as a network has to learn it: what cannot be drawn well (small faces, closed or hidden eyes,
profiles) fades to the painting.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from tools.styles.teachers.canvas import Array, smoothstep
from tools.styles.teachers.face_eyes import draw_brows, draw_eyes
from tools.styles.teachers.face_features import draw_mouth, draw_nose
from tools.styles.teachers.face_geometry import FULLY_DRAWN, LEFT, RIGHT, SMALLEST, EyeParts, Face
from tools.styles.teachers.face_skin import draw_skin

WIDER, TALLER = 0.22, 0.40  # by how much source offsets shrink at the eye's centre, which grows by 1 / (1 - this)
REACH = (1.1, 0.42)  # of the warp: in eye widths across, in eye distances down (just short of the brow)


def load_faces(path: Path, height: int, width: int) -> list[Face]:
    """Load the faces that ``landmarks.py`` wrote to ``path``, scaled to a picture of ``height`` x ``width`` pixels."""
    with np.load(path) as stored:
        landmarks = stored["faces"].astype(np.float32)
    return [Face(face) for face in landmarks * np.array([width, height, width], np.float32)]


def enlarge_eyes(photo: Array, faces: list[Face]) -> tuple[Array, list[Face]]:
    """Enlarge the eyes of ``photo`` (uint8 RGB [H, W, 3]) a little; returns the warped photo and faces.

    Near an eye's centre ``c``, pixel ``q`` samples ``c + (q - c)(1 - share * fall(q))``; the landmarks move by the
    inverse map. Brows, nose and the outline of the face stay in place.
    """
    warped = photo.copy()
    moved = []
    for face in faces:
        points = face.points.astype(np.float64)
        for eye in (RIGHT, LEFT):
            warp = _EyeWarp(face, eye)
            if warp.amount > 0:
                warp.apply(warped)
                points = warp.forward(points)
        landmarks = face.landmarks.copy()
        landmarks[:, :2] = points
        moved.append(Face(landmarks))
    return warped, moved


class _EyeWarp:
    """The local magnification of one eye."""

    def __init__(self, face: Face, eye: EyeParts) -> None:
        lids = face.points[eye.upper + eye.lower]
        self.middle = lids.mean(axis=0)
        self.axes = np.stack([face.across, face.down])
        breadth = float(np.ptp(lids @ face.across))
        self.reach = np.array([REACH[0] * breadth, REACH[1] * face.eye_distance])
        size = smoothstep(face.eye_distance, SMALLEST, FULLY_DRAWN)
        self.amount = float(size * face.openness(eye) * face.facing(eye))

    def _squeeze(self, offset: Array) -> Array:
        """Scale factors [..., 2], along the axes, for offsets [..., 2] from the centre."""
        fall = np.clip(1 - ((offset / self.reach) ** 2).sum(axis=-1, keepdims=True), 0, 1) ** 2
        return 1 - self.amount * fall * np.array([WIDER, TALLER])

    def apply(self, photo: Array) -> None:
        height, width = photo.shape[:2]
        radius = self.reach.max() + 2
        low = np.clip(np.floor(self.middle - radius), 0, (width, height)).astype(int)
        high = np.clip(np.ceil(self.middle + radius), 0, (width, height)).astype(int)
        if (high <= low).any():
            return
        grid = np.stack(np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1])), axis=-1)
        offset = (grid - self.middle) @ self.axes.T
        source = (self.middle + (offset * self._squeeze(offset)) @ self.axes).astype(np.float32)
        looked_up = cv2.remap(photo, source[..., 0], source[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
        photo[low[1] : high[1], low[0] : high[0]] = looked_up

    def forward(self, points: Array) -> Array:
        """Where ``points`` [N, 2] move to: the fixed point of q = p / squeeze(q)."""
        offset = (points - self.middle) @ self.axes.T
        target = offset
        for _ in range(12):
            target = offset / self._squeeze(target)
        return self.middle + target @ self.axes


def draw_faces(painted: Array, photo: Array, faces: list[Face]) -> Array:
    """Draw the faces on ``painted``, the painting of ``photo``; both and the result are uint8 RGB [H, W, 3]."""
    drawn = sorted((face for face in faces if face.strength > 0), key=lambda face: face.eye_distance)
    if not drawn:
        return painted.copy()
    picture = painted.astype(np.float32)
    for face in drawn:
        skin = draw_skin(picture, photo, face)
        if skin is None:
            continue
        draw_nose(picture, photo, face, skin)
        draw_mouth(picture, photo, face, skin)
        draw_eyes(picture, photo, face, skin)
        draw_brows(picture, photo, face, skin)
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8)
