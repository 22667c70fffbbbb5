"""Every setting of a training run, typed, in one place.

The command line's options, the ``--config`` file's keys and the run's saved ``config.json`` all come from the
dataclasses here: a new setting is one new field. Imports no deep-learning library.
"""

from translate.config.animegan import AnimeGanConfig
from translate.config.base import CONFIG_NAME, METRICS_NAME, Distance, TrainConfig
from translate.config.conditions import ConditionSettings
from translate.config.generation import (
    CganConfig,
    GanConfig,
    GenerationConfig,
    GloConfig,
    GonConfig,
    ReconstructionConfig,
)
from translate.config.methods import CutConfig, CycleGanConfig, Pix2PixConfig, UnpairedConfig
from translate.config.registry import CONFIGS, register_method
from translate.config.sequences import SequenceConfig
from translate.config.stargan import StarGanConfig
from translate.config.values import PANELS, parse_options

__all__ = [
    "CONFIGS",
    "CONFIG_NAME",
    "METRICS_NAME",
    "PANELS",
    "AnimeGanConfig",
    "CganConfig",
    "ConditionSettings",
    "CutConfig",
    "CycleGanConfig",
    "Distance",
    "GanConfig",
    "GenerationConfig",
    "GloConfig",
    "GonConfig",
    "Pix2PixConfig",
    "ReconstructionConfig",
    "SequenceConfig",
    "StarGanConfig",
    "TrainConfig",
    "UnpairedConfig",
    "parse_options",
    "register_method",
]
