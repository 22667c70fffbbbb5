"""Rules about the pace of training: too high a learning rate, and waiting for data.

The bounds come from the runs in ``tests/diagnose/runs``.
"""

from __future__ import annotations

import numpy as np

from translate.diagnose.run_metrics import RunMetrics
from translate.diagnose.translation_error import is_distance
from translate.diagnose.verdict import MIN_LINES, Curves, Finding, NotJudged, RunVerdict, too_few_lines

SPIKE = 5.0  # times the median of the `LINES_BEFORE` lines before
LINES_BEFORE = 10
MIN_SPIKES = 3  # one is an unlucky batch
EXPLODED = 100.0  # maximum over median of a mean absolute difference; learning progress alone never gets there
WAITING = 0.4  # share of the time: without it, training would be two thirds faster


def learning_rate(run: RunMetrics) -> Finding:
    """Too high a learning rate: metrics that are not finite, rollbacks, exploding losses, spikes."""
    names = [name for name in run.series if is_distance(name) or name.endswith("/gradient")]
    if run.lines < MIN_LINES and not run.events:
        return too_few_lines("learning_rate", run)
    broken = {name: steps for name in run.series if len(steps := _not_finite(run, name))}
    rollbacks = [step for step, kind, _ in run.events if kind == "rollback"]
    jumps = {name: spikes for name in names if len(spikes := _spikes(run, name)) >= MIN_SPIKES}
    exploded = {name: ratio for name in names if is_distance(name) and (ratio := _peak(run, name)) >= EXPLODED}
    evidence = [f"{name} is not finite at step {steps[0]}" for name, steps in broken.items()]
    evidence += [f"rolled back at step {', '.join(map(str, rollbacks))}"] if rollbacks else []
    evidence += [f"{name} reached {ratio:.3g} times its median" for name, ratio in exploded.items()]
    evidence += [
        f"{name} jumped to over {SPIKE:g} times its level before, {len(steps)} times: at step "
        f"{', '.join(map(str, steps[:5]))}"
        for name, steps in jumps.items()
    ]
    if not evidence:
        return None
    certain = bool(broken or rollbacks or exploded)
    shown = list(broken) + list(exploded) + list(jumps)
    marked = [step for name in shown for step in [*broken.get(name, ()), *jumps.get(name, ())]]
    lr = run.config.lr
    return RunVerdict(
        "learning_rate",
        0.95 if certain else 0.7,
        tuple(evidence),
        (
            f"--lr {lr / 10:.2g}, a tenth of {lr:g}",
            "--warmup 100 or more, until Adam's averages have settled",
            "--clip-gradient 1",
            "--on-alarm rollback, which goes back to the newest checkpoint with half the rate",
        ),
        Curves(tuple(dict.fromkeys(shown)), marked=tuple(marked), logarithmic=True) if shown else None,
    )


def starvation(run: RunMetrics) -> Finding:
    """Training waits for data."""
    if run.lines < MIN_LINES:
        return too_few_lines("starvation", run)
    if "waiting_share" not in run.series:
        return NotJudged("starvation", "waiting_share is not in the log")
    share = run.series["waiting_share"].level(0.5)
    if not share >= WAITING:
        return None
    return RunVerdict(
        "starvation",
        min(0.5 + share / 2, 0.99),
        (
            f"{share:.0%} of the time was spent waiting for pictures (sound: below {WAITING:.0%}), "
            f"at {run.series['images_per_s'].level(0.5):.3g} images/s with --workers {run.config.workers}",
        ),
        (
            f"--workers {max(4, 2 * run.config.workers)}, up to the number of cores",
            "pictures stored no larger than needed: for each crop the whole picture is decoded",
            "--augment-on device, which leaves only decoding to the workers",
        ),
        Curves(("waiting_share",), bound=WAITING),
    )


def _not_finite(run: RunMetrics, name: str) -> list[int]:
    series = run.series[name]
    return [int(step) for step in series.steps[~np.isfinite(series.values)]]


def _spikes(run: RunMetrics, name: str) -> list[int]:
    """Steps at which a metric is `SPIKE` times the median of the lines before."""
    series = run.series[name]
    found = []
    for index in range(LINES_BEFORE, len(series)):
        before = float(np.median(series.values[index - LINES_BEFORE : index]))
        if series.values[index] > SPIKE * before > 0:
            found.append(int(series.steps[index]))
    return found


def _peak(run: RunMetrics, name: str) -> float:
    """A metric's largest value over its median."""
    values = run.series[name].part(0)
    return float(values.max() / max(np.median(values), 1e-12)) if len(values) else 0.0
