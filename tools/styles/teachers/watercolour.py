"""A slow painter of transparent watercolour on white paper over a light pencil drawing: the teacher of ``watercolour``.

- Shapes: those of `brushwork`.
- Washes: the lightness is raised, and nearly the same within each of a few steps, after the soft quantisation of
  Winnemöller et al. 2006, "Real-Time Video Abstraction"; light greys stay paper.
- Pigment: denser inside the border of each wash, where the paper dries last, thinner outside, and where it ran
  together. It is laid by the power law of transparent layers, where Bousseau et al. 2006, "Interactive watercolor
  rendering with temporal coherence and abstraction", approximate it. Granulation is the photo's own detail at even
  strength; there is no noise texture as in theirs, so that a network can learn it.
- Pencil: the contours of the teacher `sketch`.
- Skin of every tone keeps its colour and most of its lightness, with softer washes and little granulation.

Lengths are in pixels of a photo whose longer side is 512 pixels. About two seconds per megapixel on one core.
"""

from __future__ import annotations

import cv2
import numpy as np

from tools.styles.teachers.brushwork import borders, simplify, smoothness
from tools.styles.teachers.canvas import blur as wide_blur
from tools.styles.teachers.canvas import smoothstep
from tools.styles.teachers.paint import Picture, Pixels, blur, grey
from tools.styles.teachers.sketch import busyness, contours

PAPER = np.array([254, 252, 247], np.float32)  # RGB
PENCIL = np.array([84, 76, 84], np.float32) / 255
WASHES = 5  # steps from paper to black
DEEPEST = 0.34  # the lightness of black: transparent washes do not cover the paper
PALEST = 0.004  # transmittance that a power can still darken
NEARBY = 20.0  # width (sigma) of what is around a place
RIM, BAND = (2.0, 0.06), (7.0, 0.1)  # at a wash's border: width (sigma), darkness that counts fully
POOL_DENSITY, NARROW_POOL, WIDE_POOL, POOL_CONTRAST = 0.14, 4.0, 11.0, 0.02  # widths are sigmas


def watercolour(photo: Pixels) -> Pixels:
    """Paint ``photo``; the result has the same size."""
    image = cv2.bilateralFilter(photo.astype(np.float32) / 255, 5, 0.08, 2.0)
    luminance = grey(image)
    skin = skin_likeness(cv2.cvtColor(image, cv2.COLOR_RGB2Lab))
    shapes, care = simplify(image, skin, radius=3.5, times=2)
    lab = cv2.cvtColor(shapes, cv2.COLOR_RGB2Lab)
    lightness, a, b = lab[..., 0] / 100, lab[..., 1], lab[..., 2]
    wash = in_steps(darkness(lightness, skin, np.hypot(a, b)), skin, care)
    rims, gaps = edges_of(wash)
    ran = runs(lightness) * (1 - borders(lab))  # beside a border, it would be a halo
    loose = 1 - 0.5 * care
    density = 0.9 + loose * ((1 - 0.55 * skin) * rims + (1 - 0.6 * skin) * ran)
    density += granulation(luminance) * (1 - care) * (1 - 0.7 * skin)
    painted = pigment(wash, bleed(a, care), bleed(b, care), lightness, skin)
    painted = painted ** np.clip(density, 0.4, 2.6)[..., None]
    painted = painted + (gaps * (1 - skin) * (1 - care))[..., None] * (1 - painted)
    pencil = 0.7 * contours(luminance) * (1 - 0.6 * busyness(luminance))
    painted = painted + pencil[..., None] * (np.minimum(painted, PENCIL) - painted)
    return np.clip(painted * PAPER + 0.5, 0, 255).astype(np.uint8)


def skin_likeness(lab: Picture) -> Picture:
    """How much the surroundings of each pixel have the colour of skin, 0 to 1, with soft borders.

    Eyes and lips within count as skin, so does smooth brick.
    """
    lightness, a, b = lab[..., 0] / 100, blur(lab[..., 1], 6.0), blur(lab[..., 2], 6.0)
    chroma, hue = np.hypot(a, b), np.degrees(np.arctan2(b, a))
    likeness = smoothstep(chroma / (0.3 + lightness), 6, 14) * smoothstep(np.abs(hue - 48), 42, 26)
    around = smoothstep(wide_blur(likeness, NEARBY), 0.3, 0.6)
    skin = np.maximum(likeness * smoothstep(lightness, 0.05, 0.2), around)
    return blur(skin, 4.0) * smoothness(lab[..., 0])


