"""A slow painter of transparent watercolour on white paper over a light pencil drawing: the teacher of ``watercolour``.

- Shapes: generalised Kuwahara filter along the flow (Papari et al. 2007), twice and at half the size. A fine brush
  serves what stands alone, such as eyes, mouths and letters.
- Washes: four, laid from light to dark, each where the picture is darker than its threshold, after the soft
  quantisation of Winnemöller et al. 2006, "Real-Time Video Abstraction". In gradients their borders are smooth curves.
- Pigment: denser at the border of each wash, and where it ran together: what is darker than its surroundings. It is
  laid by the power law of transparent layers, where Bousseau et al. 2006, "Interactive watercolor rendering with
  temporal coherence and abstraction", approximate it. Granulation is the photo's own detail at even strength; there is
  no noise texture as in theirs, so that a network can learn it.
- Paper: left white in greys that are light or lighter than their surroundings, and in slivers along the lower right of
  dark shapes, where the brush did not quite reach the border.
- Pencil: the contours of the teacher `sketch`.
- Skin of every tone keeps its colour and most of its lightness, with softer washes and little granulation.

Lengths are in pixels of a photo whose longer side is `paint.WORKING_SIZE`. A place follows from the photo within some
60 pixels, as far as a small network sees. About two seconds per megapixel on one core.
"""

from __future__ import annotations

import cv2
import numpy as np

from tools.styles.teachers.canvas import blur as wide_blur
from tools.styles.teachers.canvas import smoothstep
from tools.styles.teachers.paint import Picture, Pixels, blur, flow, gradient, grey, kuwahara
from tools.styles.teachers.sketch import busyness, contours

PAPER = np.array([254, 252, 247], np.float32)  # RGB
PENCIL = np.array([84, 76, 84], np.float32) / 255
WASHES = ((0.05, 0.13), (0.20, 0.29), (0.37, 0.46), (0.54, 0.64))  # from this darkness on, the wash is this dark
DEEPEST = 0.3  # the lightness of black: transparent washes do not cover the paper
PALEST = 0.004  # transmittance that a power can still darken
NEARBY = 20.0  # width (sigma) of what is around a place
POOL_DENSITY, NARROW_POOL, WIDE_POOL, POOL_CONTRAST = 0.2, 4.0, 11.0, 0.02  # widths are sigmas


def watercolour(photo: Pixels) -> Pixels:
    """Paint ``photo``; the result has the same size."""
    image = cv2.bilateralFilter(photo.astype(np.float32) / 255, 5, 0.08, 2.0)
    skin = skin_likeness(cv2.cvtColor(image, cv2.COLOR_RGB2Lab))
    shapes, care = simplify(image, skin)
    lightness, a, b = cv2.split(cv2.cvtColor(shapes, cv2.COLOR_RGB2Lab))
    lightness = lightness / 100
    coloured = np.maximum(skin, smoothstep(blur(np.hypot(a, b), 2.0), 8, 26))
    dark = darkness(lightness, skin, coloured)
    edges = smoothstep(blur(np.hypot(*gradient(blur(dark, 1.0))), 3.0), 0.002, 0.012)
    wash, rims, slivers = lay_washes(dark, edges, skin, care)
    open_area = 1 - 0.85 * smoothstep(wide_blur(edges, 10.0), 0.05, 0.5)  # beside a shape, a run would be its halo
    density = 0.88 + 0.12 * np.maximum(care, skin) + (1.1 - 0.6 * skin) * (1 - 0.8 * care) * rims
    density += runs(lightness) * open_area * (1 - 0.6 * skin) * (1 - 0.5 * care)
    density += granulation(grey(image)) * (1 - care) * (1 - 0.7 * skin)
    painted = pigment(wash, bleed(a, care), bleed(b, care), lightness, skin)
    painted = painted ** np.clip(density, 0.4, 2.2)[..., None]
    painted = painted + (slivers * edges * (1 - skin) * (1 - care))[..., None] * (1 - painted)
    pencil = 0.85 * contours(grey(image)) * (1 - 0.45 * busyness(grey(image)))
    painted = painted + pencil[..., None] * (np.minimum(painted, PENCIL) - painted)
    return np.clip(painted * PAPER + 0.5, 0, 255).astype(np.uint8)


def skin_likeness(lab: Picture) -> Picture:
    """How much the surroundings of each pixel have the colour of skin, 0 to 1, with soft borders.

    Eyes and lips within count as skin, so do brick and the red of feathers.
    """
    lightness, a, b = lab[..., 0] / 100, blur(lab[..., 1], 6.0), blur(lab[..., 2], 6.0)
    chroma, hue = np.hypot(a, b), np.degrees(np.arctan2(b, a))
    likeness = smoothstep(chroma / (0.3 + lightness), 6, 14) * smoothstep(np.abs(hue - 48), 42, 26)
    around = smoothstep(wide_blur(likeness, NEARBY), 0.3, 0.6)
    return blur(np.maximum(likeness * smoothstep(lightness, 0.05, 0.2), around), 4.0)


