"""A mid-century screen-printed travel poster: a few flat inks in shapes with round borders, as if cut from paper.

- Shapes: anisotropic Kuwahara filter (Kyprianidis et al. 2009, "Image and Video Abstraction by Anisotropic Kuwahara
  Filtering"), then L0 gradient minimisation (Xu et al. 2011).
- Tones: lightness with more form (what a guided filter, He et al. 2010, "Guided Image Filtering", smooths away is
  amplified, which leaves no halos), and skin of every tone moves towards a common exposure. Small strong
  features, such as eyes, mouths and letters, are found by their white and black top-hat transforms. A shock filter
  (Osher and Rudin 1990) made of erosion and dilation closes up blurred edges, which would print as thin bands.
- Stencils: the region lighter than each threshold, rounded by repeated blurring and steepening (Merriman, Bence and
  Osher 1992, "Diffusion Generated Motion by Mean Curvature"), which also removes islands under about six pixels.
- Inks: each hue family has a ramp of inks, one per tone; families compete by blurring and squaring their shares, so
  that one thing gets one ramp. Unlike in a poster by hand, the palette is the same for every picture.

Lengths are in pixels of a photo whose longer side is 768. About two seconds per photo on one core.
"""

from __future__ import annotations

import cv2
import numpy as np

from tools.styles.teachers.canvas import blur as wide_blur
from tools.styles.teachers.canvas import smoothstep
from tools.styles.teachers.cel import l0_smooth
from tools.styles.teachers.paint import Picture, Pixels, blur, flow, grey, kuwahara

INKS = {  # RGB, 0 to 255
    "navy": (22, 35, 62),
    "slate": (84, 108, 122),
    "teal": (28, 104, 120),
    "aqua": (152, 204, 198),
    "olive": (112, 128, 62),
    "leaf": (178, 184, 100),
    "brick": (164, 52, 42),
    "orange": (226, 122, 62),
    "ochre": (240, 184, 108),
    "cream": (250, 238, 210),
}
RAMPS = {  # for each hue family, dark to light
    "neutral": ("navy", "navy", "slate", "aqua", "cream"),
    "warm": ("navy", "brick", "orange", "ochre", "cream"),
    "green": ("navy", "teal", "olive", "leaf", "cream"),
    "cool": ("navy", "teal", "teal", "aqua", "cream"),
}
THRESHOLDS = (0.25, 0.43, 0.60, 0.80)  # between the tones of a ramp
HUES = {"warm": (40.0, 50.0), "green": (140.0, 35.0), "cool": (-110.0, 60.0)}  # centre and width in Lab, degrees


def poster(photo: Pixels) -> Pixels:
    """Print ``photo`` as a poster; the result has the same size."""
    fine, flat = (_to_lab(image) for image in simplify(photo.astype(np.float32) / 255))
    shares = hue_families(flat)
    tone, detail = tones(fine, flat)
    pale = smoothstep(tone, 0.6, 0.8)
    tone = tone + 0.04 * shares["neutral"] * (1 - pale) - 0.10 * shares["cool"] * pale  # pale skies are not paper
    stencils = [stencil(tone - threshold, detail) for threshold in THRESHOLDS]
    printed = np.zeros_like(flat)
    for family, ramp in RAMPS.items():
        darkest, *lighter = (np.array(INKS[ink], np.float32) for ink in ramp)
        layer = np.broadcast_to(darkest, flat.shape)
        for mask, ink in zip(stencils, lighter, strict=True):
            layer = layer + mask[..., None] * (ink - layer)
        printed += shares[family][..., None] * layer
    return np.clip(printed + 0.5, 0, 255).astype(np.uint8)


def simplify(image: Picture) -> tuple[Picture, Picture]:
    """``image`` [H, W, 3] painted with a fine brush, and in flat regions, where the brush follows the detail."""
    clean = cv2.bilateralFilter(image, 5, 0.08, 2.0)
    angle, coherence = flow(grey(clean), sigma=3.0)
    wide = kuwahara(clean, 5.5, angle, coherence)
    fine = kuwahara(clean, 2.5, angle, coherence)
    lost = blur(np.abs(fine - wide).max(2), 1.5)
    painted = wide + smoothstep(lost, 0.05, 0.15)[..., None] * (fine - wide)
    return fine, l0_smooth(painted, smoothness=0.01, kappa=6.0)


def tones(fine: Picture, flat: Picture) -> tuple[Picture, Picture]:
    """The tone of each pixel, 0 to 1 or a little beyond, and how fine its shapes are to be cut, 0 to 1.

    ``fine`` and ``flat``, in Lab [H, W, 3], are the two pictures of `simplify`.
    """
    skin = skin_likeness(fine)
    feature, detail = features(fine[..., 0] / 100, skin)
    calm = flat[..., 0] / 100
    tone = calm + detail * (fine[..., 0] / 100 + 0.5 * feature - calm)
    tone += (0.6 + 0.2 * skin) * (calm - guided_filter(calm, radius=36, eps=0.01))
    redness = blur(fine[..., 1], 1.0) - wide_blur(fine[..., 1], 16.0)
    tone -= 0.009 * skin * np.clip(redness - 2, 0, 16)  # lips are redder than the skin around them
    # vivid colours print in ink, neither as navy nor as bare paper
    vivid = smoothstep(blur(np.hypot(fine[..., 1], fine[..., 2]), 4.0), 15, 50)
    lift = 0.12 * smoothstep(tone, 0.42, 0.25) * smoothstep(tone, 0.05, 0.2)
    tone += vivid * (lift - 0.15 * smoothstep(tone, 0.65, 0.85))
    nearby = wide_blur(skin * fine[..., 0] / 100, 30.0) / (wide_blur(skin, 30.0) + 1e-3)
    tone += skin * np.clip(0.4 * (0.56 - nearby), -0.10, 0.14)
    return close_edges(tone), detail


