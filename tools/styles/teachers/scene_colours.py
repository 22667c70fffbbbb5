"""The light and the colours of painted scenes, as in the backgrounds of animated films.

- Exposure: shadows are opened ahead of the painting, so that brush and ink find what is in them. Whether it is night is
  judged by the light around, and night stays dark.
- Tones: what a guided filter (He et al. 2010, "Guided Image Filtering") smooths away is quantised softly. So each place
  has two or three tones, however light or dark it is, and a plain gradient (sky) keeps none of their borders.
- Colour: the lit tones are warm, the shaded ones blue and violet (never black by day), olive turns green, and blues and
  greens are saturated most. Skin keeps its hue, and strong colours approach a limit, so that none is garish.

Everything is decided softly from colours nearby. Pictures are float32 RGB [H, W, 3] in [0, 1].
"""

from __future__ import annotations

import cv2
import numpy as np

from tools.styles.teachers.canvas import Array, blur, guided, smoothstep

STEP = 0.06  # of lightness, between tones
COLD = (9.0, -19.0)  # what a and b of Lab gain in the shade: violet


def expose(image: Array) -> Array:
    """Open the shadows of ``image``, as much as the light around allows."""
    lab = _lab(image)
    lightness = lab[..., 0] / 100
    around = guided(lightness, lightness, sigma=16.0, softness=0.1)
    chroma, hue = np.hypot(lab[..., 1], lab[..., 2]), np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))
    brown = blur(_near(hue, 58, 28) * smoothstep(chroma, 2, 9), 3.0)  # dark hair and brown skin stay dark
    most = (1.4 - 0.8 * night(lightness, 0.24, 0.06)) * (1 - 0.6 * brown)
    contrast = np.clip(lightness / np.maximum(around, 0.02), 0, 1.3)
    lifts = [most * level * np.clip(1 - level, 0, 1) ** 2.4 for level in (around, lightness)]
    opened = np.clip(lightness + 0.65 * contrast * lifts[0] + 0.35 * lifts[1], 0, 1)
    gain = np.clip(opened / np.maximum(lightness, 0.02), 1, 2.2)
    return _rgb(opened, *(channel * gain**0.65 for channel in (lab[..., 1], lab[..., 2])))


def grade(picture: Array) -> Array:
    """Give ``picture`` the tones and the colours of a painted scene; black fields and white stay as they are."""
    lab = _lab(picture)
    lightness, a, b = lab[..., 0] / 100, lab[..., 1], lab[..., 2]
    calm = guided(lightness, lightness, sigma=22.0, softness=0.06)
    relief = tones(lightness - calm)
    dark = night(lightness, 0.36, 0.14)
    chroma, hue = np.hypot(a, b), np.degrees(np.arctan2(b, a))
    hue = turned(hue, chroma, lightness)
    green, blue, skin = (
        _near(hue, 128, 26) * smoothstep(chroma, 3, 14),
        _near(hue, 255, 45) * smoothstep(chroma, 2, 12),
        _near(hue, 55, 26),
    )

    light = brightened(calm + 0.42 * (lightness - calm) + 0.98 * relief, dark)
    light = light + 0.24 * green * smoothstep(chroma, 6, 20) * light * (1 - light) * (1 - dark)
    light = light - 0.05 * blue * smoothstep(chroma, 4, 14) * smoothstep(light, 0.6, 0.8)  # white clouds stand out
    cream = _near(hue, 102, 20) * smoothstep(lightness, 0.6, 0.8)
    full = saturated(chroma, lightness, green - cream, blue, skin)
    a, b = full * np.cos(np.radians(hue)), full * np.sin(np.radians(hue))

    side = np.tanh(relief / 0.08)
    between = smoothstep(light, 0.0, 0.16) * smoothstep(light, 0.97, 0.86)
    skin = skin * smoothstep(chroma, 5, 13) * smoothstep(lightness, 0.08, 0.25)
    shadow = smoothstep(light, 0.8, 0.25)
    cold = (1 - (1 - 0.7 * smoothstep(-side, 0, 1)) * (1 - shadow)) * between * (1 - 0.9 * skin)
    pale = np.exp(-chroma / (35 + 25 * shadow)) * (1 - 0.5 * blue)
    warm = smoothstep(side, 0, 1) * between
    a = a + COLD[0] * cold * (0.3 + 0.7 * pale) + 0.5 * warm
    b = b + COLD[1] * cold * (0.2 + 0.8 * pale) + 9 * warm * (1 - skin)
    return _rgb(light, a, b)


def tones(relief: Array) -> Array:
    """Quantise ``relief`` softly to multiples of `STEP`; 0 stays 0."""
    level = relief / STEP
    whole = np.floor(level)
    return (STEP * (whole + 0.5 + 0.5 * np.tanh(4 * (level - whole - 0.5)) / np.tanh(2))).astype(np.float32)


def brightened(lightness: Array, dark: Array) -> Array:
    """``lightness`` with more contrast, and without black unless it is ``dark`` around."""
    wave = np.sin(2 * np.pi * (np.clip(lightness, 0, 1) - 0.5))
    light = np.clip(lightness + np.where(wave > 0, 0.035, 0.02) * wave, 0, 1)
    return light + 0.10 * (1 - dark) * np.exp(-((light / 0.15) ** 2))


def turned(hue: Array, chroma: Array, lightness: Array) -> Array:
    """``hue`` in degrees, with olive turned to green and the blue that leans to violet to the blue of skies."""
    olive = _near(hue, 102, 14) * smoothstep(chroma, 6, 18) * smoothstep(lightness, 0.75, 0.55)
    return hue + 24 * olive - 12 * _near(hue, 288, 25) * smoothstep(chroma, 4, 14)


def saturated(chroma: Array, lightness: Array, green: Array, blue: Array, skin: Array) -> Array:
    """The ``chroma`` to paint, by how near the hue is to ``green``, ``blue`` and ``skin``."""
    paler = 0.35 - 0.4 * smoothstep(lightness, 0.65, 0.45) + 0.5 * smoothstep(lightness, 0.38, 0.2)  # skin, then hair
    by_hue = 0.5 + green + 0.8 * smoothstep(lightness, 0.1, 0.5) * blue - paler * skin
    gain = 1 + by_hue * smoothstep(chroma, 2, 9) * np.exp(-chroma / 60)
    half = 41 - 18 * blue - 11 * green - 13 * skin * smoothstep(lightness, 0.3, 0.5)  # of the limit
    above = np.maximum(chroma * gain - half, 0)
    return np.minimum(chroma * gain, half) + half * np.tanh(above / half)


def night(lightness: Array, day: float, dark: float) -> Array:
    """Whether it is night around each pixel: 0 where the light around is ``day`` or more, 1 where it is ``dark``."""
    return np.asarray(smoothstep(blur(lightness, 40.0), day, dark))


def _near(hue: Array, centre: float, width: float) -> Array:
    """How near ``hue`` is to ``centre``, both in degrees: 0 to 1."""
    return np.asarray(np.exp(-((((hue - centre + 180) % 360 - 180) / width) ** 2)))


def _lab(picture: Array) -> Array:
    return cv2.cvtColor(np.clip(picture, 0, 1).astype(np.float32), cv2.COLOR_RGB2Lab)


def _rgb(lightness: Array, a: Array, b: Array) -> Array:
    """RGB of Lab, ``lightness`` in [0, 1]."""
    lab = np.dstack([100 * np.clip(lightness, 0, 1), a, b]).astype(np.float32)
    return np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), 0, 1)
