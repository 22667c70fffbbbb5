"""Networks by name."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from torch import Tensor

import models
from models import (
    DISCRIMINATORS,
    GENERATORS,
    NOISE_GENERATORS,
    Discriminator,
    Generator,
    NoiseGenerator,
    build_discriminator,
    build_generator,
    build_noise_generator,
    registry,
)


def test_the_networks_are_registered_under_their_names() -> None:
    assert {"unet", "resnet", "mobile", "animegan", "stargan"} <= GENERATORS.keys()
    assert {"patchgan", "pixel", "multiscale", "projected", "stargan"} <= DISCRIMINATORS.keys()
    assert {"dcgan", "fastgan", "sagan", "r3"} == NOISE_GENERATORS.keys()
    assert not NOISE_GENERATORS.keys() & GENERATORS.keys()  # a name says what a checkpoint holds
    assert all(issubclass(network, NoiseGenerator) for network in NOISE_GENERATORS.values())
    assert all(issubclass(network, Generator) for network in GENERATORS.values())
    assert all(issubclass(network, Discriminator) for network in DISCRIMINATORS.values())


def test_options_reach_the_network() -> None:
    assert build_generator("unet", size=128, channels=2).stride == 128
    assert next(build_discriminator("pixel", in_channels=6, channels=2).parameters()).shape == (2, 6, 1, 1)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no generator is called 'vgg'.*animegan, mobile, resnet, stargan, unet"):
        build_generator("vgg")
    with pytest.raises(
        ValueError, match=r"no noise generator is called 'unet': choose one of dcgan, fastgan, r3, sagan"
    ):
        build_noise_generator("unet")
    known = "dcgan, multiscale, patchgan, pixel, projected, r3, sagan, stargan"
    with pytest.raises(ValueError, match=rf"no discriminator is called 'vgg'.*{known}"):
        build_discriminator("vgg")


def test_an_unknown_option_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"generator resnet has no option depth: it knows blocks, channels, norm, ups"):
        build_generator("resnet", depth=3)


def test_a_value_that_cannot_be_used_names_network_and_option() -> None:
    with pytest.raises(ValueError, match=r"generator resnet cannot be built.*blocks has to be at least 1, not 0"):
        build_generator("resnet", blocks=0)
    with pytest.raises(ValueError, match=r"discriminator patchgan cannot be built"):
        build_discriminator("patchgan", layers="three")


def test_a_name_is_registered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "GENERATORS", {})

    class Plain(Generator):
        stride = 1

        def forward(self, image: Tensor) -> Tensor:
            return image

    registry.register_generator("plain")(Plain)
    assert isinstance(registry.build_generator("plain"), Plain)
    with pytest.raises(ValueError, match="'plain' is registered already, as Plain"):
        registry.register_generator("plain")(Plain)


def test_networks_know_nothing_of_the_program() -> None:
    for file in Path(models.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.split(".")[0] == "translate" for name in names), file.name
