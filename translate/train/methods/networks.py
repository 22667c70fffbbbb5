"""Building a run's networks from its settings, and refusing settings that do not suit them."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, TypeVar

import torch

from models import (
    DISCRIMINATORS,
    GENERATORS,
    Discriminator,
    EncodedCondition,
    Generator,
    NoiseGenerator,
    build_conditional_generator,
    build_conditional_translation,
    build_discriminator,
    build_generator,
    build_noise_generator,
    options_of,
)
from models.features import FeatureNetwork
from translate.config import AnimeGanConfig, Pix2PixConfig, TrainConfig
from translate.errors import UnusableError, UserError, one_line
from translate.weights.feature_networks import build_feature_network

ConfigT = TypeVar("ConfigT", bound=TrainConfig)


def suited_to_crop(config: ConfigT) -> ConfigT:
    """The settings with what the generator needs for crops of that size; options that are given stay."""
    network = GENERATORS.get(config.generator)  # an unknown name is refused when it is built
    if network is None:
        return config
    return replace(config, generator_options=network.options_for_crop(config.crop) | config.generator_options)


def built_generator(
    config: TrainConfig, *, may_enlarge: bool = False, condition: EncodedCondition | None = None, **options: Any
) -> Generator:
    """The configured generator, by default one whose pictures have the size of its input; with a ``condition``, if any.

    An unknown name or option is a ``UserError`` that lists the known ones, as are a generator that enlarges unless
    ``may_enlarge``, and crops that do not suit its stride and scale.
    """
    try:
        given = config.generator_options | options
        if condition is None:
            generator = build_generator(config.generator, **given)
        else:
            generator = build_conditional_translation(config.generator, condition, **given)
    except ValueError as error:
        raise UserError(f"<generator> {config.generator}: {error}") from error
    if generator.scale > 1 and not may_enlarge:
        raise UserError(
            f"<generator> {config.generator}: enlarges pictures, which {config.method} compares with their input; "
            "choose another, or train it with pix2pix"
        )
    multiple = generator.scale * generator.stride
    if config.crop % multiple:
        what = "stride" if generator.scale == 1 else "scale times the stride"
        below = config.crop // multiple * multiple
        nearest = f"{below} or {below + multiple}" if below else str(multiple)
        raise UserError(
            f"<crop> {config.crop}: has to be a multiple of {multiple}, the {what} of {config.generator}; "
            f"give {nearest}"
        )
    return generator


def built_noise_generator(config: TrainConfig, *, condition: EncodedCondition | None = None) -> NoiseGenerator:
    """The configured generator of pictures of ``crop`` pixels from noise, and from ``condition`` where there is one.

    An unknown name or option is a ``UserError`` that lists the known ones.
    """
    options = config.generator_options | {"size": config.crop}
    try:
        if condition is not None:
            return build_conditional_generator(config.generator, condition, **options)
        return build_noise_generator(config.generator, **options)
    except ValueError as error:
        raise UserError(f"<generator> {config.generator}: {error}") from error


def built_features(config: AnimeGanConfig | Pix2PixConfig, device: torch.device) -> FeatureNetwork:
    """The configured feature network, on ``device`` in the run's memory layout. Raises as `build_feature_network`."""
    layout = torch.channels_last if config.channels_last else torch.contiguous_format
    return build_feature_network(config.feature_network, config.feature_weights).to(device).to(memory_format=layout)


def built_discriminator(config: TrainConfig, *, in_channels: int = 3, **options: Any) -> Discriminator:
    """The configured discriminator for pictures of ``in_channels``.

    Raises ``UserError`` for an unknown name or option, for crops that are too small for it, and for one that
    classifies domains where ``options`` names none; ``UnusableError`` without the weights of its feature network.
    """
    given = config.discriminator_options | {"in_channels": in_channels} | options
    if config.discriminator in DISCRIMINATORS and "size" in options_of(DISCRIMINATORS[config.discriminator]):
        given = {"size": config.seen_side} | given
    try:
        discriminator = build_discriminator(config.discriminator, **given)
    except ValueError as error:
        raise UserError(f"<discriminator> {config.discriminator}: {error}") from error
    except (ImportError, OSError) as error:  # of its feature network
        raise UnusableError(f"<discriminator> {config.discriminator}: {one_line(error)}") from error
    shapes_only = copy.deepcopy(discriminator).to("meta")
    try:
        verdict = shapes_only(torch.empty(2, in_channels, config.seen_side, config.seen_side, device="meta"))
    except RuntimeError as error:
        what = f"<crop> {config.crop}" + (f" less <margin> {config.margin} on each side" if config.margin else "")
        raise UserError(f"{what}: is too small for the discriminator {config.discriminator}") from error
    if verdict.classes is not None and "domains" not in options:
        raise UserError(
            f"<discriminator> {config.discriminator}: has a head for domains, but {config.method} has no domains"
        )
    return discriminator
