"""How far a run's translations are from the truth, for methods that log such a distance."""

from __future__ import annotations

from translate.config import CONFIGS, Distance
from translate.diagnose.run_metrics import RunMetrics


def training_error(run: RunMetrics, distance: Distance) -> float | None:
    """A run's final error on training pictures: mean absolute difference, 0 to 2; None where it was not logged."""
    seen = run.level(f"train/{distance.metric}")
    if seen is not None:
        return seen
    level, weight = run.level(distance.loss), getattr(run.config, distance.weight)
    return level / weight if level is not None and weight else None


def is_distance(name: str) -> bool:
    """Whether a loss is a mean absolute difference of pictures, and so bounded and without natural spikes."""
    return name in {config.distance.loss for config in CONFIGS.values() if config.distance is not None}
