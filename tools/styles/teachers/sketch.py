"""A graphite pencil drawing on warm white paper: photo -> drawing; it is the teacher of the style ``sketch``.

- Contours: flow-based difference of Gaussians (Kang et al. 2007, "Coherent Line Drawing") at two widths. Here the
  difference is isotropic and then averaged along the curved streamline, and its size sets the pressure of the pencil,
  whereas Kang takes it across the flow and thresholds it to black.
- Strokes: line integral convolution (Cabral and Leedom 1993, "Imaging Vector Fields Using Line Integral Convolution")
  along the smoothed structure tensor (Kyprianidis and Kang 2011, "Image and Video Abstraction by Coherence-Enhancing
  Filtering"). What is smeared is the photo's own fine detail at even strength, not white noise.
- Shade: tones relative to the surroundings, gathered around a few steps (Winnemöller et al. 2006, "Real-Time Video
  Abstraction"), blended smoothly as with a paper stump where there is no flow. Plain regions fade to paper, except
  black ones. Weak relief, such as a nose in even light, is measured against a self-guided filter (He et al. 2010,
  "Guided Image Filtering"), which follows strong edges, so that these get no dark halo.

Lengths are in pixels of a picture whose longer side is `paint.WORKING_SIZE`. The drawing at a pixel depends on the
photo within about 100 pixels. About three seconds per megapixel on one core.
"""

from __future__ import annotations

import cv2
import numpy as np

from tools.styles.teachers.canvas import blur as wide_blur
from tools.styles.teachers.canvas import guided, smoothstep
from tools.styles.teachers.paint import Picture, Pixels, blur, flow, grey
from tools.styles.teachers.streamlines import along_flow

PAPER = np.array([250, 247, 240], np.float32)  # RGB
GRAPHITE = np.array([45, 45, 50], np.float32)
DARKEST_SHADE = 0.84  # share of the paper that shading covers
# scale of the difference of Gaussians, greatest cover, responses of the faintest and of the firmest line
FINE_LINE = (0.7, 0.80, 0.003, 0.055)
BROAD_LINE = (1.2, 0.60, 0.005, 0.090)


def sketch(photo: Pixels) -> Pixels:
    """Draw ``photo`` in pencil; the result has the same size."""
    image = photo.astype(np.float32) / 255
    luminance = grey(cv2.bilateralFilter(image, 3, 0.04, 1.0))
    clean = grey(cv2.bilateralFilter(image, 5, 0.08, 2.0))
    busy = busyness(clean)
    bare = (1 - hatching(luminance, clean, busy)) * (1 - (1 - 0.5 * busy) * contours(clean))
    drawn = GRAPHITE + bare[..., None] * (PAPER - GRAPHITE)
    return np.clip(drawn + 0.5, 0, 255).astype(np.uint8)


def contours(luminance: Picture) -> Picture:
    """Lines on the dark side of edges, pressed harder where the contrast is higher: 0 to 1."""
    angle, _ = flow(luminance, sigma=2.5)
    _, coherence = flow(luminance, sigma=4.0)
    drawn = np.zeros_like(luminance)
    for sigma, cover, faint, firm in (FINE_LINE, BROAD_LINE):
        difference = blur(luminance, 1.6 * sigma) - blur(luminance, sigma)
        response = along_flow(difference, angle, sigma=4.0)
        pressure = np.tanh(1.3 * np.clip((response - faint) / (firm - faint), 0, None) ** 0.9)
        # faint lines only along coherent edges: texture would turn to worms
        drawn = np.maximum(drawn, cover * pressure * smoothstep(coherence + 0.6 * pressure, 0.25, 0.65))
    return drawn


