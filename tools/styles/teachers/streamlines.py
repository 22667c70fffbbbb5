"""Paths along the curved flow of a picture, and line integral convolution along them (Cabral and Leedom 1993,
"Imaging Vector Fields Using Line Integral Convolution")."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tools.styles.teachers.paint import Picture, sampled


def walk(start: Picture, fields: Picture, *, distance: int) -> Iterator[tuple[int, Picture]]:
    """Set out from every pixel at the angle ``start`` [H, W] and follow the flow, ``distance`` pixels ahead and back.

    ``fields`` [H, W, C] has the flow in its first two channels, as a doubled-angle vector, and what else is wanted on
    the way; yields the pixels walked and what is found there [H, W, C].
    """
    rows, columns = np.mgrid[0 : fields.shape[0], 0 : fields.shape[1]].astype(np.float32)
    for sense in (1, -1):
        x, y = columns, rows
        ahead_x, ahead_y = sense * np.cos(start), sense * np.sin(start)
        for number in range(1, distance + 1):
            x, y = x + ahead_x, y + ahead_y
            found = sampled(fields, x, y)
            yield number, found
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
    for distance, found in walk(angle, fields, distance=int(np.ceil(2 * sigma))):
        weight = float(np.exp(-(distance**2) / (2 * sigma**2)))
        total += weight * found[..., 2]
        weights += weight
    return total / np.float32(weights)
