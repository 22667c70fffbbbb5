"""Eyes and brows: irises in the person's own colour with gradient and highlights, tapering lashes, creases, brows."""

from __future__ import annotations

import numpy as np

from tools.styles.teachers.canvas import Array, Canvas, smoothstep, spline, to_lab, to_rgb
from tools.styles.teachers.face_geometry import LEFT, RIGHT, EyeParts, Face, eye_outline
from tools.styles.teachers.face_skin import Skin

BROWN = np.array([7.0, 12.0], np.float32)  # a and b of Lab
PALE = np.array([-2.0, -4.0], np.float32)
INK = np.array([46, 32, 36], np.float32)
EYES = (RIGHT, LEFT)


def draw_eyes(picture: Array, photo: Array, face: Face, skin: Skin) -> None:
    """Draw both eyes on ``picture`` (float32 RGB, 0 to 255); closed or hidden eyes are left unchanged."""
    seen = [_observe(photo, face, eye, skin) for eye in EYES]
    weights = np.array([amount for amount, _, _ in seen])
    if weights.sum() < 0.02:
        return
    common = np.average([colour for _, colour, _ in seen], axis=0, weights=weights)
    for eye, (amount, colour, bright) in zip(EYES, seen, strict=True):
        if amount > 0.02:
            white = to_rgb([np.clip(0.8 * bright + 32, 40, 95), *(0.2 * skin.light[1:])])
            iris = _drawn_iris(0.15 * colour + 0.85 * common, skin)
            iris[0] -= 12 * (1 - smoothstep(face.eye_distance, 30, 70))  # small eyes need contrast
            _draw_eye(picture, face, eye, skin, iris, white, amount)


def _observe(photo: Array, face: Face, eye: EyeParts, skin: Skin) -> tuple[float, Array, float]:
    """How visible an eye is (0 to 1), the iris's colour (Lab [3]) and the white's lightness in the photo."""
    canvas = Canvas(photo, eye_outline(face, eye), margin=2)
    lids = canvas.fill(eye_outline(face, eye)) > 0.6
    centre, radius = _iris(face, eye)
    disc = lids & (canvas.ellipse(centre, (0.92 * radius, 0.92 * radius), across=face.across) > 0.5)
    white = lids & (canvas.ellipse(centre, (1.1 * radius, 1.1 * radius), across=face.across) < 0.1)
    if disc.sum() < 4 or white.sum() < 2:
        return 0.0, np.zeros(3, np.float32), 0.0
    lab = to_lab(canvas.pixels)
    inner, outer = lab[disc], lab[white]
    order = np.argsort(inner[:, 0])
    ring = inner[order[int(0.3 * len(order)) : int(0.85 * len(order)) + 1]]  # neither pupil nor highlights
    colour = np.median(ring, axis=0)
    contrast = np.percentile(outer[:, 0], 75) - np.percentile(inner[:, 0], 35)
    cast = np.median(outer[outer[:, 0] >= np.median(outer[:, 0])], axis=0)[1:]
    bright = float(np.percentile(outer[:, 0], 75))
    colour[1:] -= 0.6 * (colour[0] + 16) / (bright + 16) * cast  # a colour cast scales with lightness
    lightness = float(colour[0] * 70 / max(bright, 35.0) - 0.5 * np.clip(55 - skin.colour[0], 0, 30))
    colour[1:] = _likely_hue(colour[1:], lightness, radius)
    amount = face.strength * face.openness(eye) * face.facing(eye) * float(smoothstep(contrast, 4, 11))
    return amount, colour, bright


def _likely_hue(hue: Array, lightness: float, radius: float) -> Array:
    """Correct the iris's a and b (Lab [2]) by prior knowledge: dark or reddish eyes are brown, pale grey ones blue.

    A dark iris reflects the sky, and a small one (``radius``, pixels) picks up the white's colour: both are unreliable.
    """
    redness, blueness = float(hue[0]), -float(hue.sum())
    dark = 1 - smoothstep(lightness, 27, 38)
    unsure = (1 - smoothstep(radius, 4, 8)) * (1 - smoothstep(blueness, 6, 14))
    brown = max(
        dark * (1 - smoothstep(blueness, 2, 7)), unsure, smoothstep(redness, 3, 6) * (1 - smoothstep(hue[1], -1, 3))
    )
    hue = hue + smoothstep(lightness, 33, 42) * smoothstep(blueness, -4, 2) * PALE
    hue[0] -= max(float(hue[0]), 0.0) * smoothstep(-hue[1], -3, 3)  # violet eyes are rare
    return hue + 0.85 * brown * (BROWN - hue)


def _iris(face: Face, eye: EyeParts) -> tuple[Array, float]:
    rim = face.points[eye.iris[1:]]
    radius = max(np.linalg.norm(rim[0] - rim[2]), np.linalg.norm(rim[1] - rim[3])) / 2
    return face.points[eye.iris[0]], float(radius)


def _drawn_iris(colour: Array, skin: Skin) -> Array:
    """The person's eye colour, lighter and more saturated, with the same hue (Lab [3])."""
    lightness = float(np.clip(colour[0] + 14, 23, 60))
    chroma = float(np.linalg.norm(colour[1:]))
    gain = skin.tint * min(0.5 * lightness + 9, 2.0 * chroma + 3.0) / max(chroma, 1.0)  # dark eyes must not turn golden
    return np.array([lightness, *(gain * colour[1:])], np.float32)


