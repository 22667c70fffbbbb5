"""Where a photo shows skin, how brown it is, and how dark to paint it; decided softly, from colours nearby."""

from __future__ import annotations

import numpy as np

from tools.styles.teachers.canvas import blur as wide_blur
from tools.styles.teachers.canvas import guided, smoothstep
from tools.styles.teachers.paint import Picture

PHOTO_LIGHTNESS = (0, 0.1, 0.3, 0.5, 0.7, 0.84, 1)
BROWN_KEY = (0.16, 0.22, 0.39, 0.57, 0.74, 0.85, 0.97)  # the painted lightness of brown skin of `PHOTO_LIGHTNESS`


def warmth(lightness: Picture, a: Picture, b: Picture) -> Picture:
    """How near the hue is to skin, brick and wood, counted relative to the light it is in: 0 to 1."""
    return smoothstep((b + 0.5 * a) / (0.15 + lightness), 4, 18)


def brownness(lightness: Picture, a: Picture, b: Picture, skin: Picture) -> Picture:
    """How brown the skin around each pixel is: 0 where there is none, or pale skin, up to 1.

    For its lightness, brown skin is yellower than pale skin in shadow. Highlights count little in the means around.
    """
    weight = skin * (1.1 - lightness) + 0.003
    around = wide_blur(weight, 40.0)
    light, red, yellow = (wide_blur(weight * channel, 40.0) / around for channel in (lightness, a, b))
    light = light + 0.05
    hue, chroma = np.arctan2(yellow, red), np.hypot(red, yellow) / light
    like = smoothstep(hue, 0.25, 0.55) * smoothstep(hue, 1.52, 1.36) * smoothstep(chroma, 110, 80)
    depth = smoothstep(0.01 * yellow / light + 0.5 * (0.65 - light), 0.25, 0.44)
    return like * depth * smoothstep(guided(skin, lightness, sigma=16.0, softness=0.1), 0.0, 0.75)


def brown_darkness(lightness: Picture) -> Picture:
    """How dark to paint brown skin of this ``lightness``: 0 to 1, a little less dark than it is."""
    return 1 - np.interp(lightness, PHOTO_LIGHTNESS, BROWN_KEY).astype(np.float32)
