"""A face's landmarks: the 478 points of MediaPipe's face mesh, with named parts, size and orientation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tools.styles.teachers.canvas import Array, smoothstep

OVAL = [
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
]  # fmt: skip
LIPS = [61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146]
UPPER_INNER_LIP = [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308]
LOWER_INNER_LIP = [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308]
SMALLEST, FULLY_DRAWN = 12.0, 18.0  # eye distance in pixels: not drawn below the first, fully above the second


@dataclass(frozen=True)
class EyeParts:
    """Landmark indices of one eye; all lines run from the outer to the inner corner."""

    upper: list[int]
    lower: list[int]
    crease: list[int]
    iris: list[int]  # centre, then four points on the rim
    brow_top: list[int]
    brow_bottom: list[int]


RIGHT = EyeParts(
    upper=[33, 246, 161, 160, 159, 158, 157, 173, 133],
    lower=[33, 7, 163, 144, 145, 153, 154, 155, 133],
    crease=[247, 30, 29, 27, 28, 56, 190],
    iris=[468, 469, 470, 471, 472],
    brow_top=[70, 63, 105, 66, 107],
    brow_bottom=[46, 53, 52, 65, 55],
)
LEFT = EyeParts(
    upper=[263, 466, 388, 387, 386, 385, 384, 398, 362],
    lower=[263, 249, 390, 373, 374, 380, 381, 382, 362],
    crease=[467, 260, 259, 257, 258, 286, 414],
    iris=[473, 474, 475, 476, 477],
    brow_top=[300, 293, 334, 296, 336],
    brow_bottom=[276, 283, 282, 295, 285],
)


@dataclass(frozen=True)
class Face:
    """Landmarks, float32 [478, 3], in pixels; right and left are the person's own, z grows away from the viewer."""

    landmarks: Array

    @cached_property
    def points(self) -> Array:
        """Landmarks [478, 2] in the image plane."""
        return self.landmarks[:, :2]

    @cached_property
    def eye_distance(self) -> float:
        """Distance in pixels between the eyes' centres, in 3D, so that turning the head does not shorten it."""
        right, left = (self.landmarks[[part.upper[0], part.upper[-1]]].mean(axis=0) for part in (RIGHT, LEFT))
        return float(np.linalg.norm(left - right))

    @cached_property
    def across(self) -> Array:
        """Unit vector from the right eye to the left one, in the image plane."""
        difference = self.points[LEFT.upper].mean(axis=0) - self.points[RIGHT.upper].mean(axis=0)
        return difference / max(float(np.linalg.norm(difference)), 1e-6)

    @cached_property
    def down(self) -> Array:
        """Unit vector from the forehead to the chin, in the image plane."""
        return np.array([-self.across[1], self.across[0]], np.float32)

    @property
    def roll(self) -> float:
        """Tilt of the head in radians, clockwise in the picture."""
        return float(np.arctan2(self.across[1], self.across[0]))

    @cached_property
    def yaw(self) -> float:
        """Turn of the head in radians; positive if the right eye is nearer."""
        right, left = self.landmarks[RIGHT.upper[0]], self.landmarks[LEFT.upper[0]]
        return float(np.arctan2(left[2] - right[2], np.linalg.norm(left[:2] - right[:2])))

    @property
    def strength(self) -> float:
        """Opacity of the drawing: 0 for small faces and profiles, 1 for most others."""
        size = smoothstep(self.eye_distance, SMALLEST, FULLY_DRAWN)
        return float(size * (1 - smoothstep(abs(self.yaw), np.radians(50), np.radians(65))))

    @property
    def detail(self) -> float:
        """0 for faces too small for creases and small highlights, 1 for large ones."""
        return float(smoothstep(self.eye_distance, 22, 34))

    def openness(self, eye: EyeParts) -> float:
        """0 for a closed eye, 1 for an open one."""
        gap = np.linalg.norm(self.points[eye.upper[3:6]] - self.points[eye.lower[3:6]], axis=1).mean()
        width = np.linalg.norm(self.landmarks[eye.upper[0]] - self.landmarks[eye.upper[-1]])
        return float(smoothstep(gap / max(float(width), 1e-6), 0.10, 0.18))

    def facing(self, eye: EyeParts) -> float:
        """0 for the far eye of a turned head, which the nose begins to hide; else 1."""
        away = self.yaw if eye is LEFT else -self.yaw
        return float(1 - smoothstep(away, np.radians(36), np.radians(48)))


def eye_outline(face: Face, eye: EyeParts) -> Array:
    """The outline [16, 2] of the eyelids."""
    return face.points[eye.upper + eye.lower[-2:0:-1]]
