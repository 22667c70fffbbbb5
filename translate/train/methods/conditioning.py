"""A run's condition: the networks' encoders of it, and what checkpoints say of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from models import EncodedCondition, VectorEncoder, build_condition
from translate.data.conditions import Conditions
from translate.errors import UserError
from translate.style.conditions import ConditionInfo
from translate.weights.checkpoint import CONDITION


class Conditioning:
    """``conditions`` as vectors of ``width`` numbers; ``optional``: some samples are trained without theirs."""

    def __init__(self, conditions: Conditions, *, width: int, optional: bool = False) -> None:
        self.conditions, self.info = conditions, conditions.info
        self.network: dict[str, Any] = {
            "kind": self.info.kind,
            "shape": self.info.shape,
            "words": len(self.info.vocabulary),
            "width": width,
            "optional": optional,
        }

    def encoder(self) -> EncodedCondition:
        """A new encoder, which brings numbers to the mean and deviation of the training data."""
        condition = build_condition(**self.network)
        means, deviations = self.conditions.means, self.conditions.deviations
        if means is not None and deviations is not None:
            assert isinstance(condition.encoder, VectorEncoder)
            condition.encoder.mean.copy_(torch.from_numpy(means))
            condition.encoder.deviation.copy_(torch.from_numpy(deviations))
        return condition

    def description(self) -> dict[str, Any]:
        """What a checkpoint's configuration says, see `translate.weights.checkpoint`."""
        return {CONDITION: self.network, "condition": self.info.to_json()}

    def state(self) -> dict[str, Any]:
        return {"condition": self.info.to_json()}

    def require_same(self, state: Mapping[str, Any]) -> None:
        """Raise ``UserError`` where the conditions are no longer those of a run with this ``state``."""
        if ConditionInfo.from_json(state["condition"]) != self.info:
            raise UserError(
                f"<{self.info.kind}>: no longer has the columns, classes or words that this run began with; restore "
                "them, or give another <out>"
            )