def hatching(luminance: Picture, clean: Picture, busy: Picture) -> Picture:
    """Shade in strokes along the form, smooth where ``luminance`` has no form to follow: 0 to 1.

    ``clean`` is the luminance without texture; where the picture is ``busy``, its contrasts are softened.
    """
    angle, _ = flow(luminance, sigma=3.5)
    _, coherence = flow(luminance, sigma=6.0)
    form = smoothstep(coherence, 0.1, 0.4)
    calm = cv2.bilateralFilter(clean, 9, 0.12, 3.0)
    shade = shading(calm + form * (along_flow(luminance, angle, sigma=3.0) - calm), busy)
    stump = 1 - (1 - DARKEST_SHADE * shade**1.7) * (1 - relief(calm))
    # in black, fine detail is mostly noise
    stroke = np.tanh(0.9 * strokes(lifted(luminance), angle)) * form * smoothstep(calm, 0.01, 0.10)
    pencilled = stump * (1 + np.where(stroke > 0, 0.75, 0.6) * stroke)
    accent = (0.8 - 0.6 * busy) * smoothstep(
        blur(clean, 8.0) - blur(clean, 1.3), 0.06, 0.22
    )  # pupils, nostrils, lashes
    return np.clip(pencilled + accent * (0.95 - pencilled), 0, 0.95)


def shading(luminance: Picture, busy: Picture) -> Picture:
    """The tone that the light of the photo asks for: 0 is paper, 1 the deepest shadow."""
    nearby, around = luminance - blur(luminance, 6.0), luminance - wide_blur(luminance, 24.0)
    modelled = luminance + (1 - busy) * (0.08 * np.tanh(nearby / 0.1) + 0.25 * around) - 0.35 * busy * nearby
    depth = 1 - smoothstep(modelled / (0.42 + 0.58 * wide_blur(luminance, 36.0)), 0.0, 0.96)
    stepped = depth + 0.5 * (soft_steps(depth) - depth)
    kept = 0.12 + 0.88 * smoothstep(luminance, 0.36, 0.04)  # of the tone of plain regions
    return stepped * (kept + (1 - kept) * liveliness(luminance))


def soft_steps(depth: Picture, *, steps: int = 4) -> Picture:
    """Gather ``depth`` around the multiples of 1 / ``steps``, with soft passages between them."""
    return depth - np.sin(2 * np.pi * steps * depth) / (2 * np.pi * steps)


def liveliness(luminance: Picture) -> Picture:
    """How much detail there is around each pixel: 0 in plain backgrounds, 1 in textured regions."""
    light = lifted(luminance)
    detail = np.tanh(np.abs(light - blur(light, 2.5)) / 0.025)
    return smoothstep(guided(detail, luminance, sigma=24.0, softness=0.03), 0.12, 0.42)


def busyness(luminance: Picture) -> Picture:
    """How dense strong edges are around each pixel, 0 to 1: drawn in full, stones and leaves would turn to woodcut."""
    return smoothstep(wide_blur(np.tanh(np.abs(luminance - blur(luminance, 4.0)) / 0.06), 24.0), 0.25, 0.65)


def relief(luminance: Picture) -> Picture:
    """A light tone in the hollows of low contrast: 0 to 0.35."""
    surface, level = (guided(luminance, luminance, sigma=sigma, softness=0.08) for sigma in (2.0, 10.0))
    return 0.35 * smoothstep(level - surface, 0.005, 0.08)


def strokes(luminance: Picture, angle: Picture) -> Picture:
    """The fine detail, at even strength, smeared along the flow; positive where it is dark, about -2 to 2."""
    detail = blur(luminance, 0.9) - blur(luminance, 0.45)
    even = detail / np.sqrt(blur(detail * detail, 6.0) + 0.013**2)  # the constants keep noise low
    streaks = along_flow(even, angle, sigma=7.0)
    return streaks / np.sqrt(blur(streaks * streaks, 8.0) + 0.25**2)


def lifted(luminance: Picture) -> Picture:
    """``luminance`` with the shadows spread, since detail counts relative to the light it is in."""
    return np.log1p(6 * luminance) / np.float32(np.log(7))
