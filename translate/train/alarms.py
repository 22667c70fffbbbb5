"""Alarms: problems that show in a run's metrics, each raised once until it goes away.

The metrics watched, by name:
- any metric that is not finite;
- ``D*/separation``, the share of patches where the discriminator rates the real picture above the translated one:
  near 1 it has won, and its gradients teach the generator nothing (Arjovsky and Bottou 2017);
- ``G/gradient``, ``D/gradient``: norms far below their largest: vanished;
- ``val/diversity``, the spread of the translated pictures relative to that of their inputs: near 0 different inputs
  give one output, mode collapse.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

NOT_FINITE = "is not finite"
# Stricter than the bounds of `translate.diagnose.game`, which judges a whole log: an alarm can stop a run under way.
SATURATED = 0.98  # of D*/separation
VANISHED = 1e-3  # of the gradient's norm, as a share of the largest seen
COLLAPSED = 0.05  # of val/diversity


class Alarms:
    """Watches metrics: a problem must last ``patience`` log lines; validation and non-finite metrics raise at once."""

    def __init__(self, *, patience: int) -> None:
        self.patience = patience
        self.lasted: Counter[str] = Counter()
        self.largest: dict[str, float] = {}

    def raised(self, metrics: Mapping[str, float]) -> list[str]:
        """The alarms that ``metrics``, one line of the log, raise: a text each."""
        found = []
        for name, value in metrics.items():
            problem = self._problem(name, value)
            self.lasted[name] = self.lasted[name] + 1 if problem else 0
            # validation metrics come seldom and are steady, so they need not last
            needed = 1 if name.startswith("val/") or not math.isfinite(value) else self.patience
            if problem and self.lasted[name] == needed:
                found.append(f"{name} {problem}")
        return found

    def _problem(self, name: str, value: float) -> str | None:
        metric = name.partition("/")[2]
        if not math.isfinite(value):
            return f"{NOT_FINITE}; try a lower --lr or --clip-gradient 1"
        if metric == "separation" and value >= SATURATED:
            return (
                f"is {value:.3f}: the discriminator tells all pictures apart and teaches nothing; try a lower "
                "--lr-discriminator, --lambda-r1 10, --instance-noise 0.1 or --diff-augment color,translation"
            )
        if metric == "gradient":
            self.largest[name] = max(value, self.largest.get(name, 0.0))
            if value < VANISHED * self.largest[name]:
                return f"is {value:.3g} and was {self.largest[name]:.3g}: it has vanished; try another --objective"
        if name == "val/diversity" and value <= COLLAPSED:
            return (
                f"is {value:.3f}: different inputs give nearly one output, the generator has collapsed; "
                "try --objective wgan-gp or --lambda-r1 10"
            )
        return None
