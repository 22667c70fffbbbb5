"""The result of a rule: a verdict with its evidence, or why the fault cannot be judged."""

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
    "lagging_average",
    "healthy",
    "not_enough_evidence",
]

MEANINGS: Mapping[Case, str] = {
    "underfit": "the training pictures themselves are not learned",
    "overfit": "training pictures are memorised, held-out ones are translated worse",
    "mismatch": "the pictures to convert are of another kind than those trained on",
    "discriminator_won": "the discriminator separates real from translated pictures, and the generator learns nothing",
    "collapse": "different inputs give nearly the same output",
    "mode_dropping": "outputs are less varied than real target pictures",
    "learning_rate": "the learning rate is too high",
    "starvation": "training waits for data",
    "lagging_average": "the averaged generator, which is exported, lags behind the one in training",
    "healthy": "no sign of a fault",
    "not_enough_evidence": "the log does not hold enough to judge",
}


@dataclass(frozen=True)
class Curves:
    """Series to plot for a verdict, and where the evidence is in them."""

    names: tuple[str, ...]
    bound: float | None = None  # drawn as a line: where the fault begins
    marked: tuple[int, ...] = ()  # steps that are evidence themselves
    logarithmic: bool = False


@dataclass(frozen=True)
class RunVerdict:
    """A fault that a run shows."""

    case: Case
    confidence: float  # 0 to 1, how strong the evidence is; verdicts are sorted by it
    evidence: tuple[str, ...]  # sentences with the metrics
    remedies: tuple[str, ...] = ()
    curves: Curves | None = None


@dataclass(frozen=True)
class NotJudged:
    """A fault that cannot be judged."""

    case: Case
    reason: str  # what is missing, and how to get it


MIN_LINES = 20  # of training metrics: fewer show no level and no trend


def too_few_lines(case: Case, run: RunMetrics) -> NotJudged:
    """The finding that the log is too short to judge ``case``."""
    return NotJudged(
        case,
        f"{run.lines} lines of training metrics are too few; {MIN_LINES} or more are needed: train longer, or with a "
        "smaller --log-every",
    )


Finding = RunVerdict | NotJudged | None  # None: judged, and not found


@dataclass(frozen=True)
class FolderDistance:
    """The distance between the pictures of two folders."""

    mmd: float  # unbiased squared maximum mean discrepancy: about 0 for pictures of the same kind, at most 2
    within: float  # the largest MMD between random halves of the first folder
    mixed: tuple[float, ...]  # the MMDs of random permutations: both folders mixed and split again
    counts: tuple[int, int]  # pictures compared, of each folder

    @property
    def p_value(self) -> float:
        """How likely randomly mixed folders are at least as far apart (Phipson and Smyth 2010)."""
        return (sum(value >= self.mmd for value in self.mixed) + 1) / (len(self.mixed) + 1)


@dataclass(frozen=True)
class Diagnosis:
    """All verdicts on a run, at least one, the most certain first; and the faults that could not be judged."""

    verdicts: Sequence[RunVerdict]
    not_judged: Sequence[NotJudged]
    distance: FolderDistance | None = None  # from training inputs to the pictures to be converted, where given
