"""A colour woodblock print in the manner of the Japanese shin-hanga: the teacher of the style `woodblock`.

- Shapes: anisotropic Kuwahara filter (Kyprianidis et al. 2009) with a broad knife; a fine knife, then the photo, come
  back only where they show a feature that stands out from its surroundings (an eye, a twig), never in texture. L0
  gradient minimisation (Xu et al. 2011) makes them flat.
- Tones: soft quantisation of the lightness (Winnemöller et al. 2006). It acts where shading is broad; a sharp edge
  alone does not trigger it, so that skies and water keep their gradation (bokashi) right up to a contour.
- Pigments: every colour moves towards the mean of a fixed list of pigments, weighted by a softmin of their distances in
  CIE Lab, after an exposure that treats skin, foliage, sky and shadow by their hue, chroma and lightness.
- Key block: flow-based difference of Gaussians (Kang et al. 2007) at three widths; the stronger the contour, the bolder
  the line, which therefore tapers where contrast fades. Incoherent and isolated bits are left out.

Lengths are in pixels of a photo whose longer side is 768.
"""

from __future__ import annotations

import cv2
import numpy as np

from tools.styles.teachers.canvas import blur as wide_blur
from tools.styles.teachers.canvas import smoothstep
from tools.styles.teachers.cel import ink_lines, l0_smooth
from tools.styles.teachers.paint import Picture, Pixels, blur, flow, gradient, grey, kuwahara

KEY_INK = np.array([24, 28, 48], np.float32) / 255  # indigo-black, the darkest tone of a print
PIGMENTS = np.array(  # RGB, each row from dark to light
    [
        *[(24, 28, 48), (50, 62, 92), (104, 122, 138), (182, 180, 166), (244, 236, 216)],  # indigo to paper
        *[(20, 44, 92), (26, 78, 142), (84, 146, 186), (164, 202, 212)],  # Prussian blue
        *[(30, 58, 58), (82, 114, 88), (116, 146, 94), (150, 172, 128), (178, 206, 162)],  # grey-green
        *[(60, 64, 46), (116, 118, 72), (182, 176, 116)],  # olive
        *[(78, 56, 48), (146, 100, 58), (204, 154, 76), (228, 182, 76), (236, 208, 142)],  # umber, ochre, straw
        *[(88, 38, 44), (184, 62, 48), (206, 106, 56), (222, 124, 108), (242, 204, 186)],  # vermilion, beni pink
        *[(38, 40, 84), (112, 92, 134), (188, 164, 182)],  # purple
        *[(92, 56, 48), (142, 92, 66), (178, 126, 98), (208, 156, 122), (246, 228, 202)],  # skin
    ],
    np.float32,
)
PIGMENT_SHARE = 0.85  # of the way from a colour to its pigments
REACH = 12.0  # distance in Lab over which pigments compete


def woodblock(photo: Pixels) -> Pixels:
    """Print ``photo``; the result has the same size."""
    clean = cv2.bilateralFilter(photo.astype(np.float32) / 255, 7, 0.08, 2.0)
    near_skin = wide_blur(skin_share(to_lab(clean)), 8.0)
    shapes = carve(clean, near_skin)
    flat = l0_smooth(shapes, smoothness=0.012, kappa=8.0)
    printed = print_colours(0.3 * shapes + 0.7 * flat, near_skin)
    ink = key_block(to_lab(0.5 * clean + 0.5 * flat)[..., 0] / 100, near_skin)[..., None]
    return np.clip((printed + ink * (KEY_INK - printed)) * 255 + 0.5, 0, 255).astype(np.uint8)


def carve(picture: Picture, near_skin: Picture) -> Picture:
    """Simplify ``picture`` [H, W, 3] to broad shapes and the features that stand out, more readily so in faces."""
    angle, coherence = flow(grey(picture))
    texture_share = 0.95 - 0.5 * near_skin
    shapes = kuwahara(picture, 7.0, angle, coherence)
    for finer, low, high in ((kuwahara(picture, 2.5, angle, coherence), 0.015, 0.05), (picture, 0.03, 0.08)):
        lost = blur(np.abs(finer - shapes).max(2), 1.5)
        feature = lost - texture_share * wide_blur(lost, 12.0)
        shapes = shapes + smoothstep(feature, low, high)[..., None] * (finer - shapes)
    return shapes


def print_colours(picture: Picture, near_skin: Picture) -> Picture:
    """Print the flat ``picture`` [H, W, 3] with the pigments."""
    lab = to_lab(picture)
    skin = skin_share(lab)
    lightness, a, b = lab[..., 0] / 100, lab[..., 1], lab[..., 2]
    chroma, hue = np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360
    exposed = expose(lightness)
    exposed = exposed + skin * (complexion(lightness, chroma, skin, near_skin) - exposed)
    lightness = exposed + (1 - 0.45 * skin) * (flat_tones(exposed) - exposed)

    foliage = smoothstep(hue, 84, 98) * smoothstep(hue, 180, 150) * smoothstep(chroma, 4, 14)
    cool = smoothstep(hue, 170, 200) * smoothstep(hue, 320, 285)
    pink = smoothstep(hue, 320, 340) + smoothstep(hue, 40, 20)
    purple = smoothstep(hue, 285, 305) * smoothstep(hue, 345, 325)
    night = purple * smoothstep(lightness, 0.5, 0.2)
    vivid = smoothstep(chroma, 20, 40)
    shadow = smoothstep(lightness, 0.38, 0.12) * (1 - 0.6 * skin) * (1 - 0.5 * vivid)
    gain = 1 + 0.8 * cool + 0.4 * foliage + 0.5 * pink - 0.3 * skin * smoothstep(chroma, 22, 44)
    gain = gain * 60 * np.tanh(chroma / 60) / (chroma + 1e-3) * (1 - 0.7 * shadow * (1 - cool))
    a = a * gain * (1 - 0.6 * night) - 6 * foliage + 3 * skin
    b = b * gain - 16 * night - 8 * shadow
    lightness = lightness - 0.15 * cool * smoothstep(chroma, 2, 14)  # skies and water are deepened
    mixed = attract(np.dstack([100 * lightness, a, b]).astype(np.float32))
    return np.clip(cv2.cvtColor(mixed, cv2.COLOR_Lab2RGB), 0, 1)


