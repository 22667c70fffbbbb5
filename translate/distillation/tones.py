"""Whether pictures are drawn in one ink on one paper, so that a network need not learn to avoid all other colours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from translate.evaluate.set_metrics import spaced_indices
from translate.media.images import load_rgb

PICTURES = 100  # looked at
EVERY = 5  # pixels along each side
FARTHEST = 2.0  # levels of 255: root mean square of the distance from the line; rounding and JPEG leave less
SHORTEST = 10.0  # levels that the colours have to vary by: of flat pictures nothing can be said


def ink_and_paper(pictures: Sequence[Path]) -> list[list[int]] | None:
    """The ends, RGB from 0 to 255, of the line on which the colours of all ``pictures`` lie; None where they do not.

    The line is the first principal axis. Raises ``PictureError`` for a picture that cannot be read.
    """
    chosen = [pictures[index] for index in spaced_indices(len(pictures), PICTURES)]
    colours = np.concatenate([load_rgb(path)[::EVERY, ::EVERY].reshape(-1, 3) for path in chosen]).astype(np.float64)
    mean = colours.mean(axis=0)
    variances, axes = np.linalg.eigh(np.cov(colours - mean, rowvar=False, bias=True))  # in ascending order
    axis = axes[:, -1] * np.sign(axes[:, -1].sum())  # from dark to light
    along = (colours - mean) @ axis
    if np.ptp(along) < SHORTEST or max(0.0, variances[:-1].sum()) > FARTHEST**2:
        return None
    ends = mean + np.array([along.min(), along.max()])[:, None] * axis
    return np.clip(ends, 0, 255).round().astype(int).tolist()
