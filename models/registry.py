"""The networks by name. Tests and export go through these tables, so a registered network is covered by both."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn


class DiscriminatorOutput(NamedTuple):
    """What a discriminator says of a batch of N pictures."""

    logits: tuple[Tensor, ...]  # one per scale, the finest first: [N, 1, h, w], a logit per patch, no sigmoid
    features: tuple[Tensor, ...]  # the hidden maps after each activation, first layer first, scale by scale
    classes: Tensor | None = None  # [N, K]: a logit for each of K domains, where the network has such a head


class Generator(nn.Module):
    """A network from pictures to pictures: float [N, 3, H, W] in [-1, 1] to the same range, [N, 3, scale H, scale W].

    H and W have to be multiples of ``stride``; the exported graph pads to that. With a ``scale`` above 1 the network
    enlarges; methods that compare a translation with its photo refuse it. One with ``domains`` above 0 also takes
    ``domain``, float [N, domains] in {0, 1}: one-hot, or a value per attribute. One with a ``vector`` takes float
    [N, vector] in its place, what an encoder makes of a condition; `models.conditions` joins the two.
    One with several ``inputs`` makes its picture from that many, concatenated: float [N, 3 inputs, H, W].
    """

    tile_safe: bool = False  # True: no statistics over the image, so tiles with a halo equal the whole
    scale: int = 1  # output side over input side
    stride: int
    receptive_field: int = 0  # input pixels: twice an output pixel's reach to its farther side, plus itself; 0: all
    domains: int = 0  # that it translates to; 0: it takes only the image
    vector: int = 0  # numbers that stand for a condition; 0: it takes only the image
    inputs: int = 1  # pictures that the image consists of, one after another in its channels

    def __call__(self, image: Tensor, domain: Tensor | None = None) -> Tensor:
        """Raises ``ValueError`` where ``domain`` is missing, or given to a generator that takes none."""
        if (domain is None) != (self.domains + self.vector == 0):
            if self.vector:
                raise ValueError("a generator with a vector takes one beside the image")
            raise ValueError(f"a generator of {self.domains} domains takes {'a' if self.domains else 'no'} domain")
        return super().__call__(image) if domain is None else super().__call__(image, domain)

    def encoder_features(self, image: Tensor) -> list[Tensor]:
        """Maps [N, C, h, w] of the encoder half, for PatchNCE (Park et al. 2020): the image, then ever deeper ones.

        Each family chooses its layers. Raises ``ValueError`` where the generator has none.
        """
        family = next((name for name, network in GENERATORS.items() if isinstance(self, network)), type(self).__name__)
        able = [name for name, network in GENERATORS.items() if _has_encoder_features(network)]
        raise ValueError(
            f"generator {family}{' with domains' if self.domains else ''} has no encoder features: "
            f"choose one of {', '.join(sorted(able))}, without domains"
        )

    @classmethod
    def options_for_crop(cls, side: int) -> dict[str, Any]:
        """Options with which the network takes crops of ``side`` pixels, where its defaults may not."""
        return {}

    def amplify(self, factor: float) -> None:
        """Scale what is added to the picture by ``factor``, in place. Raises ``ValueError`` where nothing is added."""
        raise ValueError("this generator adds nothing to its photo: it makes the whole picture itself")

    def weights_from_export(self, exported: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Parameters by name, from the tensors of an exported graph; overridden where the export reshapes them."""
        return dict(exported)

    def encoder_channels(self) -> list[int]:
        """The channels of each of the ``encoder_features``. Raises ``ValueError`` where the generator has none."""
        shapes_only = copy.deepcopy(self).eval().to("meta")  # computes nothing and changes no running statistics
        image = torch.empty(1, 3 * self.inputs, self.stride, self.stride, device="meta")
        return [features.shape[1] for features in shapes_only.encoder_features(image)]


def _has_encoder_features(network: type[Generator]) -> bool:
    return network.encoder_features is not Generator.encoder_features


class NoiseGenerator(nn.Module):
    """A network from noise to square pictures: float [N, z_dim] to float [N, 3, size, size], about [-1, 1].

    The noise of all of them is standard normal. Each takes ``z_dim`` and ``size``, a power of two from 8, as options.
    ``given``: what a conditional one takes besides the noise, see `models.conditions.ConditionalGenerator`.
    """

    z_dim: int
    size: int  # side of the pictures in pixels

    def __call__(self, z: Tensor, *given: Tensor) -> Tensor:
        return super().__call__(z, *given)


class Discriminator(nn.Module):
    """A network that judges pictures, float [N, C, H, W] in [-1, 1], patch by patch.

    ``given``: what a conditional one takes besides, see `models.conditions.ConditionalDiscriminator`.
    """

    def __call__(self, image: Tensor, *given: Tensor) -> DiscriminatorOutput:
        return super().__call__(image, *given)


GENERATORS: dict[str, type[Generator]] = {}
NOISE_GENERATORS: dict[str, type[NoiseGenerator]] = {}
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


def register_noise_generator(name: str) -> Callable[[type[NoiseGenerator]], type[NoiseGenerator]]:
    return _register(NOISE_GENERATORS, name)


def register_discriminator(name: str) -> Callable[[type[Discriminator]], type[Discriminator]]:
    return _register(DISCRIMINATORS, name)


def options_of(network: type[nn.Module]) -> list[str]:
    """The names of the options that ``network`` is built with."""
    return list(inspect.signature(network).parameters)


def _build(kind: str, table: Mapping[str, type[Network]], name: str, options: Mapping[str, Any]) -> Network:
    if name not in table:
        raise ValueError(f"no {kind} is called {name!r}: choose one of {', '.join(sorted(table))}")
    known = options_of(table[name])
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


def build_noise_generator(name: str, **options: Any) -> NoiseGenerator:
    """The noise generator registered as ``name``. Raises ``ValueError`` that lists the known names or options."""
    return _build("noise generator", NOISE_GENERATORS, name, options)


def build_discriminator(name: str, **options: Any) -> Discriminator:
    """The discriminator registered as ``name``. Raises ``ValueError`` that lists the known names or options."""
    return _build("discriminator", DISCRIMINATORS, name, options)
