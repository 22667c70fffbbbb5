"""Paths along the curved flow of a picture: brush strokes and their direction, and paint drawn out along them.

The direction is that of the structure tensor at two scales, the edges and the shading of forms, averaged over several
widths and normalised, so that strokes sweep through regions that have no direction of their own; where nothing has one,
they take a painter's habitual slant. Paint is drawn out by line integral convolution (Cabral and Leedom 1993, "Imaging
Vector Fields Using Line Integral Convolution"). Lengths are in pixels of a picture whose longer side is 768 pixels.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tools.styles.teachers import canvas
from tools.styles.teachers.canvas import smoothstep
from tools.styles.teachers.paint import Picture, flow, gradient, sampled

STEP, STEPS = 3.4, 7  # a stroke runs this many steps to either side of a pixel
SLANT = np.deg2rad(-25.0)  # of strokes where the photo shows no direction
EDGES, FORMS = (2.5, 0.003, 0.025), (8.0, 0.0008, 0.006)  # width (sigma), gradients that count not at all and fully

Line = tuple[Picture, Picture, float]  # x and y [H, W] of every pixel's stroke at one distance, and the weight there


def sweep(luminance: Picture) -> tuple[Picture, Picture]:
    """The direction of the strokes as a doubled-angle vector [H, W, 2], and the coherence [H, W], 0 to 1.

    A doubled angle has no sign to disagree about, so directions can be averaged and interpolated.
    """
    vectors = []
    for sigma, weak, strong in (EDGES, FORMS):
        smooth = canvas.blur(luminance, sigma)
        angle, coherence = flow(smooth, sigma=2 * sigma)
        sure = coherence * smoothstep(np.hypot(*gradient(smooth)), weak, strong)
        vectors.append(sure[..., None] * np.dstack([np.cos(2 * angle), np.sin(2 * angle)]))
    edges, forms = vectors
    near, far, farthest = canvas.blur(edges, 5.0), canvas.blur(edges + 0.5 * forms, 11.0), canvas.blur(forms, 20.0)
    habit = np.array([np.cos(2 * SLANT), np.sin(2 * SLANT)], np.float32)
    total = near + 0.7 * far + 0.6 * farthest + 0.15 * habit
    length = np.hypot(total[..., 0], total[..., 1])[..., None]
    return (total / (length + 1e-4)).astype(np.float32), np.clip(length[..., 0], 0, 1)


Point = tuple[int, Picture, Picture, Picture]  # number of the step, x and y [H, W], what is found there [H, W, C]


def walk(start: Picture, fields: Picture, *, step: float, steps: int) -> Iterator[Point]:
    """Set out from every pixel at the angle ``start`` [H, W] and follow the flow, ``steps`` ahead and ``steps`` back.

    ``fields`` [H, W, C] has the flow in its first two channels, as a doubled-angle vector, and what else is wanted on
    the way.
    """
    rows, columns = np.mgrid[0 : fields.shape[0], 0 : fields.shape[1]].astype(np.float32)
    for sense in (1, -1):
        x, y = columns, rows
        ahead_x, ahead_y = sense * np.cos(start), sense * np.sin(start)
        for number in range(1, steps + 1):
            x, y = x + step * ahead_x, y + step * ahead_y
            found = sampled(fields, x, y)
            yield number, x, y, found
            turned = 0.5 * np.arctan2(found[..., 1], found[..., 0])
            next_x, next_y = np.cos(turned), np.sin(turned)
            onward = np.where(next_x * ahead_x + next_y * ahead_y < 0, np.float32(-1), np.float32(1))
            ahead_x, ahead_y = onward * next_x, onward * next_y


def along_flow(image: Picture, angle: Picture, *, sigma: float) -> Picture:
    """Gaussian mean of ``image`` [H, W] along the streamline through each pixel, in steps of one pixel.

    ``angle`` [H, W] is the flow, in radians.
    """
    fields = np.dstack([np.cos(2 * angle), np.sin(2 * angle), image]).astype(np.float32)
    total, weights = image.copy(), 1.0
    for distance, _, _, found in walk(angle, fields, step=1.0, steps=int(np.ceil(2 * sigma))):
        weight = float(np.exp(-(distance**2) / (2 * sigma**2)))
        total += weight * found[..., 2]
        weights += weight
    return total / np.float32(weights)


def streamlines(direction: Picture) -> list[Line]:
    """Points along the curved stroke through every pixel."""
    rows, columns = np.mgrid[0 : direction.shape[0], 0 : direction.shape[1]].astype(np.float32)
    weights = np.cos(np.linspace(0, np.pi / 2, STEPS + 1, endpoint=False)) ** 2
    weights /= 2 * weights.sum() - weights[0]
    start = 0.5 * np.arctan2(direction[..., 1], direction[..., 0])
    points = walk(start, direction, step=STEP, steps=STEPS)
    return [(columns, rows, float(weights[0])), *((x, y, float(weights[number])) for number, x, y, _ in points)]


def smear(image: Picture, lines: list[Line], reach: float | None = None) -> Picture:
    """The line integral convolution of ``image`` [H, W, C] along ``lines``; a difference above ``reach`` ends them."""
    total, weights = np.zeros_like(image), np.zeros((*image.shape[:2], 1), np.float32)
    for x, y, weight in lines:
        found = sampled(image, x, y)
        share = np.full_like(weights, weight)
        if reach is not None:
            difference = (found - image) / reach
            share *= np.exp(-np.einsum("hwc,hwc->hw", difference, difference))[..., None]
        total += share * found
        weights += share
    return total / weights
