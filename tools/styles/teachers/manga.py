"""A slow inker: photo -> page of a manga in white, black and two flat greys; it is the teacher of the style `manga`.

- Shapes: the photo is flattened by a generalised Kuwahara filter along its flow (Papari et al. 2007, Kyprianidis et al.
  2009; see `paint`), thresholded, and the borders of the result are rounded: blurring a mask and thresholding it again
  is motion by mean curvature (Merriman, Bence and Osher 1992). Blacks keep more detail than greys.
- Exposure: before that, dark surroundings and blue skies are lightened and skin is brought to one of two tones, white
  for fair and light grey for dark skin, so that one set of thresholds serves all photos.
- Lines: flow-based difference of Gaussians at three widths (Kang et al. 2007), smoothed along the curved streamline
  (line integral convolution, Cabral and Leedom 1993) before the threshold: lines become long and taper. Departing from
  Kang, the threshold rises with the amount of ink around, so that texture is not hatched.
- Every threshold is as wide as the local slope asks: borders are about a pixel soft, whatever the contrast.

Lengths are in pixels of a picture whose longer side is `paint.WORKING_SIZE`.
"""

from __future__ import annotations

import cv2
import numpy as np

from tools.styles.teachers import canvas
from tools.styles.teachers.canvas import smoothstep
from tools.styles.teachers.cel import ink_lines
from tools.styles.teachers.paint import Picture, Pixels, blur, flow, gradient, grey, kuwahara, sampled

PALE, MIDDLE = 0.80, 0.55  # the two greys of the page; paper is 1 and ink is 0
BLACK_BELOW, MIDDLE_BELOW, PALE_BELOW = 0.30, 0.44, 0.65  # exposed lightness
FAIR, DARK = 0.80, 0.54  # exposed lightness of the two tones of skin
LINES = ((0.9, 0.06, 5.0), (1.6, 0.08, 7.0), (2.6, 0.11, 9.0))  # width, threshold, length
STEP = 2.0  # pixels between the samples along a streamline


