"""Anti-aliased shapes and tapering strokes, rasterised at four times the resolution in a small window."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]  # float32 unless stated otherwise

SUPERSAMPLE = 4
SHIFT = 4  # cv2 reads coordinates in sixteenths of a pixel


class Canvas:
    """A window of a picture (float32 RGB [H, W, 3], 0 to 255) around ``points`` [N, 2]; blending writes to the picture.

    Masks are float32 [h, w] in [0, 1], of the window's size. A window outside the picture is empty.
    """

    def __init__(self, picture: Array, points: Array, *, margin: float) -> None:
        height, width = picture.shape[:2]
        low = np.clip(np.floor(points.min(axis=0) - margin), 0, (width, height)).astype(int)
        high = np.clip(np.ceil(points.max(axis=0) + margin) + 1, 0, (width, height)).astype(int)
        self.window = (slice(low[1], max(low[1], high[1])), slice(low[0], max(low[0], high[0])))
        self.pixels = picture[self.window]
        self.corner = low.astype(np.float32)

    @property
    def empty(self) -> bool:
        return self.pixels.size == 0

    def fill(self, outline: Array) -> Array:
        """Mask of a closed outline [N, 2]."""
        height, width = self.pixels.shape[:2]
        mask = np.zeros((height * SUPERSAMPLE, width * SUPERSAMPLE), np.uint8)
        if mask.size == 0:
            return np.zeros((height, width), np.float32)
        place = (outline - self.corner + 0.5) * SUPERSAMPLE - 0.5
        cv2.fillPoly(mask, [np.round(place * 2**SHIFT).astype(np.int32)], 255, cv2.LINE_AA, SHIFT)
        return cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255

    def ellipse(self, centre: Array, radii: tuple[float, float], *, across: Array) -> Array:
        """Mask of an ellipse whose first axis lies along the unit vector ``across``."""
        turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)[:, None]
        down = np.array([-across[1], across[0]])
        return self.fill(centre + radii[0] * np.cos(turn) * across + radii[1] * np.sin(turn) * down)

    def stroke(self, points: Array, widths: Array) -> Array:
        """Mask of a stroke along ``points`` [N, 2], with ``widths`` [M] in pixels spaced evenly along it."""
        line = spline(points)
        half = np.interp(np.linspace(0, 1, len(line)), np.linspace(0, 1, len(widths)), widths)[:, None] / 2
        along = np.gradient(line, axis=0)
        along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
        normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
        return self.fill(np.concatenate([line + half * normal, (line - half * normal)[::-1]]))

    def blend(self, mask: Array, colour: ArrayLike) -> None:
        """Blend ``colour`` (RGB, or a picture of the window's size) over the picture with opacity ``mask``."""
        alpha = mask[..., None]
        self.pixels[...] += alpha * (np.asarray(colour, np.float32) - self.pixels)

    def soften(self, mask: Array, sigma: float) -> Array:
        return blur(mask, sigma) if mask.size else mask


def spline(points: Array, steps: int = 8) -> Array:
    """A Catmull-Rom curve through ``points`` [N, 2], with ``steps`` samples per segment."""
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = (np.arange(steps) / steps)[:, None]
    pieces = []
    for a, b, c, d in zip(padded[:-3], padded[1:-2], padded[2:-1], padded[3:], strict=True):
        pieces.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return np.concatenate([*pieces, points[-1:]]).astype(np.float32)


def blur(picture: Array, sigma: float) -> Array:
    """Gaussian blur with a mirrored border; a wide one is computed at lower resolution, a tiny one skipped."""
    if sigma < 0.15:
        return picture
    factor = 2 ** max(0, int(np.log2(sigma / 2.5)))
    height, width = picture.shape[:2]
    if factor == 1:
        return cv2.GaussianBlur(picture, (0, 0), sigma)
    small_size = (max(1, width // factor), max(1, height // factor))
    small = cv2.resize(picture, small_size, interpolation=cv2.INTER_AREA)
    return cv2.resize(cv2.GaussianBlur(small, (0, 0), sigma / factor), (width, height), interpolation=cv2.INTER_LINEAR)


def guided(image: Array, guide: Array, *, sigma: float, softness: float) -> Array:
    """Smooth ``image`` but for the edges of ``guide`` that are stronger than ``softness`` (He et al. 2010,
    "Guided Image Filtering", equation 8, with Gaussian windows)."""
    mean, guide_mean = blur(image, sigma), blur(guide, sigma)
    covariance = blur(image * guide, sigma) - mean * guide_mean
    slope = covariance / (blur(guide * guide, sigma) - guide_mean**2 + softness**2)
    return blur(slope, sigma) * guide + blur(mean - slope * guide_mean, sigma)


def smoothstep(value: Any, start: float, end: float) -> Any:
    """0 up to ``start``, 1 from ``end`` on, smooth between; falling if ``end`` is smaller than ``start``."""
    t = np.clip((value - start) / (end - start), 0, 1)
    return t * t * (3 - 2 * t)


def to_lab(picture: Array) -> Array:
    """CIE Lab, L in [0, 100], of RGB (0 to 255)."""
    return cv2.cvtColor(np.asarray(picture, np.float32) / 255, cv2.COLOR_RGB2Lab)


def to_rgb(lab: ArrayLike) -> Array:
    """RGB (float32, 0 to 255) of CIE Lab, a picture or one colour [3]."""
    values = np.asarray(lab, np.float32)
    picture = values.reshape(1, 1, 3) if values.ndim == 1 else values
    return np.clip(cv2.cvtColor(picture, cv2.COLOR_Lab2RGB) * 255, 0, 255).reshape(values.shape)