def attract(lab: Picture) -> Picture:
    """Move every colour of ``lab`` [H, W, 3] towards the pigments near it."""
    scale = np.array([0.8, 1, 1], np.float32) / REACH  # lightness may stray farther than hue
    pigments = to_lab(PIGMENTS[None] / 255)[0]
    poles = pigments * scale
    colours = lab.reshape(-1, 3) * scale
    closeness = colours @ (2 * poles.T) - (poles * poles).sum(1)  # minus the squared distance, but for a constant
    closeness -= closeness.max(1, keepdims=True)
    weights = np.exp(closeness, out=closeness)
    mixed = (weights @ pigments) / weights.sum(1, keepdims=True)
    return lab + PIGMENT_SHARE * (mixed.reshape(lab.shape) - lab)


def skin_share(lab: Picture) -> Picture:
    """How much each colour of ``lab`` [H, W, 3] is like skin, pale or dark: 0 to 1."""
    chroma, hue = np.hypot(lab[..., 1], lab[..., 2]), np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))
    likely_hue = smoothstep(hue, 15, 35) * smoothstep(hue, 90, 76)
    return (likely_hue * smoothstep(chroma, 7, 15) * smoothstep(chroma, 52, 40)).astype(np.float32)


def complexion(lightness: Picture, chroma: Picture, skin: Picture, near_skin: Picture) -> Picture:
    """The lightness of faces: pale skin goes towards paper, features get darker and shine less bright."""
    dark_detail = np.maximum(blur(lightness, 5.0) - lightness - 0.015, 0)
    shine = np.maximum(lightness - wide_blur(lightness, 20.0) - 0.05, 0)
    drawn = np.clip(lightness - near_skin * (0.9 * dark_detail + 0.6 * shine), 0, 1)
    # dark skin has a higher chroma than pale skin in shadow; averaged over a face, as single pixels overlap
    pale = smoothstep(chroma, 46, 32) * smoothstep(drawn, 0.42, 0.62)
    pale = wide_blur(pale * skin, 24.0) / (wide_blur(skin, 24.0) + 0.02)
    return drawn + 0.18 * pale * smoothstep(drawn, 0.3, 0.5) * smoothstep(drawn, 1.05, 0.8)


def expose(lightness: Picture) -> Picture:
    """Lift the middle tones and add contrast, so that white becomes paper and black a full indigo."""
    lifted = lightness + 0.35 * lightness**1.5 * (1 - lightness)
    return np.clip(lifted + 0.06 * np.sin(2 * np.pi * (lifted - 0.5)), 0, 1)


def flat_tones(lightness: Picture, *, steps: int = 5) -> Picture:
    """Quantise ``lightness`` [H, W] where it is shaded over a broad area; gentle gradients stay."""
    slopes = np.hypot(*gradient(blur(lightness, 1.0)))
    shading = cv2.morphologyEx(slopes, cv2.MORPH_OPEN, np.ones((11, 11), np.uint8))  # without edges, which are narrow
    slope = 1 + 9 * smoothstep(blur(shading, 4.0), 0.001, 0.006)
    smooth = blur(lightness, 0.6)
    centre = (np.floor(smooth * steps) + 0.5) / steps
    return centre + 0.5 / steps * np.tanh(slope * (smooth - centre) * steps) / np.tanh(slope * 0.5)


def key_block(lightness: Picture, near_skin: Picture) -> Picture:
    """The amount of ink for each pixel of ``lightness`` [H, W]: 0 to 1."""
    ink = np.zeros_like(lightness)
    for sigma, threshold, slope in ((1.0, -0.002, 160), (1.6, -0.007, 90), (2.6, -0.016, 60)):
        paper = ink_lines(lightness, sigma=sigma, tau=0.995, slope=slope, threshold=threshold, flow_sigma=6.0)
        ink = np.maximum(ink, 1 - paper)
    _, coherence = flow(lightness, sigma=3.0)
    ink = ink * smoothstep(coherence + 0.3 * near_skin, 0.25, 0.6)  # the flow around an eye is hardly coherent
    return ink * smoothstep(blur(ink, 5.0), 0.08, 0.18)  # a short speck has little ink around it


def to_lab(picture: Picture) -> Picture:
    """CIE Lab, L in [0, 100], of RGB in [0, 1]."""
    return cv2.cvtColor(np.clip(picture, 0, 1), cv2.COLOR_RGB2Lab)
