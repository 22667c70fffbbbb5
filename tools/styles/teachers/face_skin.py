"""Skin in two tones, light and a soft-edged shadow, that follow the photo's own lighting and colour."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tools.styles.teachers.canvas import Array, Canvas, blur, smoothstep, to_lab, to_rgb
from tools.styles.teachers.face_geometry import OVAL, Face
from tools.styles.teachers.skin_mask import feature_mask, skin_mask

CHEEKS = (50, 280)
INNER, OUTER = 0.62, 0.4  # opacity inside and outside the face, so that the painting's crisp shapes show through
FINEST = 100.0  # largest eye distance in pixels at which skin is computed: it is soft, so more is not needed


@dataclass(frozen=True)
class Skin:
    """Skin colours (all Lab [3]): the typical colour in the photo, and the two drawn tones."""

    colour: Array
    light: Array
    shadow: Array

    @property
    def tint(self) -> float:
        """1 in a colour photo, 0 in a grey one: how much hue of its own a drawn part may have."""
        return float(smoothstep(np.linalg.norm(self.colour[1:]), 2, 10))


def draw_skin(picture: Array, photo: Array, face: Face) -> Skin | None:
    """Draw the skin of ``face`` in ``photo`` (uint8) on ``picture`` (float32 RGB [H, W, 3], 0 to 255).

    Draws nothing and returns None if too little of the face is in the picture.
    """
    canvas = Canvas(picture, face.points[OVAL], margin=1.4 * face.eye_distance)
    if min(canvas.pixels.shape[:2]) < 8:
        return None
    height, width = canvas.pixels.shape[:2]
    scale = min(1.0, FINEST / face.eye_distance)
    small = (max(1, round(scale * width)), max(1, round(scale * height)))
    seen, painted = (
        to_lab(cv2.resize(window.astype(np.float32), small, interpolation=cv2.INTER_AREA))
        for window in (photo[canvas.window], canvas.pixels)
    )
    landmarks = face.landmarks.copy()
    landmarks[:, :2] -= canvas.corner
    layer = _skin_layer(seen, painted, Face(landmarks * np.float32(scale)))
    if layer is None:
        return None
    colours, alpha, skin = layer
    colours, alpha = (cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR) for part in (colours, alpha))
    canvas.blend(alpha * face.strength, colours)
    return skin


def _skin_layer(seen: Array, painted: Array, face: Face) -> tuple[Array, Array, Skin] | None:
    """Drawn skin (RGB [h, w, 3]), its opacity [h, w] and its tones; ``seen`` and ``painted`` are Lab [h, w, 3]."""
    size = face.eye_distance
    canvas = Canvas(seen, np.array([[0, 0], seen.shape[1::-1]], np.float32), margin=0)
    oval = canvas.fill(face.points[OVAL])
    inside = smoothstep(blur(oval, 0.10 * size), 0.55, 0.95)
    features = feature_mask(canvas, face)
    core = (inside > 0.5) & (features < 0.1)
    if core.sum() < 30:
        return None
    colour = _typical(seen[core])
    cover = skin_mask(seen, colour, canvas, face, oval=oval, inside=inside) * (1 - features)
    base = _masked_blur(seen, cover, 0.05 * size)
    wide = _masked_blur(seen, cover, 0.30 * size)
    lightness, lit, (light, dark) = _shaded(seen[..., 0], base[..., 0], cover, core, colour[0], size)
    gain, offset = _grade(colour, _typical(painted[core]))
    drawn = np.dstack([lightness, 0.5 * (base[..., 1:] + wide[..., 1:])]) * gain + offset
    skin = Skin(colour, *(np.array([level, *colour[1:]], np.float32) * gain + offset for level in (light, dark)))
    drawn[..., 1] += 1.5 * (1 - lit) + skin.tint * _blush(lit, face)
    ink = smoothstep(base[..., 0] - painted[..., 0], 10, 22) * (1 - inside)  # keep the painted contour of the jaw
    alpha = blur(cover, 0.012 * size) * (1 - ink) * (OUTER + (INNER - OUTER) * inside)
    return to_rgb(drawn.astype(np.float32)), alpha.astype(np.float32), skin


def _typical(lab: Array) -> Array:
    """Median colour of the brighter part of the face's pixels [N, 3], which excludes beard and shadow."""
    return np.median(lab[lab[:, 0] >= np.percentile(lab[:, 0], 40)], axis=0)


def _masked_blur(picture: Array, mask: Array, sigma: float) -> Array:
    """Blur only what ``mask`` covers, so that hair and background do not bleed in."""
    weight = mask + 1e-3
    cover = blur(weight, sigma)
    if picture.ndim == 3:
        return blur(picture * weight[..., None], sigma) / cover[..., None]
    return blur(picture * weight, sigma) / cover


def _shaded(
    fine: Array, base: Array, cover: Array, core: Array, typical: float, size: float
) -> tuple[Array, Array, tuple[float, float]]:
    """Lightness in two tones [h, w], how lit each pixel is [h, w], and the levels of light and shadow."""
    threshold, light, dark = _two_tones(base[core & (cover > 0.5)], typical)
    softness = 0.14 * (light - dark) + 0.5
    lit = smoothstep(base, threshold - softness, threshold + softness)
    lightness = 0.6 * (dark + (light - dark) * lit) + 0.4 * base
    relief = _masked_blur(fine, cover, 0.018 * size) - _masked_blur(fine, cover, 0.09 * size)
    relief *= np.clip(70 / (typical + 15), 0.9, 1.7)  # relief has less contrast on dark skin
    lightness += 0.7 * np.clip(relief + 0.6, -9, 0) + 0.45 * np.clip(relief, 0, 6)  # folds stay as soft shadows
    return lightness, lit, (light, dark)


def _two_tones(lightness: Array, fallback: float) -> tuple[float, float, float]:
    """Threshold, light and dark levels of the face's lightness [N] by Otsu's method, each side at least an eighth."""
    if lightness.size < 30:
        return fallback, fallback, fallback
    levels = np.sort(lightness).astype(np.float64)
    count = len(levels)
    split = np.arange(count // 8, 5 * count // 8)
    sums = np.cumsum(levels)
    dark = sums[split] / (split + 1)
    light = (sums[-1] - sums[split]) / (count - split - 1)
    best = int(np.argmax((split + 1.0) * (count - split - 1) * (light - dark) ** 2))
    return float(levels[split[best]]), float(light[best]), float(dark[best])


def _grade(photo: Array, painted: Array) -> tuple[Array, Array]:
    """Gain and offset (Lab [3]) that move the skin's colour most of the way to the painting's, within bounds."""
    before, after = (max(float(np.linalg.norm(colour[1:])), 1.0) for colour in (photo, painted))
    chroma = np.clip(1 + 0.6 * (after / before - 1), 1.0, 1.25)
    lift = np.clip(0.7 * (painted[0] - photo[0]), -2, 8)
    return np.array([1.08, chroma, chroma], np.float32), np.array([lift - 0.08 * photo[0], 0, 0], np.float32)


def _blush(like: Array, face: Face) -> Array:
    """Redness (Lab a) to add on the cheeks, with the shape of ``like`` [h, w]."""
    rows, columns = np.mgrid[: like.shape[0], : like.shape[1]].astype(np.float32)
    spread = 0.22 * face.eye_distance
    offsets = [(columns - face.points[cheek, 0], rows - face.points[cheek, 1]) for cheek in CHEEKS]
    return sum((4.5 * np.exp(-(x**2 + 2 * y**2) / (2 * spread**2)) for x, y in offsets), np.zeros_like(rows))
