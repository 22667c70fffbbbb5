"""Rules about the game between the networks: a discriminator that has won, collapse and mode dropping.

The bounds come from the runs in ``tests/diagnose/runs``.
"""

from __future__ import annotations

from translate.diagnose.run_metrics import RunMetrics
from translate.diagnose.verdict import MIN_LINES, Curves, Finding, NotJudged, RunVerdict, too_few_lines

CRITICS = ("wgan", "wgan-gp")  # objectives whose discriminator is meant to win: its distance keeps a gradient
LOGARITHMIC = (
    "vanilla",
    "minimax",
    "js",
    "relativistic",
)  # objectives whose divergence is constant where the distributions do not overlap
SATURATED = 0.95  # separation: sound runs stay below 0.9
WON_SHARE = 0.5  # share of the log's second half that has to be saturated
COLLAPSED = 0.12  # spread of the outputs over that of the inputs
DROPPED = 0.6  # spread of the outputs over that of real target pictures
LIKE_REAL = 0.5  # eval/precision from which outputs are good, so that only variety can be missing
COVERED = 0.3  # eval/recall and eval/coverage: a sound run had 0.96 and 1, one with a single kind 0.01 and 0.1


def discriminator_won(run: RunMetrics) -> Finding:
    """Real and translated pictures are separated, so the gradient vanishes (Arjovsky and Bottou 2017)."""
    names = run.named("separation")
    if not names or run.config.lambda_gan == 0:
        return None  # there is no game
    if run.config.objective in CRITICS:
        return None
    if max(len(run.series[name]) for name in names) < MIN_LINES:
        return too_few_lines("discriminator_won", run)
    won = {}
    for name in names:
        late = run.series[name].part(0.5)
        share = float((late >= SATURATED).mean()) if len(late) else 0.0
        if share >= WON_SHARE:
            won[name] = share
    if not won:
        return None
    evidence = [
        f"{name} is {run.series[name].level(0.5):.3f} in the log's second half, at least {SATURATED} in {share:.0%} "
        "of its lines: at 1 the discriminator separates real and translated pictures perfectly"
        for name, share in won.items()
    ]
    objective, rate = run.config.objective, run.config.lr_discriminator or run.config.lr
    return RunVerdict(
        "discriminator_won",
        # least squares and hinge still have gradients for separated pictures (Mao et al. 2017, section 3.2)
        (0.45 if run.config.objective in LOGARITHMIC else 0.2) + 0.45 * max(won.values()),
        tuple(evidence),
        (
            f"instead of {objective}: --objective wgan-gp, whose gradient does not vanish, or hinge",
            "--lambda-r1 10",
            "--diff-augment color,translation, above all for small folders",
            "--instance-noise 0.1, so that the distributions overlap",
            f"--lr-discriminator {rate / 4:.2g}, a quarter of {rate:g}",
        ),
        Curves(tuple(won), bound=SATURATED),
    )


def collapse(run: RunMetrics) -> Finding:
    """Different inputs give nearly the same output."""
    diversity = run.level("val/diversity")
    if diversity is None:
        return NotJudged(
            "collapse", "val/diversity is not in the log: train with --sample-every and --val-samples 2 or more"
        )
    if diversity > COLLAPSED:
        return None
    return RunVerdict(
        "collapse",
        0.98 - 0.06 * diversity / COLLAPSED,  # high: seen in the pictures, and it makes the discriminator win
        (
            f"outputs are {diversity:.3f} times as far from each other as their inputs (sound: above {COLLAPSED})",
            *_variety(run),
        ),
        (
            "more weight on the input: a larger --lambda-cycle, --lambda-nce, --lambda-content or --lambda-l1",
            "more target pictures, and more varied ones; --diff-augment color,translation",
            "--objective wgan-gp or --lambda-r1 10",
            "a discriminator that sees the batch: --discriminator-options minibatch=stddev",
        ),
        Curves(("val/diversity",), bound=COLLAPSED),
    )


def mode_dropping(run: RunMetrics) -> Finding:
    """Outputs are good but less varied than real target pictures, by their spread, recall or coverage."""
    diversity, variety = run.level("val/diversity"), run.level("val/variety")
    levels = {name: run.level(f"eval/{name}") for name in ("precision", "recall", "coverage")}
    good = levels["precision"] is not None and levels["precision"] >= LIKE_REAL
    missed = [name for name in ("recall", "coverage") if (level := levels[name]) is not None and level < COVERED]
    paired = run.config.paired  # then the spread is compared to the outputs' own truths
    if variety is None and levels["recall"] is None and not paired:
        return NotJudged(
            "mode_dropping",
            "val/variety and eval/recall are not in the log: train with --sample-every and --val-samples 8, or with "
            "--eval-every",
        )
    narrow = not paired and variety is not None and variety <= DROPPED
    if (diversity is not None and diversity <= COLLAPSED) or not (narrow or (good and missed)):
        return None
    evidence = _variety(run) if narrow else []
    if good and missed:
        evidence.append(
            f"{levels['precision']:.0%} of the outputs lie among the real pictures, but "
            + " and ".join(f"{name} is {levels[name]:.2f}" for name in missed)
            + f" (sound: above {COVERED})"
        )
    names = (*(("val/variety",) if narrow else ()), *(f"eval/{name}" for name in missed if good))
    return RunVerdict(
        "mode_dropping",
        (0.6 + 0.35 * (1 - (variety or 0) / DROPPED) if narrow else 0.7) + (0.05 if good and missed else 0.0),
        tuple(evidence),
        (
            "a run for each kind of target picture, or `translate train stargan` with the kinds as domains",
            "--discriminator-options minibatch=stddev, which shows the discriminator how much outputs vary",
            "a larger --batch-size; --objective wgan-gp, or --lambda-r1 10",
            "inputs of as many kinds as the target has: outputs can only be as varied as their inputs",
        ),
        Curves(names, bound=DROPPED if narrow else COVERED),
    )


def _variety(run: RunMetrics) -> list[str]:
    variety = run.level("val/variety")
    if variety is None:
        return []
    return [f"outputs are {variety:.2f} times as far from each other as real target pictures (val/variety)"]
