"""A slow painter of line and wash, sepia ink over transparent watercolour: the teacher of the style ``watercolour``.

- Pen: difference of Gaussians followed along curved streamlines (Kang et al. 2007, "Coherent Line Drawing"), at three
  widths. Here the difference is isotropic, is taken where shadows are lifted, and passes a narrow soft threshold: so a
  line has a crisp border, swells with the contrast, and breaks and tapers where that fades. Pupils, nostrils and small
  windows are filled with ink.
- Shapes: generalised Kuwahara filter along the flow (Papari et al. 2007), twice and at half the size, since the pen
  carries the detail; then moved a little off the lines, which leaves white paper on one side of a contour.
- Glazes: three washes laid from light to dark, each where the picture is darker than its threshold, crisp at edges and
  soft in gradients, after the soft quantisation of Winnemöller et al. 2006, "Real-Time Video Abstraction".
- Pigment: each wash is densest at its border, by the density formula of Bousseau et al. 2006, "Interactive watercolor
  rendering with temporal coherence and abstraction"; no noise textures as there, so that a network can learn it.
- Skin: brown skin, found by hue, chroma and lightness nearby, first gets one even glaze, nearly as dark as the skin.
- Paper: left white in lights, on what is lighter than its surroundings, in small highlights and in plain backgrounds.

Lengths are in pixels of a photo whose longer side is `paint.WORKING_SIZE`. About three seconds per megapixel, one core.
"""

from __future__ import annotations

import cv2
import numpy as np

from tools.styles.teachers.brown_skin import PHOTO_LIGHTNESS, brown_darkness, brownness, warmth
from tools.styles.teachers.canvas import blur as wide_blur
from tools.styles.teachers.canvas import smoothstep
from tools.styles.teachers.paint import Picture, Pixels, blur, flow, gradient, grey, kuwahara
from tools.styles.teachers.sketch import busyness, lifted, liveliness
from tools.styles.teachers.streamlines import along_flow

SEPIA = np.array([70, 52, 48], np.float32) / 255
# scale of the difference of Gaussians, greatest cover, responses of the faintest and of the firmest line
NIBS = ((0.9, 0.92, 0.0028, 0.012), (1.7, 0.95, 0.008, 0.024), (2.6, 0.8, 0.010, 0.030))
SHIFT = (3.0, 3.0)  # of the washes against the lines, pixels to the right and down
HIGH_KEY = (0.37, 0.44, 0.58, 0.78, 0.93, 1, 1)  # the painted lightness of a grey of `PHOTO_LIGHTNESS`
GLAZES = ((0.05, 0.10), (0.20, 0.28), (0.40, 0.51))  # from this darkness on, the wash is this dark


def watercolour(photo: Pixels) -> Pixels:
    """Draw and paint ``photo``; the result has the same size."""
    clean = cv2.bilateralFilter(photo.astype(np.float32) / 255, 5, 0.08, 2.0)
    light = shown(grey(clean))
    busy = busyness(light)
    painted = washes(clean, light, busy)
    drawn = painted + pen(light, busy)[..., None] * (np.minimum(painted, SEPIA) - painted)
    return np.clip(drawn * 255 + 0.5, 0, 255).astype(np.uint8)


def shown(luminance: Picture) -> Picture:
    """``luminance`` with the shadows lifted, where there is as much to draw as in the light."""
    return 0.4 * luminance + 0.6 * lifted(luminance)


def pen(light: Picture, busy: Picture) -> Picture:
    """The ink for each pixel of ``light`` [H, W], on the dark side of edges; fewer lines where it is ``busy``: 0 to 1.

    Weak lines are drawn only along coherent edges, so that texture does not turn to worms.
    """
    angle, _ = flow(light, sigma=2.5)
    _, coherence = flow(light, sigma=5.0)
    drawn = np.zeros_like(light)
    for sigma, cover, faint, firm in NIBS:
        response = along_flow(blur(light, 1.6 * sigma) - blur(light, sigma), angle, sigma=6.0)
        response = response * (0.45 + 0.55 * smoothstep(coherence + 14 * response, 0.2, 0.7)) / (1 + sigma * busy)
        drawn = np.maximum(drawn, cover * smoothstep(response, faint, firm))
    spots = smoothstep(blur(light, 7.0) - blur(light, 0.8), 0.06, 0.16) * smoothstep(light, 0.63, 0.42)
    return np.maximum(drawn, (0.9 - 0.6 * busy) * spots)


