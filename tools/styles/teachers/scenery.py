"""A slow painter of scenes: photo -> the background of an animated film. It teaches the style `anime`.

- Strokes: `paint.strokes`.
- Clumps with firm borders: a shock filter (Osher and Rudin 1990) of the blurred strokes, which moves colours along the
  gradient (Kyprianidis and Kang 2011, "Image and Video Abstraction by Coherence-Enhancing Filtering"); then, gently, L0
  gradient minimisation (Xu et al. 2011).
- Light, tones and colours: `scene_colours`.
- Ink: `paint.lines` in dark shades of the local colours. About four seconds per megapixel on one core.

Lengths are in pixels of a picture whose longer side is `paint.WORKING_SIZE`.
"""

from __future__ import annotations

import cv2
import numpy as np

from tools.styles.teachers.canvas import smoothstep
from tools.styles.teachers.cel import l0_smooth
from tools.styles.teachers.paint import Picture, Pixels, blur, gradient, grey, lines, sampled, strokes
from tools.styles.teachers.scene_colours import expose, grade

BRUSHES = (2.8, 6.5, 12.0)  # radii: fine, middle, wide
LOST = ((0.08, 0.17), (0.24, 0.38))  # differences from the photo at which the fine brush and the photo come back
LINE_STRENGTH = 0.95
INK = np.array([0.30, 0.20, 0.34], np.float32)  # share of the local colour's R, G, B: dark, rather violet


def scenery(photo: Pixels) -> Pixels:
    """Paint ``photo``; the result has the same size."""
    clean = expose(cv2.bilateralFilter(photo.astype(np.float32) / 255, 5, 0.06, 1.5))
    shapes = with_details(crisp(blur(strokes(clean, brushes=BRUSHES, lost=LOST), 0.7)), clean)
    flat = 0.3 * shapes + 0.7 * l0_smooth(shapes, smoothness=0.006, kappa=4.0)
    coloured = grade(flat)
    ink = lines(grey(0.4 * clean + 0.6 * flat))[..., None]
    drawn = coloured + LINE_STRENGTH * ink * (INK * coloured - coloured)
    return np.clip(drawn * 255 + 0.5, 0, 255).astype(np.uint8)


def with_details(shapes: Picture, photo: Picture) -> Picture:
    """``shapes`` with the strongest of what they lost of ``photo``, such as eyes and letters, as firm as they are."""
    lost = blur(np.abs(photo - shapes).max(2), 1.0)
    return shapes + smoothstep(lost, 0.11, 0.24)[..., None] * (crisp(photo, sigma=0.8, steps=2) - shapes)


def crisp(image: Picture, *, sigma: float = 1.5, steps: int = 4) -> Picture:
    """Give the blurred shapes of ``image`` [H, W, 3] firm borders: colours flow to the edges from both sides."""
    rows, columns = np.mgrid[0 : image.shape[0], 0 : image.shape[1]].astype(np.float32)
    for _ in range(steps):
        luminance = blur(grey(image), sigma)
        x, y = gradient(luminance)
        slope = np.hypot(x, y) + 1e-4
        x, y = x / slope, y / slope
        xx, yy, xy = (cv2.Sobel(luminance, cv2.CV_32F, *order) / 4 for order in ((2, 0), (0, 2), (1, 1)))
        bend = x * x * xx + 2 * x * y * xy + y * y * yy  # across the edge: positive on its dark side
        move = -np.tanh(400 * bend) * smoothstep(slope, 0.002, 0.006)
        image = sampled(image, columns + move * x, rows + move * y)
    return image
