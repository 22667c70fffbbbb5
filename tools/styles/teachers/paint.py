"""What painters share: the brush, the direction of edges, and ink along them.

- Strokes: generalised Kuwahara filter (Papari et al. 2007, "Artistic Edge and Corner Enhancing Smoothing"), stretched
  along the flow (Kyprianidis et al. 2009, "Image and Video Abstraction by Anisotropic Kuwahara Filtering"). Here a
  sector is a Gaussian offset from the pixel, so that one blur serves all eight. Flat regions get a wide brush; where
  the brush would lose detail (text, wires, windows), a fine one or the photo itself is blended in.
- Ink: flow-based difference of Gaussians (Kang et al. 2007) at two widths, the bold one where contrast is high, and
  only along coherent edges, so that texture is not hatched.

Lengths are in pixels of a picture whose longer side is `WORKING_SIZE`: if a photo is resized to it first, strokes scale
with the picture.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.styles.teachers.canvas import smoothstep
from tools.styles.teachers.cel import ink_lines

Pixels = NDArray[np.uint8]  # RGB [H, W, 3]
Picture = NDArray[Any]  # float32 [H, W, 3] or [H, W] in [0, 1], unless stated otherwise

WORKING_SIZE = 768


def strokes(
    image: Picture,
    *,
    brushes: tuple[float, float, float],
    lost: tuple[tuple[float, float], tuple[float, float]],
) -> Picture:
    """Paint ``image`` [H, W, 3] with ``brushes`` (radii: fine, middle, wide) that follow its flow and detail.

    Where the result is off by ``lost``, from a little to fully, the fine brush and then the photo are blended in.
    """
    luminance = grey(image)
    angle, coherence = flow(luminance)
    fine, middle, wide = (kuwahara(image, radius, angle, coherence) for radius in brushes)
    detail = blur(np.abs(luminance - blur(luminance, 2.0)), 6.0)
    painted = middle + smoothstep(detail, 0.012, 0.004)[..., None] * (wide - middle)
    for finer, (low, high) in zip((fine, image), lost, strict=True):
        difference = blur(np.abs(image - painted).max(2), 0.9)
        painted = painted + smoothstep(difference, low, high)[..., None] * (finer - painted)
    return painted


def kuwahara(image: Picture, radius: float, angle: Picture, coherence: Picture, *, sharpness: float = 6.0) -> Picture:
    """Replace each pixel of ``image`` [H, W, 3] by the mean of eight sectors, weighted towards low variance.

    ``angle`` [H, W], in radians, is the direction of the strokes, ``coherence`` [H, W], 0 to 1, how far they stretch.
    """
    sigma = 0.42 * radius
    mean = blur(image, sigma)
    variance = np.clip(blur(image * image, sigma) - mean * mean, 0, None).sum(2)
    moments = np.dstack([mean, variance])  # [H, W, 4]
    rows, columns = np.mgrid[0 : image.shape[0], 0 : image.shape[1]].astype(np.float32)
    cos, sin = np.cos(angle), np.sin(angle)
    along, across = 0.62 * radius * (1 + 0.9 * coherence), 0.62 * radius * (1 - 0.35 * coherence)
    total, weights = np.zeros_like(image), np.zeros(image.shape[:2], np.float32)
    for sector in np.arange(8) * (np.pi / 4):
        u, v = along * np.float32(np.cos(sector)), across * np.float32(np.sin(sector))
        found = sampled(moments, columns + u * cos - v * sin, rows + u * sin + v * cos)
        weight = 1 / (1e-3 + np.sqrt(np.clip(found[..., 3], 0, None))) ** sharpness
        total += weight[..., None] * found[..., :3]
        weights += weight
    return total / weights[..., None]


def lines(luminance: Picture) -> Picture:
    """The amount of ink for each pixel of ``luminance`` [H, W]: 0 to 1."""
    thin = 1 - ink_lines(luminance, sigma=0.8, tau=0.985, slope=90, threshold=-0.003, flow_sigma=3.0)
    bold = 1 - ink_lines(luminance, sigma=1.4, tau=0.985, slope=45, threshold=-0.010, flow_sigma=4.0)
    _, coherence = flow(luminance, sigma=3.0)
    return np.maximum(thin, bold) * smoothstep(coherence, 0.2, 0.6)


def flow(luminance: Picture, *, sigma: float = 2.5) -> tuple[Picture, Picture]:
    """The direction of the edges around each pixel, in radians, and their coherence, 0 to 1."""
    x, y = gradient(luminance)
    xx, xy, yy = (blur(product, sigma) for product in (x * x, x * y, y * y))
    difference = np.sqrt((xx - yy) ** 2 + 4 * xy * xy)  # of the structure tensor's eigenvalues
    angle = 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2
    return angle.astype(np.float32), difference / (xx + yy + 1e-5)


def gradient(luminance: Picture) -> tuple[Picture, Picture]:
    """Change of ``luminance`` [H, W] per pixel along x and along y."""
    return cv2.Scharr(luminance, cv2.CV_32F, 1, 0) / 32, cv2.Scharr(luminance, cv2.CV_32F, 0, 1) / 32


def grey(image: Picture) -> Picture:
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def blur(image: Picture, sigma: float) -> Picture:
    """Gaussian blur that mirrors the border, at full resolution also where `canvas.blur` takes a lower one."""
    return cv2.GaussianBlur(image, (0, 0), sigma)


def bring_to_size(photo: Pixels, long_side: int = WORKING_SIZE) -> Pixels:
    """Resize ``photo`` so that its longer side has ``long_side`` pixels."""
    scale = long_side / max(photo.shape[:2])
    size = [max(1, round(side * scale)) for side in photo.shape[1::-1]]
    return cv2.resize(photo, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC).astype(np.uint8)


def sampled(image: Picture, x: Picture, y: Picture) -> Picture:
    """``image`` at the places ``x`` and ``y`` [H, W], in pixels, between which it is interpolated."""
    return cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
