"""The methods by name: one paper a file."""

from __future__ import annotations

from accelerate import Accelerator

from translate.config import AdversarialConfig, AnimeGanConfig, StarGanConfig
from translate.data.datasets import TrainingData
from translate.train.methods.animegan import AnimeGan
from translate.train.methods.base import Method
from translate.train.methods.cut import Cut
from translate.train.methods.cyclegan import CycleGan
from translate.train.methods.pix2pix import Pix2Pix
from translate.train.methods.stargan import StarGan

METHODS: dict[str, type[Method]] = {"pix2pix": Pix2Pix, "cyclegan": CycleGan, "cut": Cut}


def build_method(config: AdversarialConfig, accelerator: Accelerator, data: TrainingData) -> Method:
    """The method that ``config`` is the configuration of."""
    if isinstance(config, StarGanConfig):
        return StarGan(config, accelerator, data.domains, exclusive=data.exclusive)
    if isinstance(config, AnimeGanConfig):
        return AnimeGan(config, accelerator, data.training)
    return METHODS[config.method](config, accelerator)
