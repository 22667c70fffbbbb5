"""The moving average of a network's weights, which is what gets validated, evaluated and exported."""

from __future__ import annotations

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

Tensors = tuple[Tensor, ...] | list[Tensor]


def averaged_copy(network: nn.Module, ema: float) -> AveragedModel:
    """A copy of ``network`` whose parameters become an exponential moving average of the network's.

    The decay follows `decay_after`. It depends on the number of updates alone, which a checkpoint holds as
    ``n_averaged``.
    """

    def update(averages: Tensors, current: Tensors, updates: Tensor | int) -> None:
        get_ema_multi_avg_fn(decay_after(int(updates), ema))(averages, current, updates)

    return AveragedModel(network, multi_avg_fn=update).eval()


def decay_after(updates: int, ema: float) -> float:
    """The decay of the update that follows ``updates`` others: min(ema, (1 + t) / (10 + t)).

    As in TensorFlow's ``ExponentialMovingAverage``. At any length of a run the average reaches back over about a ninth
    of it, at most over 1 / (1 - ema) steps; with ``ema`` from the start, a short run's would be its random start.
    """
    return min(ema, (1 + updates) / (10 + updates))
