"""The methods, one paper per file; their names and settings are registered with `translate.config`."""

from __future__ import annotations

from importlib import import_module

from translate.config import TrainConfig
from translate.train.methods.base import Method


def method_of(config: TrainConfig | type[TrainConfig]) -> type[Method]:
    """The class of the method that ``config`` configures."""
    module, _, name = config.implementation.partition(":")
    found: type[Method] = getattr(import_module(module), name)
    return found