def darkness(lightness: Picture, skin: Picture, chroma: Picture) -> Picture:
    """How dark to paint, 0 (paper) to 1: high-key, white in light greys.

    ``skin`` stays nearly as dark as it is; what has a colour gets at least a first wash, as does what is beside skin,
    which may be hair.
    """
    beside = smoothstep(wide_blur(skin, NEARBY), 0.2, 0.6)
    coloured = np.maximum(beside, smoothstep(blur(chroma, 2.0), 5, 18))
    value = DEEPEST + (1 - DEEPEST) * lightness**0.62
    value = value + skin * (0.1 + 0.9 * lightness**0.85 - value)
    value = value + (1 - 0.9 * coloured) * smoothstep(value, 0.80, 0.95) * (1 - value)
    return np.clip(1 - value + 0.06 * coloured * smoothstep(value, 0.8, 1.0), 0, 1).astype(np.float32)


def in_steps(dark: Picture, skin: Picture, care: Picture) -> Picture:
    """``dark`` [H, W] as washes lay it: nearly the same within a step, softer on ``skin`` and with ``care``."""
    wave = np.sin(2 * np.pi * WASHES * dark) / (2 * np.pi * WASHES)
    return np.clip(dark - (0.95 - 0.4 * skin) * (1 - 0.6 * care) * wave, 0, 1)


def edges_of(wash: Picture) -> tuple[Picture, Picture]:
    """Where pigment gathers inside the borders of ``wash`` [H, W], and how much paper shows beside them, 0 to 1."""
    near, far = wash - blur(wash, RIM[0]), wash - wide_blur(wash, BAND[0])
    rims = 11 * np.clip(near, 0, RIM[1]) + 2.5 * np.clip(far, 0, BAND[1])
    return rims, 0.35 * smoothstep(-near, 0.02, 0.07)


def runs(lightness: Picture) -> Picture:
    """Pigment that ran together, or, if negative, away: more in what is darker than its surroundings."""
    return POOL_DENSITY * np.tanh((wide_blur(lightness, WIDE_POOL) - wide_blur(lightness, NARROW_POOL)) / POOL_CONTRAST)


def granulation(luminance: Picture) -> Picture:
    """More pigment where the fine detail of ``luminance`` is dark; what is as weak as noise stays small."""
    detail = blur(luminance, 1.2) - blur(luminance, 5.0)
    amplitude = np.sqrt(wide_blur(detail * detail, 10.0) + 0.02**2)
    return -0.1 * np.tanh(1.2 * detail / amplitude)


def bleed(channel: Picture, care: Picture) -> Picture:
    """Let a colour channel [H, W] run over the borders of shapes, except where there is ``care``."""
    near = blur(channel, 2.0)
    return near + 0.4 * (1 - care) * (blur(channel, 7.0) - near)


def pigment(wash: Picture, a: Picture, b: Picture, lightness: Picture, skin: Picture) -> Picture:
    """The light (RGB) that washes of darkness ``wash`` let through, from the chroma channels ``a`` and ``b`` of Lab.

    ``lightness`` is that of the photo: what is painted lighter is more saturated. Grey shadows turn to indigo, but
    not those near ``skin``, which may be hair.
    """
    chroma, value = np.hypot(a, b), 1 - wash
    cool = 0.5 - 0.5 * np.cos(np.arctan2(b, a) - 0.9)  # 0 for skin and brick, 1 for sky and sea
    gain = 1 + (0.5 - 0.4 * skin) * np.exp(-chroma / 30) * smoothstep(chroma, 2, 9)
    gain = gain * np.clip((value + 0.1) / (lightness + 0.1), 0.7, 1.4 - 0.25 * skin)
    gain = gain / np.sqrt(1 + (chroma * gain / (80 - 24 * cool)) ** 2)  # no pigment is purer than this
    hairless = 1 - 0.7 * smoothstep(wide_blur(skin, NEARBY), 0.0, 0.4)
    indigo = smoothstep(value, 0.9, 0.4) * np.exp(-((chroma / 16) ** 2)) * (1 - skin) * hairless
    tint = np.maximum(smoothstep(value, 1.0, 0.93), 0.8 * skin)  # paper stays white
    lab = np.dstack([100 * np.clip(value, 0, 1), (a * gain + 2 * indigo) * tint, (b * gain - 13 * indigo) * tint])
    return np.clip(cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_Lab2RGB), PALEST, 1)
