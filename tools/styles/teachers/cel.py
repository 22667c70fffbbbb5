"""The classical cel-shading filter that is the teacher of the style ``cel``.

It is slow (several seconds per megapixel) and exact; the network learns to make the same picture fast.

- L0 gradient minimisation flattens regions: Xu et al. 2011, "Image Smoothing via L0 Gradient Minimization".
- Soft luminance quantisation: Winnemöller et al. 2006, "Real-Time Video Abstraction".
- Ink lines by a flow-based difference of Gaussians: Kang et al. 2007, "Coherent Line Drawing", with the soft
  threshold of Winnemöller et al. 2012, "XDoG". Here the flow is followed along its local tangent, a straight
  line, whereas Kang follows the curved streamline.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

Image = NDArray[Any]  # float32

BORDER = 32  # pixels mirrored around the picture before the FFT, which would otherwise wrap around


def l0_smooth(image: Image, *, smoothness: float = 0.012, kappa: float = 2.0) -> Image:
    """Flatten ``image`` (float [H, W, 3] in [0, 1]) with L0 gradient minimisation (Xu 2011, algorithm 1).

    ``smoothness`` is the paper's lambda; ``kappa`` is the growth of beta per iteration.
    """
    height, width = image.shape[:2]
    right = cv2.getOptimalDFTSize(width + 2 * BORDER) - width - BORDER
    bottom = cv2.getOptimalDFTSize(height + 2 * BORDER) - height - BORDER
    padded = cv2.copyMakeBorder(image, BORDER, bottom, BORDER, right, cv2.BORDER_REFLECT_101)
    smooth = np.ascontiguousarray(padded.transpose(2, 0, 1), dtype=np.float32)  # [3, H, W]
    shape = smooth.shape[1:]
    # |F(d/dx)|^2 + |F(d/dy)|^2 of the forward differences, on the half spectrum
    frequency_y = 2 * np.pi * fft.fftfreq(shape[0])
    frequency_x = 2 * np.pi * fft.rfftfreq(shape[1])
    gradient_power = np.add.outer(2 - 2 * np.cos(frequency_y), 2 - 2 * np.cos(frequency_x)).astype(np.float32)
    source_spectrum = fft.rfft2(smooth)
    beta = 2 * smoothness
    while beta < 1e5:
        dx = np.roll(smooth, -1, axis=2) - smooth
        dy = np.roll(smooth, -1, axis=1) - smooth
        flat = (dx * dx + dy * dy).sum(axis=0) < smoothness / beta
        dx[:, flat] = 0
        dy[:, flat] = 0
        divergence = np.roll(dx, 1, axis=2) - dx + np.roll(dy, 1, axis=1) - dy
        spectrum = (source_spectrum + beta * fft.rfft2(divergence)) / (1 + beta * gradient_power)
        smooth = fft.irfft2(spectrum, s=shape)
        beta *= kappa
    inside = smooth[:, BORDER : BORDER + height, BORDER : BORDER + width]
    return np.clip(inside, 0, 1).transpose(1, 2, 0).astype(np.float32)


def shade(flat: Image, *, steps: int = 9, quantised_share: float = 0.65, gamma: float = 0.85) -> Image:
    """Cel-shade a flattened picture (float [H, W, 3] in [0, 1]); the result may exceed [0, 1]."""
    lab = cv2.cvtColor(flat, cv2.COLOR_RGB2Lab)
    luminance, a, b = lab[..., 0] / 100, lab[..., 1], lab[..., 2]
    centre = (np.floor(luminance * steps) + 0.5) / steps
    quantised = centre + np.tanh(6 * steps * (luminance - centre)) / (2 * steps)
    luminance = np.clip((1 - quantised_share) * luminance + quantised_share * quantised, 0, 1) ** gamma
    luminance = luminance + 0.03 * np.sin(2 * np.pi * (luminance - 0.5))  # restore a little contrast
    chroma_gain = 1 + 0.55 * np.exp(-np.hypot(a, b) / 45)
    shadow = np.clip(1 - 2 * luminance, 0, 1)
    light = np.clip(2 * luminance - 1, 0, 1)
    a = a * chroma_gain + 1.5 * shadow
    b = b * chroma_gain - 7 * shadow + 3 * light
    return cv2.cvtColor(np.dstack([100 * luminance, a, b]).astype(np.float32), cv2.COLOR_Lab2RGB)


def ink_lines(
    luminance: Image,
    *,
    sigma: float = 1.0,
    k: float = 1.6,
    flow_sigma: float = 2.5,
    tau: float = 0.99,
    slope: float = 60.0,
    threshold: float = -0.004,
) -> Image:
    """Flow-based XDoG of ``luminance`` (float [H, W] in [0, 1]): 1 on paper, towards 0 on a line."""
    gradient_x = cv2.Sobel(luminance, cv2.CV_32F, 1, 0)
    gradient_y = cv2.Sobel(luminance, cv2.CV_32F, 0, 1)
    products = (gradient_x * gradient_x, gradient_x * gradient_y, gradient_y * gradient_y)
    xx, xy, yy = (cv2.GaussianBlur(product, (0, 0), 3) for product in products)
    # the structure tensor's major eigenvector points across edges; as an angle, it is also defined for vertical edges
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    across_x, across_y = np.cos(angle), np.sin(angle)
    rows, columns = np.mgrid[0 : luminance.shape[0], 0 : luminance.shape[1]].astype(np.float32)

    def filtered(image: Image, x: Image, y: Image, weights: NDArray[np.float64]) -> Image:
        """The weighted sum of ``image`` at whole-pixel distances along each pixel's direction (x, y)."""
        total = np.zeros_like(image)
        for distance, weight in enumerate(weights, start=-(len(weights) // 2)):
            where = (columns + distance * x, rows + distance * y)
            total += np.float32(weight) * cv2.remap(image, *where, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        return total

    radius = int(np.ceil(2 * sigma * k))
    difference = _gaussian(radius, sigma) - tau * _gaussian(radius, sigma * k)
    across = filtered(luminance, across_x, across_y, difference)
    response = filtered(across, -across_y, across_x, _gaussian(int(np.ceil(2 * flow_sigma)), flow_sigma))
    return np.where(response > threshold, 1, 1 + np.tanh(slope * (response - threshold))).astype(np.float32)


def _gaussian(radius: int, sigma: float) -> NDArray[np.float64]:
    weights = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * sigma**2))
    return weights / weights.sum()


def cel_shade(photo: NDArray[np.uint8], *, line_strength: float = 0.85) -> NDArray[np.uint8]:
    """The cel-shaded picture of ``photo``; both uint8 RGB [H, W, 3]."""
    flat = l0_smooth(photo.astype(np.float32) / 255)
    shaded = shade(flat)
    paper = 1 - line_strength * (1 - ink_lines(cv2.cvtColor(flat, cv2.COLOR_RGB2GRAY)))
    ink = shaded * np.array([0.25, 0.2375, 0.275], np.float32)  # a dark, slightly violet tint of the local colour
    drawn = shaded * paper[..., None] + ink * (1 - paper[..., None])
    return np.clip(drawn * 255 + 0.5, 0, 255).astype(np.uint8)
