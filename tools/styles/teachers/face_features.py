"""Nose and mouth: a small shadow under the nose, the line of the mouth, soft lips, teeth as one shape."""

from __future__ import annotations

import numpy as np

from tools.styles.teachers.canvas import Array, Canvas, smoothstep, spline, to_lab, to_rgb
from tools.styles.teachers.face_geometry import LIPS, LOWER_INNER_LIP, UPPER_INNER_LIP, Face
from tools.styles.teachers.face_skin import Skin

NOSE_BASE = [98, 97, 2, 326, 327]
NOSTRILS = ([240, 99, 97], [460, 328, 326])
RIDGE = [195, 5, 4, 1, 2]


def draw_nose(picture: Array, photo: Array, face: Face, skin: Skin) -> None:
    """Draw the nose on ``picture`` (float32 RGB, 0 to 255) as a shadow and two short lines at the nostrils."""
    size = face.eye_distance
    base = face.points[NOSE_BASE]
    canvas = Canvas(picture, face.points[NOSE_BASE + RIDGE], margin=0.15 * size)
    if canvas.empty:
        return
    likely = _skin_share(photo, canvas, skin) * face.strength
    curve = spline(base)
    below = curve[::-1] + 0.07 * size * face.down * np.sin(np.linspace(0, np.pi, len(curve)))[:, None]
    shadow = canvas.soften(canvas.fill(np.concatenate([curve, below])), 0.015 * size)
    canvas.blend(0.6 * likely * shadow, to_rgb(skin.shadow * [0.86, 1.12, 1.05]))
    line = to_rgb(skin.shadow * [0.45, 1.1, 0.95])
    for nostril in NOSTRILS:
        mark = canvas.stroke(face.points[nostril], size * np.array([0.006, 0.026, 0.022, 0]))
        canvas.blend(0.8 * likely * (0.4 + 0.6 * face.detail) * mark, line)
    turned = float(smoothstep(abs(face.yaw), np.radians(22), np.radians(40)))  # the ridge becomes a contour
    taper = size * np.array([0, 0.012, 0.018, 0.012, 0])
    canvas.blend(0.45 * turned * likely * face.detail * canvas.stroke(face.points[RIDGE], taper), line)


def draw_mouth(picture: Array, photo: Array, face: Face, skin: Skin) -> None:
    """Draw lips, the inside of the mouth, and its line; a mouth that is not visible stays as painted."""
    size = face.eye_distance
    canvas = Canvas(picture, face.points[LIPS], margin=0.1 * size)
    if canvas.empty:
        return
    lab = to_lab(photo[canvas.window])
    upper, lower = face.points[UPPER_INNER_LIP], face.points[LOWER_INNER_LIP]
    inner = canvas.fill(np.concatenate([spline(upper), spline(lower)[::-1]]))
    lips = canvas.fill(face.points[LIPS]) * (1 - inner)
    flesh = lab[lips > 0.5]
    middle = canvas.stroke((upper + lower) / 2, np.full(3, 0.05 * size)) + inner
    if len(flesh) < 6 or (middle > 0.5).sum() < 4:
        return
    colour = np.median(flesh, axis=0)
    line_dark = np.percentile(lab[..., 0][middle > 0.5], 20)
    seen = face.strength * float(smoothstep(skin.colour[0] - line_dark, 6, 16))
    soft = to_rgb(colour * [1, 1.1, 1.05] + [4, 2 * skin.tint, 0])
    canvas.blend(0.45 * seen * canvas.soften(lips, 0.012 * size), soft)
    _draw_inside(canvas, face, lab, inner, skin, colour, seen)
    ink = to_rgb([0.36 * skin.colour[0] + 4, 18 * skin.tint, 11 * skin.tint])
    taper = size * np.array([0, 0.014, 0.024, 0.020, 0.024, 0.014, 0])
    canvas.blend(0.85 * seen * canvas.stroke(upper, taper), ink)
    gap = float(np.linalg.norm(upper[3:8] - lower[3:8], axis=1).mean())
    parted = float(smoothstep(gap / size, 0.03, 0.08))
    canvas.blend(0.35 * parted * seen * canvas.stroke(lower, 0.6 * taper), ink)


def _draw_inside(canvas: Canvas, face: Face, lab: Array, inner: Array, skin: Skin, lips: Array, seen: float) -> None:
    """Teeth as one white shape where the photo is bright and not red, the rest in the mouth's dark colour."""
    inside = lab[inner > 0.5]
    if len(inside) < 4:
        return
    levels = np.percentile(inside[:, 0], (15, 85))
    dark = to_rgb([np.clip(levels[0], 14, 34), 16 * skin.tint, 8 * skin.tint])
    white = to_rgb([np.clip(max(levels[1] + 6, skin.light[0] + 2), 40, 94), *(0.35 * skin.light[1:])])
    smooth = canvas.soften(lab, 0.02 * face.eye_distance)
    redness = smooth[..., 1] / max(float(lips[1]), 4.0)
    teeth = smoothstep(smooth[..., 0] - lips[0], -12, 3) * (1 - skin.tint * smoothstep(redness, 0.65, 0.95))
    hollow = smoothstep(lips[0] - smooth[..., 0], 8, 18)
    canvas.blend(seen * inner * hollow * (1 - teeth), dark)
    canvas.blend(seen * inner * teeth, white)


def _skin_share(photo: Array, canvas: Canvas, skin: Skin) -> float:
    """How close the window of the photo is to the skin's colour (0 to 1): low under veils and gloved hands."""
    off = np.abs(np.median(to_lab(photo[canvas.window]).reshape(-1, 3), axis=0) - skin.colour)
    return float(1 - smoothstep(np.hypot(off[1], off[2]), 14, 24))
