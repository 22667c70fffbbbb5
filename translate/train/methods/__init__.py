"""The methods, one paper per file; what each is called and how it is set is registered with `translate.config`."""

from __future__ import annotations

from importlib import import_module

from translate.config import AdversarialConfig
from translate.train.methods.base import Method


def method_of(config: AdversarialConfig | type[AdversarialConfig]) -> type[Method]:
    """The class that trains what ``config`` is the configuration of."""
    module, _, name = config.implementation.partition(":")
    found: type[Method] = getattr(import_module(module), name)
    return found
