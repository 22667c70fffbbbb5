"""The diagnosis of a run: all rules applied to its metrics."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from translate.diagnose.fit import overfit, underfit
from translate.diagnose.game import collapse, discriminator_won, mode_dropping
from translate.diagnose.lag import lagging_average
from translate.diagnose.mismatch import mismatch
from translate.diagnose.pace import learning_rate, starvation
from translate.diagnose.run_metrics import RunMetrics
from translate.diagnose.verdict import Diagnosis, Finding, NotJudged, RunVerdict
from translate.errors import UserError

RULES: tuple[Callable[[RunMetrics], Finding], ...] = (
    learning_rate,
    starvation,
    overfit,
    discriminator_won,
    collapse,
    mode_dropping,
    lagging_average,
)
MIN_JUDGED = 3  # faults that have to be judged before a run is called healthy


def diagnose(run: RunMetrics, *, reference: RunMetrics | None = None, test: Path | None = None) -> Diagnosis:
    """What is wrong with ``run``.

    ``reference``: a run of a smaller network on the same pictures. ``test``: a folder of pictures to be converted.
    Raises ``UserError`` for a ``test`` that cannot be used, and for a ``reference`` of another method; ``PictureError``
    and ``UnusableError`` as `mismatch` does.
    """
    if reference is not None and reference.method != run.method:
        raise UserError(f"<reference> {reference.folder}: is of {reference.method}, the diagnosed run of {run.method}")
    findings = [rule(run) for rule in RULES] + [underfit(run, reference)]
    distance = None
    if test is not None:
        finding, distance = mismatch(run, test)
        findings.append(finding)
    verdicts = [finding for finding in findings if isinstance(finding, RunVerdict)]
    not_judged = [finding for finding in findings if isinstance(finding, NotJudged)]
    judged = len(findings) - len(not_judged)
    if not verdicts:
        if judged < MIN_JUDGED:
            verdicts = [
                RunVerdict("not_enough_evidence", 1.0, (f"{judged} of {len(findings)} faults could be judged",))
            ]
        else:
            verdicts = [RunVerdict("healthy", judged / len(findings), _healthy_evidence(run, judged, len(findings)))]
    return Diagnosis(sorted(verdicts, key=lambda verdict: -verdict.confidence), not_judged, distance)


def _healthy_evidence(run: RunMetrics, judged: int, total: int) -> tuple[str, ...]:
    """The evidence for a healthy run: the faults ruled out, and where the metrics ended."""
    names = [name for name in run.series if name.startswith(("train/", "val/")) or name.endswith("/separation")]
    levels = [f"{name} {level:.3g}" for name in names if (level := run.level(name)) is not None]
    return (f"{judged} of {total} faults were looked for and not found", *((", ".join(levels),) if levels else ()))
