"""Post-impressionist oil painting, the teacher of the style `oil`: photo -> dabs of pure pigments.

- Dabs: those of `brushwork`.
- Values and pigments: soft quantisation of the lightness, after Winnemöller et al. 2006, "Real-Time Video
  Abstraction", but equally soft everywhere, as a quantisation that is crisp at edges only draws rims along them. Warm
  lights, cool shadows; then every colour is drawn towards the nearest pigments of a fixed palette, on skin less so.

Lengths are in pixels of a picture whose longer side is 512 pixels.
"""

from __future__ import annotations

import cv2
import numpy as np

from tools.styles.teachers import canvas
from tools.styles.teachers.brushwork import crisp, simplify, smoothness
from tools.styles.teachers.canvas import smoothstep
from tools.styles.teachers.paint import Picture, Pixels, blur

SKIN_HUE = 0.85  # radians, in the a-b plane of Lab
VALUES = 6  # steps from black to white

PIGMENTS = np.array(
    [
        [10, 8, -18],  # indigo, in place of black
        [26, 22, -48],  # ultramarine
        [45, 4, -46],  # cobalt blue
        [70, -10, -30],  # cerulean blue
        [88, -2, -14],  # pale blue
        [24, -14, 2],  # deep green
        [45, -34, 8],  # viridian
        [64, -26, 42],  # sap green
        [82, -14, 40],  # pale green
        [84, 6, 74],  # cadmium yellow
        [90, 0, 32],  # Naples yellow
        [62, 14, 48],  # ochre
        [64, 42, 60],  # cadmium orange
        [48, 58, 42],  # vermilion
        [28, 36, 14],  # madder
        [34, 22, 26],  # burnt sienna
        [18, 14, 6],  # umber
        [86, 10, 20],  # flesh, from light to dark
        [74, 20, 26],
        [62, 24, 30],
        [48, 24, 28],
        [80, 20, 8],  # rose
        [52, 14, -20],  # violet
        [74, 8, -12],  # lilac
        [92, 1, 16],  # cream
        [97, 0, 5],  # warm white
    ],
    np.float32,
)
PALETTE_WIDTH = 13.0  # Lab; how far a pigment attracts


def oil(photo: Pixels) -> Pixels:
    """Paint ``photo`` in oil; the result has the same size."""
    image = cv2.bilateralFilter(photo.astype(np.float32) / 255, 5, 0.06, 1.5)
    skin = skin_likeness(cv2.cvtColor(image, cv2.COLOR_RGB2Lab))
    shapes, care = simplify(image, skin, radius=3.5, times=2)
    flat = cv2.cvtColor(shapes, cv2.COLOR_RGB2Lab)
    painted = grade(flat, skin)
    painted = painted + ((0.75 - 0.4 * skin) * (1 - (0.4 + 0.5 * skin) * care))[..., None] * (mixed(painted) - painted)
    painted = crisp(painted, 2.0)
    painted[..., 0] = np.clip(painted[..., 0], 0, 100)
    rgb = cv2.cvtColor(painted, cv2.COLOR_Lab2RGB)
    return np.clip(rgb * 255 + 0.5, 0, 255).astype(np.uint8)


def skin_likeness(lab: Picture) -> Picture:
    """0 to 1 by hue and chroma: skin of every tone, and what has its colours, such as sand and wood."""
    near = blur(lab, 5.0)
    chroma, hue = np.hypot(near[..., 1], near[..., 2]), np.arctan2(near[..., 2], near[..., 1])
    likeness = np.exp(-np.square((hue - SKIN_HUE) / 0.65)) * smoothstep(chroma, 2, 10) * smoothstep(chroma, 80, 62)
    likeness = np.maximum(likeness, smoothstep(canvas.blur(likeness, 28.0), 0.2, 0.5))  # eyes and beards within
    white = smoothstep(lab[..., 0], 78, 90) * smoothstep(lab[..., 2], 12, 5)
    blue = smoothstep(lab[..., 2], -3, -9) * smoothstep(lab[..., 0], 30, 50)  # in the dark, it may be a beard
    return likeness * (1 - blur(np.maximum(white, blue), 1.5)) * smoothness(lab[..., 0])


def grade(lab: Picture, skin: Picture) -> Picture:
    """Few clear values, rich colours, warm lights and cool shadows, less so where there is ``skin`` [H, W]."""
    lightness, a, b = lab[..., 0] / 100, lab[..., 1], lab[..., 2]
    wave = np.sin(2 * np.pi * VALUES * lightness) / (2 * np.pi * VALUES)
    lightness = lightness - (0.9 - 0.3 * skin) * wave  # flat around every value, steep between two
    lightness = lightness + 0.05 * np.sin(2 * np.pi * (lightness - 0.5)) + 1.2 * lightness * (1 - lightness) ** 4
    lightness = lightness + skin * lightness * (1 - lightness) * (0.12 + 0.5 * (1 - lightness) ** 2)
    chroma = np.hypot(a, b)
    rosier = 0.7 * skin * smoothstep(np.arctan2(b, a), SKIN_HUE, SKIN_HUE + 0.4)
    a, b = a + rosier * (chroma * np.cos(SKIN_HUE) - a), b + rosier * (chroma * np.sin(SKIN_HUE) - b)
    gain = 1 + (1.4 - 1.15 * skin) * np.exp(-np.square(chroma / 45))
    shadow = smoothstep(lightness, 0.6, 0.2) * (1 - 0.65 * skin)
    light = smoothstep(lightness, 0.5, 0.85) * (1 - 0.75 * skin)
    a = a * gain + 6 * shadow + 1 * light + 3 * skin
    b = b * gain - 16 * shadow + 9 * light
    return np.dstack([100 * lightness, a, b]).astype(np.float32)


def mixed(lab: Picture) -> Picture:
    """The nearest pigments for every colour of ``lab``, blended softly where several are near."""
    colours = lab.reshape(-1, 3).T  # [3, H * W]
    likeness = (PIGMENTS @ colours - 0.5 * np.square(PIGMENTS).sum(1)[:, None]) / PALETTE_WIDTH**2  # [pigments, H * W]
    share = np.exp(likeness - likeness.max(0))
    return (PIGMENTS.T @ share / share.sum(0)).T.reshape(lab.shape)
