"""What the metadata of an exported file say of its condition."""

from __future__ import annotations

from dataclasses import replace

from translate.errors import UnusableError
from translate.style.conditions import ConditionInfo
from translate.style.contract import ContractError
from translate.weights.checkpoint import CONDITION, DESCRIPTION, Checkpoint


def described_condition(checkpoint: Checkpoint) -> str:
    """What conditions the generator of ``checkpoint`` takes, as the metadata say it."""
    if CONDITION not in checkpoint.config:
        return ""
    try:
        info = ConditionInfo.from_json(checkpoint.config["condition"])
    except (KeyError, ContractError) as error:
        raise UnusableError(f"{checkpoint.path / DESCRIPTION}: does not describe its condition; train again") from error
    return replace(info, optional=bool(checkpoint.config[CONDITION].get("optional"))).to_json()
