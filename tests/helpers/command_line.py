"""What a command leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finished:
    """What a command left behind."""

    code: int
    out: bytes
    err: str


RunCli = Callable[..., Finished]
