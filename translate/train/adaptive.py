"""Adaptive augmentation: as often as it takes to keep the discriminator from learning the real pictures by heart.

Karras, Aittala, Hellsten, Laine, Lehtinen, Aila: Training Generative Adversarial Networks with Limited Data (ADA),
NeurIPS 2020, section 3: r_t = E[sign(D(real))] measures overfitting; each operation is applied with probability p,
which rises by a fixed amount while r_t is above the target and falls while it is below.

Departures: the operations are DiffAugment's; p moves at every step of the discriminator, not every fourth; it gets from
0 to 1 in `IMAGES` pictures, as in the authors' runs on small data (``--ada_kimg 100``), where the paper has 500 000. A
relativistic objective leaves the level of the logits open: there r_t = E[sign(D(real) - D(fake))] of pairs.
"""

from __future__ import annotations

import torch
from torch import Tensor

IMAGES = 100_000  # real pictures until the probability has gone from 0 to 1


class AdaptiveProbability:
    """The probability p, on ``device``, so that no step waits for it."""

    def __init__(self, target: float, device: torch.device) -> None:
        self.target = target
        self.value = torch.zeros((), device=device)

    def adapt(self, signs: Tensor, *, pictures: int) -> None:
        """One step of the rule: ``signs`` is r_t, a scalar, of a global batch of ``pictures``."""
        self.value = (self.value + torch.sign(signs - self.target) * pictures / IMAGES).clamp(0, 1)
