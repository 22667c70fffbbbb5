"""The networks by name. Registering a network also has it tested and exported: both go through this table."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from torch import Tensor, nn


class Generator(nn.Module):
    """A network from pictures to pictures: float [N, 3, H, W] in [-1, 1] to the same shape and range.

    H and W have to be multiples of ``stride``; the exported graph pads to it.
    """

    tile_safe: ClassVar[bool] = False  # True: no statistics over the image, so tiles with a halo equal the whole
    stride: int
    receptive_field: int = 0  # pixels: twice how far an output pixel sees to the farther side, and itself; 0: all

    def __call__(self, image: Tensor) -> Tensor:
        return super().__call__(image)


class Discriminator(nn.Module):
    """A network from pictures to logits: float [N, C, H, W] to float [N, 1, h, w], one logit a patch, no sigmoid."""

    def __call__(self, image: Tensor) -> Tensor:
        return super().__call__(image)


GENERATORS: dict[str, type[Generator]] = {}
DISCRIMINATORS: dict[str, type[Discriminator]] = {}

Network = TypeVar("Network", bound=nn.Module)


def _register(table: dict[str, type[Network]], name: str) -> Callable[[type[Network]], type[Network]]:
    def add(network: type[Network]) -> type[Network]:
        if name in table:
            raise ValueError(f"{name!r} is registered already, as {table[name].__name__}")
        table[name] = network
        return network

    return add


def register_generator(name: str) -> Callable[[type[Generator]], type[Generator]]:
    return _register(GENERATORS, name)


def register_discriminator(name: str) -> Callable[[type[Discriminator]], type[Discriminator]]:
    return _register(DISCRIMINATORS, name)


def _build(kind: str, table: Mapping[str, type[Network]], name: str, options: Mapping[str, Any]) -> Network:
    if name not in table:
        raise ValueError(f"no {kind} is called {name!r}: choose one of {', '.join(sorted(table))}")
    known = [parameter.name for parameter in inspect.signature(table[name]).parameters.values()]
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise ValueError(f"{kind} {name} has no option {', '.join(unknown)}: it knows {', '.join(known)}")
    try:
        return table[name](**options)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{kind} {name} cannot be built with {dict(options)}: {error}") from error


def build_generator(name: str, **options: Any) -> Generator:
    """The generator registered as ``name``. Raises ``ValueError`` that lists the known names or options."""
    return _build("generator", GENERATORS, name, options)


def build_discriminator(name: str, **options: Any) -> Discriminator:
    """The discriminator registered as ``name``. Raises ``ValueError`` that lists the known names or options."""
    return _build("discriminator", DISCRIMINATORS, name, options)