def washes(image: Picture, light: Picture, busy: Picture) -> Picture:
    """The washes (RGB) under the drawing of ``image`` [H, W, 3], given its `shown` luminance and where it is busy."""
    shapes = simplify(image)
    lost = blur(light, 0.7) - shown(grey(shapes))
    highlights = 0.9 * smoothstep(lost, 0.05, 0.17) * (1 - 0.7 * busy)
    accents = 0.24 * smoothstep(blur(lost, 0.8), -0.05, -0.15) * (1 - 0.7 * busy)
    shapes = moved(shapes, *SHIFT)
    lightness, a, b = cv2.split(cv2.cvtColor(shapes, cv2.COLOR_RGB2Lab))
    lightness, a, b = lightness / 100, blur(a, 4.0), blur(b, 4.0)
    warm = warmth(lightness, a, b)
    skin = warm * (1 - busy)
    near = smoothstep(wide_blur(skin, 32.0), 0.0, 0.4)
    brown = brownness(lightness, a, b, warm * (1 - 0.8 * busy))
    dark = darkness(lightness, a, b, skin)
    dark = dark + brown * (brown_darkness(lightness) - dark)
    even = 0.5 * brown * dark  # a glaze of sienna over the whole face, under the washes
    wash, rims = glaze(dark - even, firmness=1 - 0.45 * skin)
    wash, coloured = wash + even, smoothstep(np.hypot(a, b), 4, 20)
    lifting = np.minimum((1.25 - wash) / (0.25 + lightness), 1.6)
    fuller = 1 + np.maximum(warm, coloured) * (lifting - 1)  # shadows painted lighter keep their saturation
    laid = np.maximum(kept(grey(image), lightness, warm, coloured), brown)
    rims = rims * laid + 1.5 * (1 - warm) * smoothstep(wash, 0.1, 0.4) * np.maximum(laid - blur(laid, 4.0), 0)
    wash = wash * (1 - pools(shown(grey(shapes))) * smoothstep(wash, 0.2, 0.45))
    wash = wash + accents * smoothstep(wash, 0.75, 0.45)
    painted = 1 - (laid * (1 - highlights * (1 - 0.5 * brown)))[..., None] * (
        1 - pigment(wash, a * fuller, b * fuller, near, brown)
    )
    return at_density(painted, 1 + 1.1 * np.tanh(1.2 * rims))


def simplify(image: Picture) -> Picture:
    """The shapes of ``image`` [H, W, 3] as a broad brush leaves them, worked out at half the size."""
    height, width = image.shape[:2]
    small = cv2.resize(image, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA)
    for radius in (5.0, 8.0):
        small = kuwahara(small, radius, *flow(grey(small), sigma=3.0))
    return np.clip(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)


def moved(image: Picture, right: float, down: float) -> Picture:
    shift = np.array([[1, 0, right], [0, 1, down]], np.float32)
    return cv2.warpAffine(image, shift, image.shape[1::-1], borderMode=cv2.BORDER_REFLECT_101)


def darkness(lightness: Picture, a: Picture, b: Picture, skin: Picture) -> Picture:
    """How dark to paint, 0 (paper) to 1: high-key greys, full colours, a first wash on pale colours.

    What is lighter than its surroundings is left almost bare, ``skin`` least, which blotches would stain.
    """
    chroma = np.hypot(a, b)
    value = np.interp(lightness, PHOTO_LIGHTNESS, HIGH_KEY).astype(np.float32)
    cool = coolness(a, b)
    full = 0.33 + 0.69 * lightness  # warm colours soonest, so that dark skin stays dark
    value = value + 0.6 * smoothstep(chroma / (1 + 0.5 * cool), 12, 42) * (full - value)
    dark = 1 - value + (0.09 + 0.09 * cool) * smoothstep(chroma, 4, 20) * smoothstep(value, 0.6, 0.9)
    lit = (lightness - wide_blur(lightness, 30.0)) * smoothstep(lightness, 0.2, 0.55)
    lit = lit + skin * (blur(lit, 6.0) - lit)
    bare = (0.75 - 0.57 * skin) * smoothstep(lit, -0.01, 0.13)
    return dark * (1 - bare) + 0.10 * smoothstep(lit, 0.0, -0.15) * smoothstep(dark, 0.0, 0.2)


