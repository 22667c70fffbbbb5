"""The methods by name. A method is registered by its settings, which hold all that other modules need to know of it."""

from __future__ import annotations

from typing import TypeVar

from translate.config.base import TrainConfig

CONFIGS: dict[str, type[TrainConfig]] = {}
C = TypeVar("C", bound=TrainConfig)


def register_method(config: type[C]) -> type[C]:
    """Register the method of ``config`` under ``config.method``. Raises ``ValueError`` for a name that is taken."""
    if config.method in CONFIGS:
        raise ValueError(f"a method called {config.method!r} is registered already")
    CONFIGS[config.method] = config
    return config
