"""Impressionist oil painting, the teacher of the style `oil`: photo -> strokes of broken colour in thick paint.

- Flow: the structure tensor (Kyprianidis et al. 2009, "Image and Video Abstraction by Anisotropic Kuwahara
  Filtering"). Here its direction is normalised and averaged over three widths, so that strokes sweep through regions
  that have no direction of their own; where nothing has one, they take a painter's habitual slant.
- Shapes: anisotropic Kuwahara filter (same source) with a wide brush, a fine one where detail would be lost.
- Strokes: line integral convolution (Cabral and Leedom 1993, "Imaging Vector Fields Using Line Integral Convolution")
  along the curved flow. Where they smear white noise, this smears the photo's own detail; its amplitude is then
  equalised, down to a floor under which paint stays smooth. The lightness and both opponent colours are smeared apart,
  so that neighbouring strokes differ in hue as well (broken colour).
- Impasto: the strokes of the lightness are a height field, lit from the upper left (Hertzmann 2002, "Fast Paint
  Texture"). Along the borders of shapes and where the brush is fine, both are held back.
- Pigments: more chroma, warm lights and cool shadows, held back on skin.

Lengths are in pixels of a picture whose longer side is 768 pixels.
"""

from __future__ import annotations

import cv2
import numpy as np

from tools.styles.teachers import canvas
from tools.styles.teachers.canvas import smoothstep
from tools.styles.teachers.paint import Picture, Pixels, blur, flow, gradient, grey, kuwahara

FINE_BRUSH, WIDE_BRUSH = 2.5, 9.0  # radii
STROKE_STEP, STROKE_STEPS = 2.2, 9  # a stroke runs this many steps to either side of a pixel
SLANT = np.deg2rad(-25.0)  # of strokes where the photo shows no direction
RIDGE, STROKE, BASE = 1.6, 2.8, 6.0  # widths (sigma) of the detail that strokes are made of
EDGE = 14.0  # Lab; a larger difference is the border of a shape, no stroke
DETAIL_FLOOR = 0.6  # Lab; weaker detail is left as smooth paint
STROKE_COLOURS = np.array([[7.5, 1.0, 7.5], [0, 6.0, 0], [0, 0, 7.0]], np.float32)  # of L, a, b: lighter is warmer
SKIN_HUE = 0.85  # radians, in the a-b plane of Lab
RELIEF, SHINE = 6.0, 6.0  # in L

Line = tuple[Picture, Picture, float]  # x and y [H, W] of every pixel's stroke at one distance, and the weight there


def oil(photo: Pixels) -> Pixels:
    """Paint ``photo`` in oil; the result has the same size."""
    image = cv2.bilateralFilter(photo.astype(np.float32) / 255, 5, 0.06, 1.5)
    direction, coherence = sweep(grey(image))
    lines = streamlines(direction)
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2Lab)
    skin = skin_likeness(lab)
    shapes, care = simplify(image, direction, coherence, lines, skin)
    strokes = equalise(smear(texture(lab), lines), DETAIL_FLOOR)
    flat = cv2.cvtColor(shapes, cv2.COLOR_RGB2Lab)
    bold = (1 - 0.6 * care) * (1 - 0.9 * borders(flat))
    painted = pigments(flat, skin)
    painted += (bold * (1 - 0.75 * skin))[..., None] * (strokes[..., :3] @ STROKE_COLOURS)
    painted[..., 0] += bold * (1 - 0.65 * skin) * impasto(strokes[..., 3])
    painted[..., 0] = np.clip(painted[..., 0], 0, 100)
    rgb = cv2.cvtColor(painted, cv2.COLOR_Lab2RGB)
    return np.clip(rgb * 255 + 0.5, 0, 255).astype(np.uint8)


def sweep(luminance: Picture) -> tuple[Picture, Picture]:
    """The direction of the strokes as a doubled-angle vector [H, W, 2], and the coherence [H, W], 0 to 1.

    A doubled angle has no sign to disagree about, so directions can be averaged and interpolated.
    """
    angle, coherence = flow(blur(luminance, 2.5), sigma=4.0)
    strength = np.hypot(*gradient(blur(luminance, 4.0)))
    sure = coherence * smoothstep(strength, 0.001, 0.012)
    vector = sure[..., None] * np.dstack([np.cos(2 * angle), np.sin(2 * angle)])
    near, far, farthest = (canvas.blur(vector, sigma) for sigma in (5.0, 12.0, 26.0))
    habit = np.array([np.cos(2 * SLANT), np.sin(2 * SLANT)], np.float32)
    total = near + 0.8 * far + 0.6 * farthest + 0.08 * habit
    length = np.hypot(total[..., 0], total[..., 1])[..., None]
    return (total / (length + 1e-4)).astype(np.float32), np.clip(length[..., 0], 0, 1)


def simplify(
    image: Picture, direction: Picture, coherence: Picture, lines: list[Line], skin: Picture
) -> tuple[Picture, Picture]:
    """The large shapes of ``image`` [H, W, 3] and where they take a fine brush [H, W], 0 to 1."""
    angle = 0.5 * np.arctan2(direction[..., 1], direction[..., 0])
    wide = smear(kuwahara(image, WIDE_BRUSH, angle, coherence), lines)
    fine = kuwahara(image, FINE_BRUSH, *flow(grey(image)))
    lost = np.abs(fine - wide).max(2) * (1 + 1.5 * skin)  # mouths are of low contrast
    shapes = wide + smoothstep(blur(lost, 2.0), 0.035, 0.13)[..., None] * (fine - wide)
    detail = smoothstep(blur(np.abs(image - fine).max(2), 1.0), 0.09, 0.20)[..., None]  # eyes, letters, wires
    shapes = shapes + detail * (image - shapes)
    return crisp(shapes), smoothstep(blur(lost, 3.0), 0.05, 0.15)