def manga(photo: Pixels) -> Pixels:
    """Ink ``photo``; the result has the same size and equal R, G and B."""
    clean = cv2.bilateralFilter(photo.astype(np.float32) / 255, 7, 0.08, 2.0)
    angle, coherence = flow(grey(clean), sigma=3.0)
    fine = kuwahara(clean, 3.0, angle, coherence)
    middle = kuwahara(fine, 6.0, angle, coherence)
    lab, flat_lab = (cv2.cvtColor(image, cv2.COLOR_RGB2Lab) for image in (0.5 * (clean + fine), middle))
    broad_lab = cv2.cvtColor(kuwahara(middle, 8.0, angle, coherence), cv2.COLOR_RGB2Lab)
    skin = skin_likeness(broad_lab)
    face = smoothstep(blur(skin, 11.0), 0.3, 0.65)  # with eyes and lips
    light = exposure(broad_lab, skin, face)
    redder = lab[..., 1] - blur(lab[..., 1], 12.0)
    dark_features = face * smoothstep(redder, 4, -1) * spots(lab[..., 0])
    detailed = follow(lab[..., 0] / 100 + light - 0.35 * dark_features, angle, 4.0)
    broad = follow(broad_lab[..., 0] / 100 + light, angle, 4.0)
    lips = face * smoothstep(redder, 2, 7)
    broad += lips * (np.clip(broad, 0.5, 0.6) - broad)
    page = tones(detailed, broad) * (1 - lines(lab, clouds(broad_lab), skin, face))
    page = np.maximum(page, sheen(flat_lab[..., 0] / 100 + light, angle))
    page = np.maximum(page, face * sparkle(detailed))
    return np.repeat(np.clip(page * 255 + 0.5, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def skin_likeness(lab: Picture) -> Picture:
    """How much each pixel of ``lab`` [H, W, 3] has the colour of skin: 0 to 1. Wood and sand may have it, too."""
    chroma, hue = np.hypot(lab[..., 1], lab[..., 2]), np.arctan2(lab[..., 2], lab[..., 1])
    like = smoothstep(np.abs(hue - 0.70), 0.78, 0.45) * smoothstep(chroma, 58, 44)
    return blur(like * smoothstep(chroma / (lab[..., 0] + 20), 0.09, 0.17) * smoothstep(lab[..., 0], 10, 22), 2.0)


def exposure(lab: Picture, skin: Picture, face: Picture) -> Picture:
    """What to add to the lightness of ``lab`` [H, W, 3]: dark places and blue skies are lifted, skin is evened out."""
    lightness, chroma = lab[..., 0] / 100, np.hypot(lab[..., 1], lab[..., 2]) / 100
    blue = blur(smoothstep(-lab[..., 2], 2, 12), 5.0) * smoothstep(lightness, 0.35, 0.5) * (1 - face)
    lift = 0.25 * blue + 0.30 * np.clip(0.5 - canvas.blur(lightness, 20.0), 0, 1)
    share = canvas.blur(skin, 24.0) + 1e-3
    typical = canvas.blur(lightness * skin, 24.0) / share
    vivid = canvas.blur(np.maximum(chroma - 0.2, 0) * skin, 24.0) / share  # brightly lit dark skin is vivid
    tone = DARK + (FAIR - DARK) * smoothstep(typical - 0.9 * vivid, 0.47, 0.60)
    return lift + skin * (tone - typical - lift)


def spots(lightness: Picture) -> Picture:
    """1 where ``lightness`` (0 to 100) is low in a small spot, such as an iris, 0 in wide shadows."""
    closed = cv2.morphologyEx(blur(lightness, 0.8), cv2.MORPH_CLOSE, np.ones((27, 27), np.uint8))
    return smoothstep(1 - lightness / (blur(closed, 2.0) + 5), 0.22, 0.42)


def clouds(lab: Picture) -> Picture:
    """-1 on blue sky next to clouds, 1 on these clouds, 0 elsewhere."""
    blueness = blur(-lab[..., 2], 2.0)
    sky = canvas.blur(smoothstep(blueness, 3, 10) * smoothstep(lab[..., 0], 50, 65), 10.0)
    return np.tanh((canvas.blur(blueness, 24.0) - blueness) / 2.5) * smoothstep(sky, 0.1, 0.4)


def tones(detailed: Picture, broad: Picture) -> Picture:
    """The page without lines: black shapes of the ``detailed`` lightness, grey ones of the ``broad`` lightness."""
    black = shape(detailed, BLACK_BELOW, roundness=1.2)
    middle = without_slivers(shape(broad, MIDDLE_BELOW, roundness=3.0), black)
    pale = without_slivers(shape(broad, PALE_BELOW, roundness=3.0), np.maximum(middle, black))
    return (1 - (1 - PALE) * np.maximum(pale, middle) - (PALE - MIDDLE) * middle) * (1 - black)


def shape(lightness: Picture, threshold: float, *, roundness: float) -> Picture:
    """Mask of what is darker than ``threshold``, with smooth borders and without spots smaller than ``roundness``."""
    return crisp(blur(0.5 + 0.5 * np.tanh((threshold - lightness) / 0.04), roundness) - 0.5, 0.012)


def without_slivers(tone: Picture, darker: Picture) -> Picture:
    """``tone`` without the narrow bands along ``darker`` that a blurred edge leaves between black and white."""
    wide = cv2.morphologyEx(np.minimum(tone, 1 - darker), cv2.MORPH_OPEN, _disc(5))
    return np.minimum(cv2.dilate(wide, _disc(3)), tone)


def lines(lab: Picture, relief: Picture, skin: Picture, face: Picture) -> Picture:
    """The amount of ink on the edges of ``lab`` [H, W, 3] and ``relief`` [H, W]: 0 to 1; sparing on skin."""
    seen = (lab[..., 0] - 0.4 * lab[..., 1] + 0.3 * lab[..., 2]) / 100 + 0.12 * relief  # red is dark, as lips are
    angle, _ = flow(seen, sigma=2.5)
    _, coherence = flow(seen, sigma=7.0)
    purposeful = np.maximum(smoothstep(coherence, 0.15, 0.55), 0.8 * face)
    ink = np.zeros_like(seen)
    for sigma, threshold, length in LINES:
        response = 1 - ink_lines(seen, sigma=sigma, tau=1.0, slope=12, threshold=0.0, flow_sigma=3.0)
        response = follow(response * purposeful, angle, length)
        busy = np.maximum(canvas.blur(response, 12.0) - 0.03, 0)
        ink = np.maximum(ink, crisp(response - threshold * (1 + 0.5 * skin) - 3.0 * busy, 0.01))
    return ink


def sheen(lightness: Picture, angle: Picture) -> Picture:
    """White strokes on dark things that are lighter than their surroundings, as on black hair."""
    around = blur(lightness, 8.0)
    stroke = follow((lightness - around) / (around + 0.05), angle, 9.0)
    return crisp(stroke - 0.17, 0.02) * smoothstep(around, 0.42, 0.30)


def sparkle(lightness: Picture) -> Picture:
    """Small bright spots: the light and the white of an eye, teeth."""
    return crisp(blur(lightness, 0.7) - blur(lightness, 5.0) - 0.18, 0.02) * smoothstep(lightness, 0.35, 0.5)


def follow(image: Picture, angle: Picture, sigma: float) -> Picture:
    """Gaussian mean of ``image`` [H, W] along the streamline through each pixel; ``angle`` is the flow, in radians."""
    rows, columns = np.mgrid[0 : image.shape[0], 0 : image.shape[1]].astype(np.float32)
    cos, sin = np.cos(angle), np.sin(angle)
    total, weights = image.copy(), 1.0
    for sense in (STEP, -STEP):
        x, y = columns, rows
        dx, dy = np.float32(sense) * cos, np.float32(sense) * sin
        for distance in np.arange(STEP, 2 * sigma + 0.1, STEP):
            x, y = x + dx, y + dy
            weight = float(np.exp(-(distance**2) / (2 * sigma**2)))
            total += np.float32(weight) * sampled(image, x, y)
            weights += weight
            u, v = sampled(cos, x, y), sampled(sin, x, y)
            onward = np.where(u * dx + v * dy < 0, -STEP, STEP).astype(np.float32)  # the flow has no sense
            dx, dy = onward * u, onward * v
    return total / np.float32(weights)


def crisp(value: Picture, width: float) -> Picture:
    """1 where ``value`` is positive, 0 where it is negative, over about a pixel or at least over ``width``."""
    return 0.5 + 0.5 * np.tanh(value / (0.7 * np.hypot(*gradient(value)) + width))


def _disc(radius: int) -> Pixels:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)).astype(np.uint8)
