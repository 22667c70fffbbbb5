"""The moving average of a network's weights, which is what gets validated, evaluated and exported."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class MovingAverage(nn.Module):
    """A copy of ``network``, ``module``, whose parameters become an exponential moving average of the network's.

    The decay follows `decay_after`. It depends on ``updates`` alone, their number so far, which a checkpoint holds.
    PyTorch's ``AveragedModel`` keeps that number in a tensor: each update would wait for a GPU to read it.
    """

    def __init__(self, network: nn.Module, ema: float) -> None:
        super().__init__()
        self.module = copy.deepcopy(network).eval()
        self.ema, self.updates = ema, 0

    def forward(self, *inputs: Any) -> Any:
        return self.module(*inputs)

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move towards the weights of ``network``; the first time, take them. Buffers are taken each time."""
        averages, current = list(self.module.parameters()), list(network.parameters())
        if self.updates:
            get_ema_multi_avg_fn(decay_after(self.updates, self.ema))(averages, current, self.updates)
        else:
            for average, weights in zip(averages, current, strict=True):
                average.copy_(weights)
        for kept, buffer in zip(self.module.buffers(), network.buffers(), strict=True):
            kept.copy_(buffer)
        self.updates += 1


def decay_after(updates: int, ema: float) -> float:
    """The decay of the update that follows ``updates`` others: min(ema, (1 + t) / (10 + t)).

    As in TensorFlow's ``ExponentialMovingAverage``. At any length of a run the average reaches back over about a ninth
    of it, at most over 1 / (1 - ema) steps; with ``ema`` from the start, a short run's would be its random start.
    """
    return min(ema, (1 + updates) / (10 + updates))
