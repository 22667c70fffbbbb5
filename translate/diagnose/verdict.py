"""What a rule finds: a verdict with its evidence, or what it lacks to find one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from translate.diagnose.run_metrics import RunMetrics

Case = Literal[
    "underfit",
    "overfit",
    "mismatch",
    "discriminator_won",
    "collapse",
    "mode_dropping",
    "learning_rate",
    "starvation",
    "healthy",
    "not_enough_evidence",
]

MEANINGS: Mapping[Case, str] = {
    "underfit": "the training pictures themselves are not learned",
    "overfit": "training pictures are learned by heart, held-out ones are translated worse",
    "mismatch": "the pictures to convert are of another kind than those trained on",
    "discriminator_won": "the discriminator tells all pictures apart, and its gradients teach the generator nothing",
    "collapse": "different inputs give nearly one output",
    "mode_dropping": "outputs cover less than the real target pictures do",
    "learning_rate": "the learning rate is too high",
    "starvation": "training waits for its pictures",
    "healthy": "no sign of a fault",
    "not_enough_evidence": "the log does not say",
}


@dataclass(frozen=True)
class Curves:
    """Series to plot for a verdict, with what in them is the evidence."""

    names: tuple[str, ...]
    bound: float | None = None  # drawn as a line: where the fault begins
    marked: tuple[int, ...] = ()  # steps that are evidence themselves
    logarithmic: bool = False


@dataclass(frozen=True)
class RunVerdict:
    """A fault that a run shows."""

    case: Case
    confidence: float  # 0 to 1: how much of what speaks for the fault is there; verdicts are in its order
    evidence: tuple[str, ...]  # with the metrics
    remedies: tuple[str, ...] = ()
    curves: Curves | None = None


@dataclass(frozen=True)
class Lacking:
    """A fault that cannot be judged."""

    case: Case
    reason: str  # what is missing, and how to come by it


FEWEST_LINES = 20  # of training metrics: fewer have no level and no trend


def few_lines(case: Case, run: RunMetrics) -> Lacking:
    """Too short a log to judge ``case``."""
    return Lacking(
        case,
        f"{run.lines} lines of training metrics say nothing; {FEWEST_LINES} or more are needed: let it train longer, "
        "or with a smaller --log-every",
    )


Finding = RunVerdict | Lacking | None  # None: judged, and not there


@dataclass(frozen=True)
class Distance:
    """How far two folders are from each other."""

    mmd: float  # unbiased squared maximum mean discrepancy: about 0 for folders of one kind, at most 2
    within: float  # the same between halves of the first folder, the farthest of some
    mixed: tuple[float, ...]  # the same between the folders mixed at random, many times
    counts: tuple[int, int]  # pictures looked at

    @property
    def p_value(self) -> float:
        """How often folders mixed at random are as far apart (Phipson and Smyth 2010)."""
        return (sum(value >= self.mmd for value in self.mixed) + 1) / (len(self.mixed) + 1)


@dataclass(frozen=True)
class Diagnosis:
    """All verdicts on a run, the most certain first, at least one; and what could not be judged."""

    verdicts: Sequence[RunVerdict]
    lacking: Sequence[Lacking]
    distance: Distance | None = None  # of the pictures to be converted, where they were looked at