def simplify(image: Picture, skin: Picture) -> tuple[Picture, Picture]:
    """The shapes of ``image`` [H, W, 3] as a broad brush leaves them, and where they take a fine one [H, W], 0 to 1."""
    height, width = image.shape[:2]
    small = cv2.resize(image, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA)
    for radius in (4.0, 6.5):
        small = kuwahara(small, radius, *flow(grey(small), sigma=3.0))
    wide = np.clip(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)
    fine = kuwahara(image, 1.8, *flow(grey(image)))
    lost = blur(np.abs(fine - wide).max(2), 2.0) * (1.8 - grey(wide))  # in the dark, less contrast counts
    busy = wide_blur(lost, NEARBY)  # foliage and fur have detail all around, eyes and letters stand alone
    alone = smoothstep(lost / ((0.8 - 0.5 * skin) * busy + 0.02), 1.0, 2.0)
    care = blur(smoothstep(lost * (1 + 1.5 * skin), 0.04, 0.12) * (0.25 + 0.75 * alone), 1.5)
    return wide + care[..., None] * (fine - wide), care


def darkness(lightness: Picture, skin: Picture, coloured: Picture) -> Picture:
    """How dark to paint, 0 (paper) to 1: high-key, lighter where the photo is dark all around, white in light greys.

    ``skin`` stays nearly as dark as it is, and what is ``coloured`` gets at least a first wash.
    """
    nearby = wide_blur(lightness, NEARBY)
    lifted = lightness + (0.1 + 0.4 * (1 - lightness)) * lightness * smoothstep(nearby, 0.8, 0.15) * (1 - 0.8 * skin)
    value = DEEPEST + (1 - DEEPEST) * np.clip(lifted, 0, 1) ** 0.75
    value = value + skin * (0.16 + 0.84 * lightness**0.9 - value)
    highlight = smoothstep(lightness - nearby, 0.0, 0.2) * smoothstep(value, 0.6, 0.85)
    value = value + 0.6 * (1 - coloured) * highlight * (1 - value)
    value = value + (1 - 0.9 * coloured) * smoothstep(value, 0.86, 0.97) * (1 - value)
    return np.clip(1 - value + 0.07 * coloured * smoothstep(value, 0.8, 1.0), 0, 1).astype(np.float32)


def lay_washes(dark: Picture, edges: Picture, skin: Picture, care: Picture) -> tuple[Picture, Picture, Picture]:
    """The darkness of the washes laid over each other, the rims inside their borders, and the paper left beside them.

    Their borders are smooth curves, but for ``edges`` [H, W], which they follow, and most closely where there is
    ``care``; on ``skin`` they are soft.
    """
    soft = blur(dark, 5.0)
    soft = soft + edges * (blur(dark, 1.8) - soft)
    soft = soft + care * (blur(dark, 0.6) - soft)
    width = 0.022 - 0.008 * edges + 0.02 * skin
    wash, rims, slivers = np.zeros_like(soft), np.zeros_like(soft), np.zeros_like(soft)
    laid = 0.0
    for threshold, level in WASHES:
        layer = smoothstep((soft - threshold) / width, -1, 1)
        wash += (level - laid) * layer
        laid = level
        rims += (1.5 - 0.5 * edges) * np.maximum(layer - blur(layer, 1.7), 0)
        rims += 0.35 * np.maximum(layer - wide_blur(layer, 9.0), 0)
        x, y = gradient(blur(layer, 1.2))
        slivers = np.maximum(slivers, np.maximum(-(x + 0.7 * y), 0) * (1 - layer))
    return soft + (0.95 - 0.45 * skin) * (wash - soft), rims, 0.9 * smoothstep(slivers, 0.1, 0.3)


def runs(lightness: Picture) -> Picture:
    """Pigment that ran together, or, if negative, away: more in what is darker than its surroundings."""
    return POOL_DENSITY * np.tanh((wide_blur(lightness, WIDE_POOL) - wide_blur(lightness, NARROW_POOL)) / POOL_CONTRAST)


def granulation(luminance: Picture) -> Picture:
    """More pigment where the fine detail of ``luminance`` is dark; what is as weak as noise stays small."""
    detail = blur(luminance, 1.2) - blur(luminance, 5.0)
    amplitude = np.sqrt(wide_blur(detail * detail, 10.0) + 0.02**2)
    return -0.16 * np.tanh(1.2 * detail / amplitude)


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