def crisp(image: Picture) -> Picture:
    """Sharpen the borders of shapes within the range of their neighbourhood, which leaves no halo."""
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    sharpened = image + (image - blur(image, 2.0))
    return np.clip(sharpened, cv2.erode(image, brush), cv2.dilate(image, brush))


def streamlines(direction: Picture) -> list[Line]:
    """Points along the curved stroke through every pixel."""
    height, width = direction.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    weights = np.cos(np.linspace(0, np.pi / 2, STROKE_STEPS + 1, endpoint=False)) ** 2
    weights /= 2 * weights.sum() - weights[0]
    points: list[Line] = [(columns, rows, float(weights[0]))]
    start = 0.5 * np.arctan2(direction[..., 1], direction[..., 0])
    for sign in (1, -1):
        x, y = columns, rows
        ahead_x, ahead_y = sign * np.cos(start), sign * np.sin(start)
        for weight in weights[1:]:
            x, y = x + STROKE_STEP * ahead_x, y + STROKE_STEP * ahead_y
            points.append((x, y, float(weight)))
            found = cv2.remap(direction, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
            turned = 0.5 * np.arctan2(found[..., 1], found[..., 0])
            next_x, next_y = np.cos(turned), np.sin(turned)
            onward = np.where(next_x * ahead_x + next_y * ahead_y < 0, np.float32(-1), np.float32(1))
            ahead_x, ahead_y = onward * next_x, onward * next_y
    return points


def smear(image: Picture, lines: list[Line]) -> Picture:
    """The line integral convolution of ``image`` along ``lines``."""
    total = np.zeros_like(image)
    for x, y, weight in lines:
        total += np.float32(weight) * cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return total


def equalise(detail: Picture, floor: float, *, width: float = 12.0) -> Picture:
    """Bring ``detail`` to -1 to 1 by its local amplitude; what is weaker than ``floor`` stays small."""
    amplitude = np.sqrt(canvas.blur(detail * detail, width) + floor * floor)
    return np.tanh(2.5 * detail / amplitude)


def texture(lab: Picture) -> Picture:
    """Detail of ``lab`` that strokes are made of [H, W, 4]: L, a and b of a stroke's width, and L of a ridge's width.

    Bilateral filters in place of Gaussians: their difference has no overshoot beside edges, which would be a halo.
    """
    base, stroke, ridge = (cv2.bilateralFilter(lab, -1, EDGE, width) for width in (BASE, STROKE, RIDGE))
    return np.dstack([stroke - base, (ridge - base)[..., 0]])


def borders(lab: Picture) -> Picture:
    """0 to 1 [H, W]: the borders of shapes, where paint stays smooth, as a stroke along them would look like a halo."""
    x, y = gradient(lab)
    slope = np.sqrt((x * x + y * y).sum(2))
    return smoothstep(blur(cv2.dilate(slope, np.ones((11, 11), np.uint8)), 3.0), 1.5, 6.0)


def impasto(height: Picture) -> Picture:
    """Light (in L) that the ridges of thick paint of ``height`` [H, W] catch or lose."""
    slope_x, slope_y = gradient(height)
    facing = slope_x + slope_y  # rising to the lower right: the side that faces the light
    return RELIEF * np.tanh(1.5 * facing) + SHINE * smoothstep(facing, 0.35, 0.9)


def skin_likeness(lab: Picture) -> Picture:
    """0 to 1 by hue and chroma: skin of every tone, and what has its colours, such as sand and wood."""
    lab = blur(lab, 7.0)
    chroma, hue = np.hypot(lab[..., 1], lab[..., 2]), np.arctan2(lab[..., 2], lab[..., 1])
    return np.exp(-np.square((hue - SKIN_HUE) / 0.8)) * smoothstep(chroma, 1, 9) * smoothstep(chroma, 80, 60)


def pigments(lab: Picture, skin: Picture) -> Picture:
    """Grade ``lab`` to rich pigments, with warm lights and cool shadows, less so where there is ``skin`` [H, W]."""
    lightness, a, b = lab[..., 0] / 100, lab[..., 1], lab[..., 2]
    lightness = lightness + 0.045 * np.sin(2 * np.pi * (lightness - 0.5)) + 1.2 * lightness * (1 - lightness) ** 4
    chroma = np.hypot(a, b)
    lightness = lightness + 0.12 * skin * lightness * (1 - lightness)
    yellow = smoothstep(chroma, 50, 30) * smoothstep(np.arctan2(b, a), SKIN_HUE, SKIN_HUE + 0.4)
    rosier = 0.6 * skin * yellow  # pale skin, while lips stay as red as they are
    a, b = a + rosier * (chroma * np.cos(SKIN_HUE) - a), b + rosier * (chroma * np.sin(SKIN_HUE) - b)
    gain = 1 + (1.1 - 0.85 * skin) * np.exp(-np.square(chroma / 45))
    shadow = smoothstep(lightness, 0.55, 0.15) * smoothstep(lightness, 0.0, 0.15) * (1 - 0.75 * skin)
    light = smoothstep(lightness, 0.5, 0.85) * smoothstep(lightness, 1.0, 0.93) * (1 - 0.75 * skin)
    a = a * gain + 5 * shadow + 1 * light + 2 * skin
    b = b * gain - 14 * shadow + 9 * light
    return np.dstack([100 * lightness, a, b]).astype(np.float32)
