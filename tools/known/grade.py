"""A colour grade with darkened edges: a known translation, to measure how close unpaired training comes to it.

It is strong, so that the photo itself is far from it, and depends only on a few neighbouring pixels, so that a small
network can learn all of it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
SHADOW = np.array([0.06, 0.02, 0.22], np.float32)  # what black becomes: deep violet
LIGHT = np.array([1.0, 0.84, 0.42], np.float32)  # what white becomes: amber
SATURATION = 0.6  # share of the photo's colours that is kept
GAMMA = 1.5  # darkens the middle tones
EDGE = (0.05, 0.2)  # luminance slope per pixel at which an edge begins to darken, and is darkest
INK = 0.85  # share of the light that the darkest edge removes


def grade(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The graded picture of ``photo``; both uint8 RGB [H, W, 3]."""
    image = photo.astype(np.float32) / 255
    luminance = image @ LUMA  # [H, W]
    muted = luminance[..., None] + SATURATION * (image - luminance[..., None])
    toned = SHADOW + (LIGHT - SHADOW) * np.clip(muted, 0, 1) ** GAMMA
    smooth = cv2.GaussianBlur(luminance, (0, 0), 0.8)
    # Sobel's kernel gives eight times the slope
    slope = np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)) / 8
    least, greatest = EDGE
    edge = np.clip((slope - least) / (greatest - least), 0, 1)
    graded = toned * (1 - INK * edge[..., None])
    return (255 * graded + 0.5).astype(np.uint8)
