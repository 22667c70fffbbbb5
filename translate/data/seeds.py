"""Seeds: all randomness of a run follows from its seed and the position in the run."""

from __future__ import annotations

import numpy as np


def derived_seed(*numbers: int) -> int:
    """A seed from several numbers, such as the run's seed and a step, without correlation between neighbours."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
