"""The learning rate over a run."""

from __future__ import annotations

import math

from translate.config import TrainConfig


def learning_rate_factor(config: TrainConfig, step: int, last_step: int) -> float:
    """The factor of the learning rate at ``step``, in [0, 1].

    ``linear`` is pix2pix's and CycleGAN's: constant for the first half, then linear to 0. ``cosine`` falls to 0 along
    half a cosine (Loshchilov and Hutter 2017).
    """
    progress = step / last_step
    rising = min(1.0, (step + 1) / config.warmup) if config.warmup else 1.0
    if config.schedule == "cosine":
        return rising * 0.5 * (1 + math.cos(math.pi * progress))
    if config.schedule == "linear":
        return rising * min(1.0, 2 * (1 - progress))
    return rising
