"""A slow painter of watercolours, the teacher of the style ``watercolour``: transparent glazes on white paper.

- Shapes: generalised Kuwahara filter (Papari et al. 2007) along the flow; a wide brush in calm and in busy regions
  (skies, foliage), a fine one where it would lose an isolated detail (eyes, mouths, window bars).
- Glazes: four washes laid from light to dark, each where the picture is darker than its threshold, crisp at edges and
  soft in gradients, after the soft quantisation of Winnemöller et al. 2006, "Real-Time Video Abstraction".
- Pigment: each wash is densest at its border, and granulates; both change its density by the formula of Bousseau et
  al. 2006, "Interactive watercolor rendering with temporal coherence and abstraction". There, noise textures drive the
  density; here, the photo's own detail does, so that a network can learn it.
- Water: colours vary more within a wash than in the photo, by what a guided filter (He et al. 2010) takes away; a wash
  pales towards the paper far from edges.
- Lines: gaps of white paper on the light side of strong edges and pencil on the dark side, both by a flow-based
  difference of Gaussians (Kang et al. 2007).

Lengths are in pixels of a photo whose longer side is `paint.WORKING_SIZE`. About three seconds per megapixel, one core.
"""

from __future__ import annotations

import cv2
import numpy as np

from tools.styles.teachers.canvas import smoothstep
from tools.styles.teachers.cel import ink_lines
from tools.styles.teachers.paint import Picture, Pixels, blur, flow, gradient, grey, kuwahara

PHOTO_LIGHTNESS = (0, 0.1, 0.3, 0.5, 0.7, 0.86, 1)
HIGH_KEY = (0.19, 0.33, 0.57, 0.78, 0.92, 0.98, 1)  # the painted lightness of a grey of `PHOTO_LIGHTNESS`
GLAZES = ((0.045, 0.11), (0.17, 0.28), (0.36, 0.48), (0.58, 0.74))  # from this darkness on, the wash is this dark
PENCIL = np.array([0.40, 0.34, 0.33], np.float32)


def watercolour(photo: Pixels) -> Pixels:
    """Paint ``photo``; the result has the same size."""
    clean = cv2.bilateralFilter(photo.astype(np.float32) / 255, 5, 0.08, 2.0)
    shapes = simplify(clean)
    lightness, a, b = cv2.split(cv2.cvtColor(shapes, cv2.COLOR_RGB2Lab))
    wash, rims = glaze(darkness(lightness / 100, blur(a, 2.0), blur(b, 2.0)))
    painted = pigment(faded(wash, grey(shapes)), a, b)
    painted = at_density(painted, 1 + 0.65 * np.tanh(1.2 * rims) + granulation(grey(clean), wash))
    gaps, pencil = contours(grey(0.5 * clean + 0.5 * shapes))
    painted = painted + gaps[..., None] * (1 - painted)
    under_paint = np.minimum(painted, 0.25 * painted + 0.75 * PENCIL)  # pencil does not show in dark washes
    drawn = painted + pencil[..., None] * (under_paint - painted)
    return np.clip(drawn * 255 + 0.5, 0, 255).astype(np.uint8)


def simplify(image: Picture) -> Picture:
    """The shapes of ``image`` [H, W, 3] as a broad brush leaves them."""
    luminance = grey(image)
    angle, coherence = flow(luminance)
    fine, middle, wide = (kuwahara(image, radius, angle, coherence) for radius in (2.5, 5.0, 9.0))
    texture = blur(np.abs(luminance - blur(luminance, 3.0)), 4.0)
    calm = smoothstep(texture, 0.014, 0.005)
    busy = smoothstep(blur(texture, 14.0), 0.025, 0.06)
    painted = middle + np.maximum(0.7 * busy, calm)[..., None] * (wide - middle)
    lost = blur(np.abs(image - painted).max(2), 1.2) / (0.4 + luminance)  # in shadows, less contrast is a detail
    lost = lost * (1 - 0.6 * busy)  # foliage may go, eyes in calm skin may not
    for finer, low, high in ((fine, 0.05, 0.12), (image, 0.12, 0.27)):
        painted = painted + smoothstep(lost, low, high)[..., None] * (finer - painted)
    return painted


def darkness(lightness: Picture, a: Picture, b: Picture) -> Picture:
    """How dark to paint, 0 (paper) to 1: high-key greys, full colours, a first wash on pale colours such as skin.

    Warm colours are lightened least, so that dark skin stays dark.
    """
    chroma = np.hypot(a, b)
    value = np.interp(lightness, PHOTO_LIGHTNESS, HIGH_KEY).astype(np.float32)
    value = value + 0.8 * smoothstep(chroma / (1 + 0.5 * coolness(a, b)), 12, 42) * (0.16 + 0.86 * lightness - value)
    value = value - 0.09 * smoothstep(chroma, 5, 22) * smoothstep(value, 0.6, 0.9)
    pools = 0.025 * np.tanh(variation(lightness, 5, 20) / 0.02)  # of pigment in a wet wash
    accents = 0.08 * np.tanh(np.minimum(blur(lightness, 2.0) - blur(lightness, 9.0), 0) / 0.04)  # eyes, windows
    return 1 - value - pools - accents