def features(lightness: Picture, skin: Picture) -> tuple[Picture, Picture]:
    """How much lighter or darker than their surroundings small features are, and where they matter, 0 to 1."""
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (13, 13))
    light = lightness - cv2.morphologyEx(lightness, cv2.MORPH_OPEN, disk)
    dark = cv2.morphologyEx(lightness, cv2.MORPH_CLOSE, disk) - lightness
    _, coherence = flow(lightness, sigma=5.0)
    clutter = blur(light + dark, 16.0)  # of leaves or pebbles, not of a few windows
    apart = smoothstep(clutter - 0.05 * smoothstep(coherence, 0.5, 0.8), 0.08, 0.04)
    strength = blur(light + dark, 2.5)
    detail = smoothstep(strength + 0.03 * skin, 0.06, 0.12) * np.maximum(apart, skin)
    return blur(0.6 * light - 1.4 * dark, 0.7), detail


def skin_likeness(lab: Picture) -> Picture:
    """How much the surroundings of each pixel have the colour of skin, 0 to 1; wood and sand also do."""
    a, b = (blur(lab[..., channel], 6.0) for channel in (1, 2))
    chroma, hue = np.hypot(a, b), np.degrees(np.arctan2(b, a))
    likeness: Picture = smoothstep(chroma, 7, 12) * smoothstep(chroma, 50, 40) * smoothstep(np.abs(hue - 50), 40, 28)
    return likeness


def guided_filter(image: Picture, *, radius: int, eps: float) -> Picture:
    """Smooth ``image`` [H, W] where its variance is under ``eps`` (He 2010, equations 5, 6 and 8, its own guide)."""
    size = (2 * radius + 1, 2 * radius + 1)
    mean = cv2.blur(image, size)
    variance = np.clip(cv2.blur(image * image, size) - mean * mean, 0, None)
    share = variance / (variance + eps)
    return cv2.blur(share, size) * image + cv2.blur((1 - share) * mean, size)


def close_edges(tone: Picture) -> Picture:
    """Make blurred edges steep: each pixel moves towards the darkest or lightest tone near it, whichever is closer."""
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    for _ in range(2):
        low, high = blur(cv2.erode(tone, disk), 0.7), blur(cv2.dilate(tone, disk), 0.7)
        tone = low + (high - low) * smoothstep((tone - low) / (high - low + 1e-3), 0.3, 0.7)
    return tone


def stencil(above: Picture, detail: Picture) -> Picture:
    """Mask, 0 to 1, of where ``above`` [H, W] is positive, with round borders, finer where ``detail`` is 1."""
    region = 0.5 + 0.5 * np.tanh(above / 0.015)
    rounded = region
    for sigma in (2.5, 2.2):
        rounded = steepen(blur(rounded, sigma), 8)
    fine = steepen(blur(region, 1.2), 4)
    return steepen(blur(rounded + steepen(detail, 8) * (fine - rounded), 1.0), 6)


def steepen(mask: Picture, slope: float) -> Picture:
    """Raise the contrast of ``mask`` around a half; 0 and 1 stay."""
    return 0.5 + 0.5 * np.tanh(slope * (mask - 0.5)) / np.float32(np.tanh(slope * 0.5))


def hue_families(lab: Picture) -> dict[str, Picture]:
    """The share of each family of `RAMPS` in each pixel of ``lab``, nearly always 0 or 1; they add up to 1."""
    lightness, a, b = lab[..., 0], blur(lab[..., 1], 1.5), blur(lab[..., 2], 1.5)
    chroma, hue = np.hypot(a, b), np.degrees(np.arctan2(b, a))
    hue = hue + 14 * smoothstep(lightness, 65, 40) * smoothstep(chroma, 15, 28)  # dark yellow is olive
    near = {
        name: np.exp(-((((hue - centre + 180) % 360 - 180) / width) ** 2)) for name, (centre, width) in HUES.items()
    }
    near = _normalised(near)
    # faint green reads as grey, faint blue as blue; in the dark, little chroma is much colour
    faintness = (1 + near["green"] - 0.4 * near["cool"]) * (0.5 + 0.006 * lightness)
    coloured = smoothstep(chroma / faintness, 6, 12)
    shares = {"neutral": 1 - coloured} | {name: coloured * value for name, value in near.items()}
    for sigma, squarings in ((5.0, 1), (4.0, 2), (3.0, 3), (1.0, 2)):
        shares = {name: blur(share, sigma) for name, share in shares.items()}
        for _ in range(squarings):
            shares = _normalised({name: share * share for name, share in shares.items()})
    return shares


def _normalised(shares: dict[str, Picture]) -> dict[str, Picture]:
    total = sum(shares.values(), np.float32(1e-9))
    return {name: share / total for name, share in shares.items()}


def _to_lab(image: Picture) -> Picture:
    return cv2.cvtColor(np.clip(image, 0, 1), cv2.COLOR_RGB2Lab)