def _draw_eye(picture: Array, face: Face, eye: EyeParts, skin: Skin, iris: Array, white: Array, amount: float) -> None:
    size, detail = face.eye_distance, face.detail
    outline = eye_outline(face, eye)
    upper, lower = face.points[eye.upper], face.points[eye.lower]
    canvas = Canvas(picture, np.concatenate([outline, face.points[eye.crease]]), margin=0.12 * size)
    if canvas.empty:
        return
    lids = canvas.fill(np.concatenate([spline(upper), spline(lower)[::-1]]))
    canvas.blend(amount * lids, white)
    _draw_iris(canvas, face, eye, iris, white, lids * amount)
    under = canvas.fill(np.concatenate([spline(upper), spline(upper)[::-1] + 0.05 * size * face.down]))
    canvas.blend(amount * 0.40 * lids * canvas.soften(under, 0.012 * size), 0.5 * white + [2, 0, 8])
    _draw_lashes(canvas, face, upper, lower, amount)
    crease = canvas.stroke(face.points[eye.crease][:-1], size * np.array([0, 0.016, 0.018, 0.012, 0]))
    fold = to_rgb([0.55 * skin.shadow[0], *(skin.shadow[1:] * 1.05 + [3, 0])])
    canvas.blend(amount * 0.65 * detail * crease, fold)


def _draw_iris(canvas: Canvas, face: Face, eye: EyeParts, iris: Array, white: Array, inside: Array) -> None:
    centre, radius = _iris(face, eye)
    wide, tall = 1.15 * radius, 1.26 * radius

    def disc(share: float, at: tuple[float, float] = (0, 0), squash: float = 1.0) -> Array:
        place = centre + at[0] * wide * face.across + at[1] * tall * face.down
        return canvas.ellipse(place, (share * wide, share * tall * squash), across=face.across)

    top, bottom = iris * [0.45, 0.75, 0.75], iris * [1.0, 1.1, 1.1] + [13, 0, 0]
    rows, columns = np.mgrid[: inside.shape[0], : inside.shape[1]].astype(np.float32)
    depth = np.stack([columns, rows], axis=-1) + canvas.corner - centre
    t = smoothstep((depth @ face.down) / tall, -0.9, 0.95)[..., None]
    canvas.blend(inside * disc(1.0), 0.5 * to_rgb(top) + 0.35 * INK)
    canvas.blend(inside * disc(0.84), to_rgb(top) * (1 - t) + to_rgb(bottom) * t)
    canvas.blend(inside * disc(0.42), 0.35 * to_rgb(top) + 0.3 * INK)
    canvas.blend(inside * disc(0.28, (-0.34, -0.42), 0.9), np.minimum(white * 1.15 + 12, 255))
    canvas.blend(inside * face.detail * 0.75 * disc(0.14, (0.36, 0.42)), white)


def _draw_lashes(canvas: Canvas, face: Face, upper: Array, lower: Array, amount: float) -> None:
    """A thick upper line that tapers to both corners, with a small wing; a thin lower line from the outer side."""
    size, detail = face.eye_distance, face.detail
    outward = (upper[0] - upper[-1]) / max(float(np.linalg.norm(upper[0] - upper[-1])), 1e-6)
    tip = upper[0] + size * (0.035 * outward + 0.004 * face.down)
    line = np.concatenate([tip[None], upper]) - 0.010 * size * face.down
    thick = size * np.array([0, 0.034, 0.054, 0.062, 0.060, 0.054, 0.044, 0.032, 0.018, 0.0])
    thick = np.maximum(thick, np.minimum(0.8, 30 * thick / size))  # keep the line visible on small faces
    canvas.blend(amount * canvas.stroke(line, thick), INK)
    thin = canvas.stroke(lower[:-1], size * np.array([0.018, 0.016, 0.013, 0.010, 0.006, 0]))
    canvas.blend(amount * (0.35 + 0.3 * detail) * thin, INK)


def draw_brows(picture: Array, photo: Array, face: Face, skin: Skin) -> None:
    """Draw the brows in their own colour, thick at the inner end and tapering outwards; hidden ones stay as painted."""
    size = face.eye_distance
    found = [_brow_colour(photo, face, eye) for eye in EYES]
    known = [colour for colour in found if colour is not None]
    for eye, own in zip(EYES, found, strict=True):
        if own is None:
            continue
        colour = 0.5 * own + 0.5 * np.mean(known, axis=0)
        top, bottom = spline(face.points[eye.brow_top]), spline(face.points[eye.brow_bottom])
        canvas = Canvas(picture, np.concatenate([top, bottom]), margin=0.06 * size)
        seen = float(smoothstep(skin.colour[0] - own[0], 3, 14)) * face.strength * face.facing(eye)
        middle, half = (top + bottom) / 2, (bottom - top) / 2
        taper = np.interp(np.linspace(0, 1, len(top)), [0, 0.15, 0.5, 0.9, 1], [0.1, 0.55, 1.0, 1.1, 0.75])[:, None]
        shape = canvas.fill(np.concatenate([middle - taper * half, (middle + taper * half)[::-1]]))
        dark = to_rgb([np.clip(0.75 * colour[0], 9, 70), *colour[1:]])
        canvas.blend(0.8 * seen * canvas.soften(shape, 0.006 * size), dark)


def _brow_colour(photo: Array, face: Face, eye: EyeParts) -> Array | None:
    """The colour of the brow's hair in the photo (Lab [3]); None if the brow is outside the picture or too small."""
    outline = face.points[eye.brow_top + eye.brow_bottom[::-1]]
    canvas = Canvas(photo, outline, margin=1)
    if canvas.empty:
        return None
    hair = to_lab(canvas.pixels)[canvas.fill(outline) > 0.5]
    if len(hair) < 4:
        return None
    return np.median(hair[hair[:, 0] <= np.percentile(hair[:, 0], 55)], axis=0)