def glaze(dark: Picture) -> tuple[Picture, Picture]:
    """The darkness of the washes laid over each other, and the rims inside the border of each wash."""
    soft = blur(dark, 0.8)
    crisp = smoothstep(blur(np.hypot(*gradient(soft)), 2.0), 0.010, 0.045)
    width = 0.10 - 0.06 * crisp
    wash, rims = np.zeros_like(soft), np.zeros_like(soft)
    laid = 0.0
    for threshold, level in GLAZES:
        layer = smoothstep((soft - threshold) / width, -1, 1)
        wash += (level - laid) * layer
        rims += 2 * layer * (1 - blur(layer, 2.5)) * (0.45 + 0.55 * crisp)
        laid = level
    detail = smoothstep(blur(np.abs(dark - blur(dark, 3.0)), 1.5), 0.03, 0.09)
    return soft + (0.65 - 0.4 * detail) * (wash - soft), rims


def faded(wash: Picture, luminance: Picture) -> Picture:
    """The darkness ``wash`` thinned with water far from the edges of ``luminance``, mostly in light washes."""
    edges = smoothstep(blur(np.hypot(*gradient(luminance)), 1.5), 0.008, 0.04)
    far = smoothstep(blur(edges, 28.0), 0.14, 0.0)
    return wash * (1 - far * (0.06 + 0.46 * smoothstep(wash, 0.75, 0.3)))


def pigment(wash: Picture, a: Picture, b: Picture) -> Picture:
    """Mix colours (RGB) for washes of darkness ``wash`` from the chroma channels ``a`` and ``b`` of CIE Lab.

    Greys and deep shadows turn to indigo, brown ones to umber, olive to sap green, skin a little to rose.
    """
    lightness = 1 - wash
    a, b = (channel + 0.6 * (blur(channel, 3.0) - guided(channel, radius=20, noise=40.0)) for channel in (a, b))
    chroma = np.hypot(a, b)
    cool = coolness(a, b)
    gain = 1 + (0.38 + 0.3 * cool) * np.exp(-chroma / 45) * smoothstep(chroma, 2, 12)
    gain = gain / np.sqrt(1 + (chroma * gain / (130 - 45 * cool)) ** 2)  # no pigment is purer than this
    shade, dark = smoothstep(lightness, 0.97, 0.5), smoothstep(lightness, 0.6, 0.25)
    umber = smoothstep(b / (0.2 + lightness), 5, 17)
    indigo = np.exp(-((chroma / 14) ** 2)) * shade * smoothstep(b, -16, 0) * smoothstep(b, 11, 2)
    olive, blue = np.maximum(b, 0) * smoothstep(a, 4, -6) * smoothstep(chroma, 65, 35), np.maximum(-b, 0)
    a = a + 0.5 * np.minimum(blue, np.maximum(-a, 0))  # cyan to blue
    a = a * gain - 7 * np.tanh(olive / 20) - 0.2 * blue + indigo * (2 + 2 * dark) + 5 * dark * umber
    b = b * gain * (0.86 + 0.14 * cool) - indigo * (13 + 7 * dark) * (1 - 0.6 * umber) + 5 * dark * umber
    tint = smoothstep(lightness, 1.0, 0.94)  # paper stays white
    lab = np.dstack([100 * np.clip(lightness, 0, 1), a * tint, b * tint]).astype(np.float32)
    return np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), 0, 1)


def coolness(a: Picture, b: Picture) -> Picture:
    """From 0, the hues of skin and brick, to 1, sky and sea."""
    return 0.5 - 0.5 * np.cos(np.arctan2(b, a) - 0.9)


def guided(image: Picture, *, radius: int, noise: float) -> Picture:
    """Smooth ``image`` [H, W], itself the guide, but for edges whose variance exceeds ``noise`` (He et al. 2010)."""

    def mean(values: Picture) -> Picture:
        return cv2.blur(values, (2 * radius + 1, 2 * radius + 1), borderType=cv2.BORDER_REFLECT)

    centre = mean(image)
    variance = np.maximum(mean(image * image) - centre * centre, 0)
    slope = variance / (variance + noise)
    return mean(slope) * image + mean(centre - slope * centre)


def at_density(colour: Picture, density: Picture) -> Picture:
    """``colour`` with ``density`` [H, W] times the pigment (Bousseau 2006): white and black stay."""
    return np.clip(colour - (colour - colour * colour) * (density[..., None] - 1), 0, 1)


def granulation(luminance: Picture, wash: Picture) -> Picture:
    """Pigment that settles where the photo is a little darker than around; none on bare paper."""
    return -0.18 * np.tanh(variation(luminance, 2, 8) / 0.02) * smoothstep(wash, 0.1, 0.4)


def variation(luminance: Picture, fine: int, coarse: int) -> Picture:
    """Variation of ``luminance`` inside regions, between two radii in pixels; without halos at their edges."""
    return guided(luminance, radius=fine, noise=0.002) - guided(luminance, radius=coarse, noise=0.002)


def contours(luminance: Picture) -> tuple[Picture, Picture]:
    """Opacity of the gaps of white paper and of the pencil lines, along coherent edges of ``luminance``."""
    _, coherence = flow(luminance, sigma=3.0)
    gaps = 1 - ink_lines(1 - luminance, sigma=1.7, tau=0.98, slope=40, threshold=-0.02, flow_sigma=4.0)
    pencil = 1 - ink_lines(luminance, sigma=0.9, tau=0.985, slope=60, threshold=-0.008, flow_sigma=4.0)
    on_light = smoothstep(luminance, 0.2, 0.55)
    return 0.9 * gaps * on_light * smoothstep(coherence, 0.4, 0.8), 0.8 * pencil * smoothstep(coherence, 0.3, 0.7)