def glaze(dark: Picture, *, firmness: Picture) -> tuple[Picture, Picture]:
    """The darkness of the washes laid over each other, and the rims inside the border of each wash.

    Borders are crisp where ``dark`` changes, most where ``firmness`` [H, W] is 1.
    """
    soft = blur(dark, 1.0)
    crisp = smoothstep(blur(np.hypot(*gradient(soft)), 3.0), 0.002, 0.014) * firmness
    width = 0.08 - 0.055 * crisp
    wash, rims = np.zeros_like(soft), np.zeros_like(soft)
    laid = 0.0
    for threshold, level in GLAZES:
        layer = smoothstep((soft - threshold) / width, -1, 1)
        wash += (level - laid) * layer
        rims += 2 * layer * (1 - blur(layer, 2.5)) * (0.35 + 0.65 * crisp)
        laid = level
    return soft + 0.85 * (wash - soft), rims


def kept(luminance: Picture, lightness: Picture, warm: Picture, coloured: Picture) -> Picture:
    """The share of the pigment that water leaves: little in plain backgrounds, more in dark or coloured ones."""
    plain = blur((1 - liveliness(luminance)) ** 2, 3.0)
    border = 0.6 * (1 - warm)  # of the wash; on skin it would be a stain
    plain = plain + border * (smoothstep(plain, 0.3, 0.6) - plain)
    return 1 - plain * (0.92 - 0.28 * np.maximum(smoothstep(lightness, 0.5, 0.1), coloured)) * (1 - 0.35 * warm)


def pools(light: Picture) -> Picture:
    """The share of pigment that runs out of the lighter parts of a dark wash, or, if negative, into the darker ones."""
    return 0.14 * np.tanh((light - wide_blur(light, 20.0)) / 0.1)


def pigment(wash: Picture, a: Picture, b: Picture, near_skin: Picture, brown: Picture) -> Picture:
    """Mix colours (RGB) for washes of darkness ``wash`` from the chroma channels ``a`` and ``b`` of CIE Lab.

    Greys and deep shadows turn to indigo, brown ones to umber, olive to sap green, pale skin a little to rose.

    ``near_skin`` greys take less indigo: hair is not blue, nor are the shadows of a face. ``brown`` skin stays sienna.
    """
    lightness = 1 - wash
    chroma = np.hypot(a, b)
    cool = coolness(a, b)
    gain = 1 + (0.05 + 0.35 * cool) * np.exp(-chroma / 45) * smoothstep(chroma, 2, 12)
    gain = gain / np.sqrt(1 + (chroma * gain / (75 - 8 * cool)) ** 2)  # no pigment is purer than this
    shade, dark = smoothstep(lightness, 0.97, 0.5), smoothstep(lightness, 0.6, 0.25)
    umber = smoothstep(b / (0.2 + lightness), 4, 12)
    indigo = (
        np.exp(-((chroma / 14) ** 2))
        * shade
        * smoothstep(b, -16, 0)
        * smoothstep(b, 11, 2)
        * (1 - 0.8 * umber)
        * (0.8 - 0.5 * near_skin)
    )
    olive, blue = np.maximum(b, 0) * smoothstep(a, 4, -6) * smoothstep(chroma, 65, 35), np.maximum(-b, 0)
    a = a + 0.5 * np.minimum(blue, np.maximum(-a, 0))  # cyan to blue
    a = a * gain - 7 * np.tanh(olive / 20) - 0.2 * blue + indigo * (2 + 2 * dark) + 5 * dark * umber
    b = b * gain * (0.80 + 0.20 * np.maximum(cool, brown)) - indigo * (21 + 8 * dark) + 5 * dark * umber
    tint = smoothstep(lightness, 1.0, 0.92)  # paper stays white
    lab = np.dstack([100 * np.clip(lightness, 0, 1), a * tint, b * tint]).astype(np.float32)
    return np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), 0, 1)


def coolness(a: Picture, b: Picture) -> Picture:
    """From 0, the hues of skin and brick, to 1, sky and sea."""
    return 0.5 - 0.5 * np.cos(np.arctan2(b, a) - 0.9)


def at_density(colour: Picture, density: Picture) -> Picture:
    """``colour`` with ``density`` [H, W] times the pigment (Bousseau 2006): white and black stay."""
    return np.clip(colour - (colour - colour * colour) * (density[..., None] - 1), 0, 1)
