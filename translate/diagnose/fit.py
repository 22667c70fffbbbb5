"""Rules about underfitting and overfitting.

They follow Hung-yi Lee's guide to training. If the loss is large on training pictures, the model is too small or the
optimisation fails; a smaller network's run tells which. If it is small there but large on held-out pictures, the model
overfits. The bounds come from the runs in ``tests/diagnose/runs``.
"""

from __future__ import annotations

import numpy as np

from translate.config import Distance
from translate.diagnose.run_metrics import RunMetrics
from translate.diagnose.translation_error import training_error
from translate.diagnose.verdict import MIN_LINES, Curves, Finding, NotJudged, RunVerdict, too_few_lines

MIN_VALIDATIONS = 3  # fewer show no trend
LARGE = 0.05  # mean absolute difference in [-1, 1]: 6 of 255 levels, clearly visible
LARGE_ROUND_TRIP = 0.12  # of a round trip, which loses detail twice: sound runs of cyclegan and stargan end at 0.05
UNLEARNED = 0.25  # share of the untranslated input's error: sound runs end at 0.1, networks too small at 0.3 and more
ALIKE = 1.05  # ratio of errors up to which a reference is not called better
STILL_FALLING = 0.93  # ratio to the level before: the run ended too early
GAP = 1.75  # validation error over training error: sound runs reach 1.4 if the few validation pictures are harder
VISIBLE_GAP = 0.02  # 2.5 of 255 levels: smaller differences are invisible, whatever the ratio
RISEN = 1.05  # ratio to the lowest validation error: memorising has made it worse


def underfit(run: RunMetrics, reference: RunMetrics | None = None) -> Finding:
    """Even training pictures stay far from the truth; ``reference``, a smaller network's run, tells why."""
    distance = run.config.distance
    if distance is None:
        return NotJudged(
            "underfit", f"{run.method} logs no distance to a truth; `translate evaluate` compares the looks"
        )
    if run.lines < MIN_LINES:
        return too_few_lines("underfit", run)
    error = training_error(run, distance)
    if error is None:
        return NotJudged("underfit", f"{distance.loss} is not in the log, or its weight is 0")
    of_input = f"train/{distance.of_input}"
    start = run.level(of_input) if distance.of_input else None
    if distance.of_input and start is None:
        return NotJudged("underfit", f"{of_input} is not in the log: train with --sample-every and --val-samples")
    bound = LARGE_ROUND_TRIP if start is None else max(LARGE, UNLEARNED * start)
    if error < bound:
        return None
    metric, loss = distance.metric, distance.loss
    evidence = [f"training {metric} ended at {error:.3f}, {127.5 * error:.0f} of 255 levels (sound: below {bound:.3f})"]
    if start is not None:
        evidence.append(f"the untranslated input is off by {start:.3f}: {error / start:.0%} of that is left")
    ratio = run.series[loss].level(0.75) / run.series[loss].level(0.5, 0.75)
    falling = bool(ratio < STILL_FALLING)
    remedies = []
    if falling:
        evidence.append(f"{loss} was still falling: {1 - ratio:.0%} over the last quarter of the log")
        remedies.append("--steps: twice as many, before trying anything else")
    why, advice, confidence = _model_or_optimisation(run, reference, distance, error)
    shown = tuple(name for name in (f"train/{metric}", f"val/{metric}", of_input) if name in run.series)
    return RunVerdict(
        "underfit",
        confidence - (0.1 if falling else 0.0),
        (*evidence, why),
        (*remedies, *advice),
        Curves(shown, bound=bound) if shown else Curves((loss,)),
    )


def _model_or_optimisation(
    run: RunMetrics, reference: RunMetrics | None, distance: Distance, error: float
) -> tuple[str, tuple[str, ...], float]:
    """Why training pictures are not learned, what to try, and the confidence, 0 to 1."""
    larger = "a larger network: --generator-options channels, blocks, or another --generator"
    better = f"another optimisation: --lr {10 * run.config.lr:g} or {run.config.lr / 10:g}, --warmup, --beta1 0.9"
    other = training_error(reference, distance) if reference is not None else None
    if other is None:
        why = "the model is too small or the optimisation fails: a smaller network's run as --reference RUN tells which"
        return why, (larger, better), 0.65
    if error > ALIKE * other:
        why = f"the smaller network of the reference reached {other:.3f}: this one could too, so the optimisation fails"
        return why, (better, "--weight-init orthogonal or normal", "residual connections: --generator resnet"), 0.85
    why = f"the smaller network of the reference reached {other:.3f}, no better: the model is too small (bias)"
    return why, (larger,), 0.85


def overfit(run: RunMetrics) -> Finding:
    """Compare held-out pictures to as many training pictures, both translated by the averaged generator."""
    if run.config.distance is None:
        return NotJudged(
            "overfit", f"{run.method} logs no distance to a truth; `translate evaluate --against` finds copies"
        )
    metric = run.config.distance.metric
    names = train, val = f"train/{metric}", f"val/{metric}"
    if any(name not in run.series or len(run.series[name]) < MIN_VALIDATIONS for name in names):
        return NotJudged(
            "overfit",
            f"fewer than {MIN_VALIDATIONS} log lines with {train} and {val}: train with --val-samples above 0, five "
            "pictures or more, and a smaller --sample-every",
        )
    seen, held_out, least = run.series[train].level(), run.series[val].level(), run.series[val].part(0).min()
    if not (held_out >= GAP * seen and held_out - seen >= VISIBLE_GAP):
        return None
    risen = held_out >= RISEN * least
    evidence = [f"{val} ended at {held_out:.3f}, {held_out / seen:.1f} times the {seen:.3f} of {train}"]
    best = int(run.series[val].steps[np.nanargmin(run.series[val].values)])
    if risen:
        evidence.append(f"{val} was lowest at step {best}, {least:.3f}, and has risen since")
    return RunVerdict(
        "overfit",
        min(0.6 + 0.1 * (held_out / seen - GAP) + 0.1 * risen, 0.95),
        tuple(evidence),
        (
            "more training pairs: nothing else helps as much",
            "augmentation: --flip, --quarter-turns, --rotate 10, --scale 0.8 1.2, --jitter 0.2",
            "--diff-augment color,translation, if there is a discriminator",
            "a smaller network: fewer --generator-options channels",
            "stop earlier: export the checkpoint at which validation was lowest (--save-every, --keep)",
        ),
        Curves(names, marked=(best,) if risen else ()),
    )
