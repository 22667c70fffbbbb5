"""The rule about the moving average, which is validated and exported: it may lag behind the network in training."""

from __future__ import annotations

from translate.diagnose.fit import VISIBLE_GAP
from translate.diagnose.run_metrics import RunMetrics
from translate.diagnose.verdict import Curves, Finding, NotJudged, RunVerdict

LAG = 2.0  # ratio of errors: averages that keep up are below 1, as averaging and no dropout make them the better ones


def lagging_average(run: RunMetrics) -> Finding:
    """On training pictures the averaged generator is far worse than the one in training, which the loss shows."""
    distance = run.config.distance
    if distance is None:
        return NotJudged("lagging_average", f"{run.method} logs no distance to a truth")
    averaged, loss = run.level(f"train/{distance.metric}"), run.level(distance.loss)
    weight = getattr(run.config, distance.weight)
    if averaged is None or loss is None or not weight:
        return NotJudged(
            "lagging_average",
            f"train/{distance.metric} or {distance.loss} is not in the log: train with --sample-every, --val-samples",
        )
    current = loss / weight
    if averaged < LAG * current or averaged - current < VISIBLE_GAP:
        return None
    return RunVerdict(
        "lagging_average",
        0.97,  # above underfitting, which the same error looks like
        (
            f"on training pictures the averaged generator is off by {averaged:.3f}, {averaged / current:.1f} times the "
            f"{current:.3f} of the generator in training",
            f"the decay --ema {run.config.ema:g} averages over {1 / (1 - run.config.ema):.0f} steps",
        ),
        ("more steps: the average catches up", "a smaller --ema, in another run"),
        Curves((f"train/{distance.metric}",), bound=LAG * current),
    )
