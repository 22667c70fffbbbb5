"""Memorisation: are outputs closer to training pictures than other real pictures are?

Distances are between pooled features. Each picture is also compared mirrored and shifted a little: a network that
reproduces mirrored training pictures has memorised them, too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from translate.evaluate.features import VARIANTS
from translate.evaluate.set_metrics import Array, distances

CLOSE = 0.05  # share of real test pictures that count as close to the training pictures


@dataclass(frozen=True)
class Nearest:
    """The nearest training picture of each of N pictures."""

    index: NDArray[np.intp]  # [N], of the training picture
    distance: NDArray[np.float64]  # [N]
    variant: list[str]  # [N], the closest one of `VARIANTS`


@dataclass(frozen=True)
class Memorisation:
    """How close outputs are to the training pictures, compared to real test pictures."""

    outputs: Nearest
    tests: Nearest
    close: float  # the distance that a share `CLOSE` of the test pictures is below
    share: float  # of the outputs below that distance: `CLOSE` where nothing was memorised, 1 where everything was


def nearest_training(features: Callable[[str], Array], training: Array) -> Nearest:
    """The nearest of ``training``, [M, D], to each of N pictures; ``features(variant)`` gives theirs, [N, D]."""
    apart = np.stack([distances(features(variant), training) for variant in VARIANTS])  # [variants, N, M]
    index = apart.min(0).argmin(1)
    chosen = apart[:, np.arange(len(index)), index]  # [variants, N]
    names = list(VARIANTS)
    return Nearest(index, chosen.min(0), [names[number] for number in chosen.argmin(0)])


def measure_memorisation(outputs: Nearest, tests: Nearest) -> Memorisation:
    """Compare the distances of outputs and of real test pictures to their nearest training pictures."""
    close = float(np.quantile(tests.distance, CLOSE))
    return Memorisation(outputs, tests, close, float((outputs.distance < close).mean()))
