"""The strokes of a broad brush: plain shapes with crisp borders, which follow the flow of a picture.

Anisotropic Kuwahara filter (Kyprianidis et al. 2009, "Image and Video Abstraction by Anisotropic Kuwahara Filtering")
with a wide brush, drawn out by line integral convolution (Cabral and Leedom 1993, "Imaging Vector Fields Using Line
Integral Convolution") and made crisp. A fine brush serves what stands alone, such as eyes, mouths and letters; foliage,
fur and stone, with detail all around, get the wide one. Lengths are in pixels of a picture whose longer side is 768.
"""

from __future__ import annotations

import cv2
import numpy as np

from tools.styles.teachers import canvas
from tools.styles.teachers.canvas import smoothstep
from tools.styles.teachers.paint import Picture, blur, flow, gradient, grey, kuwahara
from tools.styles.teachers.streamlines import smear, streamlines, sweep

FINE_BRUSH, WIDE_BRUSH = 2.2, 7.5  # radii
STROKE_REACH = 0.14  # a stroke ends where the colour (0 to 1) differs by more


def simplify(image: Picture, skin: Picture) -> tuple[Picture, Picture]:
    """The strokes of ``image`` [H, W, 3] and where a fine brush paints them [H, W], 0 to 1; more so on ``skin``."""
    direction, coherence = sweep(grey(image))
    lines = streamlines(direction)
    angle = 0.5 * np.arctan2(direction[..., 1], direction[..., 0])
    wide = crisp(smear(kuwahara(image, WIDE_BRUSH, angle, coherence), lines, STROKE_REACH), 4.0, 9)
    fine = crisp(kuwahara(image, FINE_BRUSH, *flow(grey(image))), 1.5, 5)
    lost = blur(np.abs(fine - wide).max(2), 2.5) * (1.8 - grey(wide))  # in the dark, less contrast counts
    busy = canvas.blur(lost, 22.0)  # foliage and fur have detail all around, eyes and letters stand alone
    alone = smoothstep(lost / ((1 - 0.6 * skin) * busy + 0.02), 1.2, 2.4)
    care = smoothstep(lost * (1 + 2 * skin), 0.05, 0.15) * alone
    return wide + care[..., None] * (fine - wide), blur(care, 2.0)


def crisp(image: Picture, sigma: float, width: int) -> Picture:
    """Sharpen the borders of shapes within the range of their neighbourhood, which leaves no halo."""
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    sharpened = image + 3 * (image - blur(image, sigma))
    return np.clip(sharpened, cv2.erode(image, brush), cv2.dilate(image, brush))


def borders(lab: Picture) -> Picture:
    """0 to 1 [H, W]: the borders of shapes; a ridge made of their contrast would look like a halo."""
    x, y = gradient(blur(lab, 1.0))
    slope = np.sqrt((x * x + y * y).sum(2))
    return smoothstep(blur(cv2.dilate(slope, np.ones((13, 13), np.uint8)), 3.0), 1.5, 5.0)
