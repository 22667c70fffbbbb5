"""What tells how far a method's pictures are from the truth, where anything in the log does."""

from __future__ import annotations

from translate.diagnose.run_metrics import RunMetrics

# what a method has to bring down, if anything tells how far it is from the truth: metric of validation, loss, weight
DISTANCES = {
    "pix2pix": ("l1", "G/l1", "lambda_l1"),
    "cyclegan": ("cycle", "G/cycle_A", "lambda_cycle"),
    "stargan": ("reconstruction", "G/reconstruction", "lambda_reconstruction"),
}


def training_error(run: RunMetrics) -> float | None:
    """How far a run ended from the truth on training pictures, in [-1, 1]; None where it does not say."""
    metric, loss, weight = DISTANCES[run.method]
    seen = run.level(f"train/{metric}")
    if seen is not None:
        return seen
    level = run.level(loss)
    return level / getattr(run.config, weight) if level is not None and getattr(run.config, weight) else None


def is_distance(name: str) -> bool:
    """Whether a loss is the mean absolute difference of pictures, bounded and slow."""
    return name in {loss for _, loss, _ in DISTANCES.values()}
