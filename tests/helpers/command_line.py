"""The outcome of a command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finished:
    """The outcome of a finished command."""

    code: int
    out: bytes
    err: str


RunCli = Callable[..., Finished]
