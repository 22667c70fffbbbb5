"""Networks that take a condition: what a picture is to show, as attributes, a class, words, a sound or a vector.

A small encoder makes a vector of it. A noise generator takes the vector beside its noise: every one becomes
conditional that way (Mirza, Osindero 2014, arXiv:1411.1784; Huang et al. 2024 for r3), and in ``sagan`` noise and
vector set scale and shift of the batch normalisations (Miyato, Koyama 2018; Brock et al. 2019, BigGAN, section 3). In a
generator that translates pictures the vector modulates the maps (`models.modulation`). The discriminator adds to its
logit how well picture and condition match. Both have an encoder of their own, trained with them.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrize

from models.blocks import join_domain, normalise_spectrally, require_positive
from models.init import written_over
from models.registry import (
    GENERATORS,
    Discriminator,
    DiscriminatorOutput,
    Generator,
    NoiseGenerator,
    build_generator,
    build_noise_generator,
    options_of,
)

Matching = Literal["projection", "concatenation"]

LEAK = 0.2  # slope of the leaky ReLUs
HIDDEN = 128  # channels inside the encoders
HEADS, LAYERS = 4, 2  # of the transformer
PADDING = 0  # the number that stands for no word


class VectorEncoder(nn.Module):
    """float [N, K] to [N, width]: two linear layers, after the numbers are brought to mean 0 and deviation 1."""

    def __init__(self, count: int, width: int) -> None:
        super().__init__()
        self.mean = nn.Buffer(torch.zeros(count))
        self.deviation = nn.Buffer(torch.ones(count))
        self.layers = nn.Sequential(nn.Linear(count, HIDDEN), nn.LeakyReLU(LEAK), nn.Linear(HIDDEN, width))

    def forward(self, rows: Tensor) -> Tensor:
        return self.layers((rows - self.mean) / self.deviation)


class SoundEncoder(nn.Module):
    """A log-mel spectrogram, float [N, bands, frames] in [-1, 1], to [N, width]: convolutions over time.

    Their results are averaged over time, and their largest kept, so that a short sound in a long silence counts.
    """

    def __init__(self, bands: int, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before in (bands, HIDDEN, HIDDEN):
            layers += [nn.Conv1d(before, HIDDEN, 5, stride=2, padding=2), nn.LeakyReLU(LEAK)]
        self.layers = nn.Sequential(*layers)
        self.out = nn.Linear(2 * HIDDEN, width)

    def forward(self, rows: Tensor) -> Tensor:
        x = self.layers(rows)  # [N, bands, frames] -> [N, C, frames / 8]
        return self.out(torch.cat((x.mean(2), x.amax(2)), dim=1))


class TransformerLayer(nn.Module):
    """Self-attention over words, then two linear layers, each added to its input, [N, T, C].

    Vaswani et al. 2017, section 3, with normalisation before each part (Xiong et al. 2020).
    """

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(HIDDEN), nn.LayerNorm(HIDDEN)
        self.project = nn.Linear(HIDDEN, 3 * HIDDEN)
        self.out = nn.Linear(HIDDEN, HIDDEN)
        self.layers = nn.Sequential(nn.Linear(HIDDEN, 2 * HIDDEN), nn.GELU(), nn.Linear(2 * HIDDEN, HIDDEN))

    def forward(self, x: Tensor, is_word: Tensor) -> Tensor:
        """``is_word``: bool [N, T], False where there is none."""
        heads = self.project(self.norm1(x)).unflatten(2, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        query, key, value = heads.unbind(0)  # [N, heads, T, c] each
        similarity = query @ key.mT / math.sqrt(query.shape[-1])  # -> [N, heads, T, T]
        weights = similarity.masked_fill(~is_word[:, None, None], -1e4).softmax(dim=-1)  # within float16's range
        x = x + self.out((weights @ value).transpose(1, 2).flatten(2))
        return x + self.layers(self.norm2(x))


class WordEncoder(nn.Module):
    """Numbers of words, int64 [N, T] filled up with `PADDING`, to [N, width]: a transformer, averaged over words."""

    def __init__(self, words: int, length: int, width: int) -> None:
        super().__init__()
        self.words = nn.Embedding(words, HIDDEN, padding_idx=PADDING)
        self.places = nn.Parameter(0.02 * torch.randn(length, HIDDEN))
        self.layers = nn.ModuleList(TransformerLayer() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(HIDDEN)
        self.out = nn.Linear(HIDDEN, width)

    def forward(self, rows: Tensor) -> Tensor:
        is_word = rows != PADDING
        x = self.words(rows) + self.places  # [N, T] -> [N, T, C]
        for layer in self.layers:
            x = layer(x, is_word)
        counted = is_word[:, :, None].to(x.dtype)
        average = (self.norm(x) * counted).sum(1) / counted.sum(1).clamp_min(1)
        return self.out(average)


class EncodedCondition(nn.Module):
    """Rows of conditions to vectors [N, width], each of mean 0 and deviation 1, like noise.

    ``optional``: a learnt vector takes the place of a condition that is left out. Then ``strength``, float [N, 1], goes
    from it, 0, to the condition's own, 1, and beyond, which exaggerates the condition: guidance (Ho, Salimans 2022),
    in the space of the vectors, as a generator has no score to extrapolate.
    """

    def __init__(self, encoder: nn.Module, width: int, *, optional: bool = False) -> None:
        super().__init__()
        self.encoder, self.width = encoder, width
        self.absent = nn.Parameter(torch.randn(width)) if optional else None

    def forward(self, rows: Tensor, strength: Tensor | None = None) -> Tensor:
        vectors = F.layer_norm(self.encoder(rows).float(), (self.width,))
        if self.absent is None or strength is None:
            return vectors
        return self.absent + strength * (vectors - self.absent)


def build_condition(
    kind: str, shape: Sequence[int], *, words: int = 0, width: int, optional: bool = False
) -> EncodedCondition:
    """The network of rows [N, *shape] of ``kind``: "captions", whose numbers are below ``words``, "audio", or vectors.

    Raises ``ValueError`` for a size below 1.
    """
    require_positive(width=width, **{f"size {number}": size for number, size in enumerate(shape)})
    encoder: nn.Module
    if kind == "captions":
        encoder = WordEncoder(words, shape[0], width)
    elif kind == "audio":
        encoder = SoundEncoder(shape[0], width)
    else:
        encoder = VectorEncoder(shape[0], width)
    return EncodedCondition(encoder, width, optional=optional)


class ConditionalGenerator(NoiseGenerator):
    """``generator`` with a condition: noise [N, z_dim] and rows [N, *shape] to pictures [N, 3, size, size].

    The generator's own noise is that noise and the condition's vector.
    """

    def __init__(self, generator: NoiseGenerator, condition: EncodedCondition) -> None:
        super().__init__()
        self.z_dim, self.size = generator.z_dim - condition.width, generator.size
        self.generator, self.condition = generator, condition

    def forward(self, z: Tensor, condition: Tensor, strength: Tensor | None = None) -> Tensor:
        return self.generator(torch.cat((z, self.condition(condition, strength)), dim=1))

    def weights_from_unconditional(self, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """A state dict of this network that makes the pictures of ``given``, the same generator's without a condition:
        the condition has no effect yet. Raises ``ValueError`` for those of another generator."""
        own = self.generator.state_dict()
        widened = written_over({name: torch.zeros_like(tensor) for name, tensor in own.items()}, given)
        return self.state_dict() | {f"generator.{name}": tensor for name, tensor in widened.items()}


def build_conditional_generator(name: str, condition: EncodedCondition, **options: Any) -> ConditionalGenerator:
    """The noise generator registered as ``name``, with a condition. Raises ``ValueError`` as for one without."""
    z_dim = build_noise_generator(name, **options).z_dim
    return ConditionalGenerator(build_noise_generator(name, **options | {"z_dim": z_dim + condition.width}), condition)


class ConditionalTranslation(Generator):
    """``generator``, one with a vector, and the encoder of its condition.

    float [N, 3 inputs, H, W] in [-1, 1] and rows [N, *shape] to [N, 3, scale H, scale W].
    """

    def __init__(self, generator: Generator, condition: EncodedCondition) -> None:
        super().__init__()
        self.generator, self.condition = generator, condition
        self.tile_safe, self.receptive_field = generator.tile_safe, generator.receptive_field
        self.stride, self.scale, self.inputs = generator.stride, generator.scale, generator.inputs
        self.vector = condition.width

    def forward(self, image: Tensor, condition: Tensor) -> Tensor:
        return self.generator(image, self.condition(condition))


def build_conditional_translation(name: str, condition: EncodedCondition, **options: Any) -> ConditionalTranslation:
    """The generator registered as ``name``, with a condition.

    Raises ``ValueError`` as for one without, and for a network that takes no vector, naming those that do.
    """
    able = sorted(known for known, network in GENERATORS.items() if "vector" in options_of(network))
    if name in GENERATORS and name not in able:
        raise ValueError(f"takes no condition: choose one of {', '.join(able)}")
    return ConditionalTranslation(build_generator(name, **options | {"vector": condition.width}), condition)


class Projection(nn.Module):
    """How well maps [N, C, h, w] match vectors [N, width]: [N, 1, 1, 1], the product of features and a linear map.

    Miyato, Koyama 2018 (arXiv:1802.05637), equation 3. Departure: positions are summed with learnt weights, equal at
    first, as a part of a condition may be about a part of the picture.
    """

    def __init__(self, channels: int, positions: tuple[int, int], width: int) -> None:
        super().__init__()
        self.gather = nn.Conv2d(channels, channels, positions, groups=channels, bias=False)
        nn.init.constant_(self.gather.weight, 1 / math.prod(positions))
        self.project = nn.Linear(width, channels)

    def forward(self, features: Tensor, vectors: Tensor) -> Tensor:
        projected = self.project(vectors.to(features.dtype))[:, :, None, None]  # [N, width] -> [N, C, 1, 1]
        return (self.gather(features) * projected).sum(dim=1, keepdim=True) / math.sqrt(features.shape[1])


class Concatenation(nn.Module):
    """As `Projection`, by convolutions of the maps and the vector at each position (Reed et al. 2016, section 4.1)."""

    def __init__(self, channels: int, positions: tuple[int, int], width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels + width, channels, 1), nn.LeakyReLU(LEAK), nn.Conv2d(channels, 1, positions)
        )

    def forward(self, features: Tensor, vectors: Tensor) -> Tensor:
        return self.layers(join_domain(features, vectors))


MATCHINGS: dict[str, type[Projection] | type[Concatenation]] = {
    "projection": Projection,
    "concatenation": Concatenation,
}


class ConditionalDiscriminator(Discriminator):
    """``discriminator`` with a condition: to each of its logits it adds how well picture and condition match.

    ``matching``, by one of `MATCHINGS`, is judged from the last hidden map. ``side``: pixels of the pictures' side;
    they have ``in_channels``.
    """

    def __init__(
        self,
        discriminator: Discriminator,
        condition: EncodedCondition,
        *,
        matching: Matching,
        side: int,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        self.discriminator, self.condition = discriminator, condition
        shapes_only = copy.deepcopy(discriminator).to("meta")
        verdict: DiscriminatorOutput = shapes_only(torch.empty(2, in_channels, side, side, device="meta"))
        _, channels, height, width = verdict.features[-1].shape
        self.match = MATCHINGS[matching](channels, (height, width), condition.width)
        if any(parametrize.is_parametrized(module) for module in discriminator.modules()):
            normalise_spectrally(self.match)

    def weights_from_unconditional(self, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """A state dict of this network with ``given``, those of the same discriminator without a condition."""
        return self.state_dict() | {f"discriminator.{name}": tensor for name, tensor in given.items()}

    def forward(self, image: Tensor, condition: Tensor, strength: Tensor | None = None) -> DiscriminatorOutput:
        found = self.discriminator(image)
        match = self.match(found.features[-1], self.condition(condition, strength))
        return found._replace(logits=tuple(logits + match for logits in found.logits))
