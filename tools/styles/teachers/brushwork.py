"""The dabs of a broad brush: small shapes of one colour with crisp borders.

Anisotropic Kuwahara filter (Kyprianidis et al. 2009, "Image and Video Abstraction by Anisotropic Kuwahara Filtering"),
applied again and again, and made crisp. A fine brush serves what stands alone, such as eyes, mouths and letters;
foliage, fur and stone, with detail all around, get the broad one. A dab follows from what is near it: strokes that are
drawn out along a smooth flow, as by line integral convolution, look better still, but a small network cannot place
them, and blurs. Lengths are in pixels.
"""

from __future__ import annotations

import cv2
import numpy as np

from tools.styles.teachers import canvas
from tools.styles.teachers.canvas import smoothstep
from tools.styles.teachers.paint import Picture, blur, flow, gradient, grey, kuwahara

FINE_BRUSH = 2.2  # radius


def simplify(image: Picture, skin: Picture, *, radius: float, times: int) -> tuple[Picture, Picture]:
    """The dabs of ``image`` [H, W, 3] and where a fine brush paints them [H, W], 0 to 1; more so on ``skin``.

    The broad brush has a ``radius`` and is applied so many ``times``.
    """
    broad = image
    for _ in range(times):
        broad = kuwahara(broad, radius, *flow(grey(broad), sigma=3.0), sharpness=8.0)
    broad = crisp(broad, 2.0)
    fine = crisp(kuwahara(image, FINE_BRUSH, *flow(grey(image))), 1.5)
    lost = blur(np.abs(fine - broad).max(2), 2.5) * (1.8 - grey(broad))  # in the dark, less contrast counts
    busy = canvas.blur(lost, 16.0)  # foliage and fur have detail all around, eyes and letters stand alone
    alone = smoothstep(lost / ((1 - 0.6 * skin) * busy + 0.02), 1.2, 2.4)
    care = smoothstep(lost * (1 + 2 * skin), 0.05, 0.15) * alone
    return broad + care[..., None] * (fine - broad), blur(care, 2.0)


def crisp(image: Picture, sigma: float) -> Picture:
    """Sharpen the borders of shapes within the range of their neighbourhood, which leaves no halo."""
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    sharpened = image + 3 * (image - blur(image, sigma))
    return np.clip(sharpened, cv2.erode(image, brush), cv2.dilate(image, brush))


def borders(lab: Picture) -> Picture:
    """0 to 1 [H, W]: the borders of shapes, and what is beside them."""
    x, y = gradient(blur(lab, 1.0))
    slope = np.sqrt((x * x + y * y).sum(2))
    return smoothstep(blur(cv2.dilate(slope, np.ones((13, 13), np.uint8)), 3.0), 1.5, 5.0)


def smoothness(lightness: Picture) -> Picture:
    """1 for skin, wrinkles too, down to 0 for fur and whatever else is rough all around; ``lightness`` is 0 to 100."""
    roughness = canvas.blur(np.abs(lightness - blur(lightness, 2.0)), 20.0)
    return smoothstep(roughness, 6.5, 4.0)
