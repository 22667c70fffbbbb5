"""The methods by name: one paper a file."""

from __future__ import annotations

from accelerate import Accelerator

from translate.config import TrainConfig
from translate.methods.base import Method
from translate.methods.pix2pix import Pix2Pix

METHODS: dict[str, type[Method]] = {"pix2pix": Pix2Pix}


def build_method(config: TrainConfig, accelerator: Accelerator) -> Method:
    """The method that ``config`` is the configuration of."""
    return METHODS[config.method](config, accelerator)
