"""The verdicts on an evaluation's metrics: the case, the evidence, what to try.

The cases are those of Hung-yi Lee's lectures on generative adversarial networks. Every bound is relative to real
pictures compared to each other in the same number, as metrics depend on the number and on the pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from translate.evaluate.memorisation import CLOSE
from translate.evaluate.set_metrics import expected_coverage

Case = Literal["memorised", "collapsed", "dropping", "unlike", "sound", "too few"]

MIN_PICTURES = 20  # outputs and real pictures, each, to judge at all
MEMORISED = 5 * CLOSE  # share of outputs closer to training pictures than all but `CLOSE` of the test pictures
COLLAPSED = 0.5  # of the real pictures' mean distance
# Of the coverage that as many real pictures would have, and of the recall that real pictures have of each other. Only
# coverage tells missing kinds: of 209 renders of half of the kinds it was 0.51, with 0.78 to be expected, of 600 of all
# kinds 0.99; recall fell from 0.79 to 0.60 only, and to 0.61 by a blur of half a pixel.
DROPPING = ALIKE = 0.7
UNLIKE = 0.5  # of the precision that real pictures have of each other


@dataclass(frozen=True)
class Verdict:
    """One case, with its evidence and what to try."""

    case: Case
    text: str  # with the evidence
    remedy: str = ""


def judge(metrics: Mapping[str, float], counts: Mapping[str, int]) -> list[Verdict]:
    """The verdicts on ``metrics`` of an `Evaluation`, the most serious first; at least one."""
    few = [f"{counts[name]} {name}" for name in ("outputs", "real pictures") if counts[name] < MIN_PICTURES]
    if few:
        text = f"{' and '.join(few)} are too few to judge a distribution; give {MIN_PICTURES} or more"
        return [Verdict("too few", text)]
    found = []
    if metrics.get("memorised_share", 0.0) >= MEMORISED:
        found.append(
            Verdict(
                "memorised",
                f"{metrics['memorised_share']:.0%} of the outputs lie closer to a training picture than "
                f"{1 - CLOSE:.0%} of the real test pictures do ({CLOSE:.0%} would be chance): the generator "
                "reproduces its training pictures",
                "more training pictures, --diff-augment, a smaller generator, an earlier checkpoint",
            )
        )
    collapsed = metrics["diversity"] < COLLAPSED
    if collapsed:
        found.append(
            Verdict(
                "collapsed",
                f"outputs are {metrics['diversity']:.2f} times as far apart as real pictures: many inputs, one output",
                "--objective wgan-gp or hinge with --lambda-r1 10, --diff-augment, minibatch statistics, an earlier "
                "checkpoint; more weight on cycle, content or L1",
            )
        )
    precision, recall = (metrics[name] / max(metrics[f"{name}_of_real"], 1e-6) for name in ("precision", "recall"))
    expected = expected_coverage(counts["outputs"], counts["real pictures"])
    if precision < UNLIKE:
        found.append(
            Verdict(
                "unlike",
                f"{metrics['precision']:.0%} of the outputs lie among the real pictures, compared to "
                f"{metrics['precision_of_real']:.0%} of other real pictures: the outputs do not look real yet",
                "train longer, a larger generator, a larger --lambda-gan; check that --real shows the target kind",
            )
        )
    elif not collapsed and metrics["coverage"] < DROPPING * expected:
        found.append(
            Verdict(
                "dropping",
                f"coverage is {metrics['coverage']:.2f}, where as many real pictures would have {expected:.2f}: "
                "the outputs are good, but kinds of real pictures are missing",
                "minibatch discrimination, --objective wgan-gp, a larger batch; check that the photos hold all kinds",
            )
        )
    if found:
        return found
    text = "no sign of copies, collapse, missing kinds or pictures that look different"
    if recall < ALIKE:
        text += (
            f"; but in their details they are more alike, or less sharp: recall {metrics['recall']:.2f}, compared to "
            f"{metrics['recall_of_real']:.2f} between real pictures"
        )
    return [Verdict("sound", text)]
