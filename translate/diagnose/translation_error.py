"""What tells how far a method's pictures are from the truth, where anything in the log does."""

from __future__ import annotations

from translate.config import CONFIGS, Distance
from translate.diagnose.run_metrics import RunMetrics


def training_error(run: RunMetrics, distance: Distance) -> float | None:
    """How far a run ended from the truth on training pictures, in [-1, 1]; None where it does not say."""
    seen = run.level(f"train/{distance.metric}")
    if seen is not None:
        return seen
    level, weight = run.level(distance.loss), getattr(run.config, distance.weight)
    return level / weight if level is not None and weight else None


def is_distance(name: str) -> bool:
    """Whether a loss is the mean absolute difference of pictures, bounded and slow."""
    return name in {config.distance.loss for config in CONFIGS.values() if config.distance is not None}
