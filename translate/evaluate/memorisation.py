"""Memorisation: are outputs nearer to training pictures than other real pictures are?

Distances are between pooled features. Each picture is compared as it is, mirrored, and shifted a little: a network that
gives back its training pictures mirrored has learned nothing either.
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
    """For each of N pictures the nearest training picture."""

    index: NDArray[np.intp]  # [N], of the training picture
    distance: NDArray[np.float64]  # [N]
    variant: list[str]  # of `VARIANTS`, the one that is nearest


@dataclass(frozen=True)
class Memory:
    """How near outputs are to the training pictures, beside how near real test pictures are."""

    outputs: Nearest
    tests: Nearest
    close: float  # the distance below which `CLOSE` of the test pictures are
    share: float  # of the outputs below it: `CLOSE` where nothing was memorised, 1 where all was


def nearest_training(features: Callable[[str], Array], training: Array) -> Nearest:
    """The nearest of ``training``, [M, D], to each of N pictures, whose features [N, D] are asked for by variant."""
    apart = np.stack([distances(features(variant), training) for variant in VARIANTS])  # [variants, N, M]
    index = apart.min(0).argmin(1)
    chosen = apart[:, np.arange(len(index)), index]  # [variants, N]
    names = list(VARIANTS)
    return Nearest(index, chosen.min(0), [names[number] for number in chosen.argmin(0)])


def compare_memory(outputs: Nearest, tests: Nearest) -> Memory:
    close = float(np.quantile(tests.distance, CLOSE))
    return Memory(outputs, tests, close, float((outputs.distance < close).mean()))
