"""Conditional networks: the encoders, and what generator and discriminator make of a condition."""

from __future__ import annotations

from typing import Any, get_args

import pytest
import torch
from torch import Tensor
from torch.nn.utils import parametrize

from models import (
    ConditionalDiscriminator,
    EncodedCondition,
    Matching,
    VectorEncoder,
    build_condition,
    build_conditional_generator,
    build_conditional_translation,
    build_discriminator,
)
from tests.models.test_noise_generators import SMALL

WIDTH = 8
KINDS: dict[str, dict[str, Any]] = {
    "attributes": {"shape": [5]},
    "captions": {"shape": [6], "words": 11},
    "audio": {"shape": [16, 20]},
}
DISCRIMINATORS: dict[str, dict[str, Any]] = {
    "patchgan": {"channels": 4, "layers": 1},
    "r3": {"channels": 8, "widest": 16, "size": 16},
    "sagan": {"channels": 4, "size": 16},
}


def built(kind: str, **options: Any) -> EncodedCondition:
    torch.manual_seed(0)
    return build_condition(kind, **KINDS[kind], width=WIDTH, **options)


def rows(kind: str, count: int) -> Tensor:
    shape = (count, *KINDS[kind]["shape"])
    if kind == "captions":
        return torch.randint(1, KINDS[kind]["words"], shape, generator=torch.Generator().manual_seed(1))
    return torch.rand(shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("kind", KINDS)
def test_every_encoder_makes_vectors_like_noise_that_differ(kind: str) -> None:
    condition = built(kind)
    vectors = condition(rows(kind, 64))
    assert vectors.shape == (64, WIDTH)
    torch.testing.assert_close(vectors.var(1, correction=0), torch.ones(64), rtol=0.05, atol=0.05)
    assert vectors.std(0).min() > 1e-3
    (vectors * torch.arange(WIDTH)).square().sum().backward()
    assert [name for name, each in condition.named_parameters() if each.grad is None or not each.grad.any()] == []


def test_padding_has_no_effect_and_order_has() -> None:
    condition = built("captions")
    text = torch.tensor([[4, 7, 2, 0, 0, 0]])
    before = condition(text)
    with torch.no_grad():
        condition.encoder.words.weight[0] = 9.0  # type: ignore[union-attr, operator]
        condition.encoder.places[3:] = 9.0  # type: ignore[operator]
    torch.testing.assert_close(condition(text), before)
    assert (condition(torch.tensor([[2, 7, 4, 0, 0, 0]])) - before).abs().max() > 1e-4


def test_numbers_of_any_scale_are_brought_to_one() -> None:
    condition = built("attributes")
    assert isinstance(condition.encoder, VectorEncoder)
    plain = condition(rows("attributes", 3))
    condition.encoder.mean.fill_(40.0)
    condition.encoder.deviation.fill_(1000.0)
    torch.testing.assert_close(condition(40 + 1000 * rows("attributes", 3)), plain, rtol=1e-4, atol=1e-4)


def test_strength_goes_from_no_condition_to_the_condition_and_beyond() -> None:
    condition, given = built("attributes", optional=True), rows("attributes", 3)
    none, plain, strong = (condition(given, torch.full((3, 1), strength)) for strength in (0.0, 1.0, 2.0))
    torch.testing.assert_close(none[0], none[2])
    torch.testing.assert_close(plain, condition(given))
    torch.testing.assert_close(strong - plain, plain - none)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_every_noise_generator_takes_a_condition(name: str) -> None:
    generator = build_conditional_generator(name, built("attributes"), **SMALL[name]).eval()
    assert (generator.z_dim, generator.size) == (12, 16)
    z = torch.randn(1, 12).expand(2, -1)
    one, other = generator(z, rows("attributes", 2))
    assert one.shape == (3, 16, 16) and (one - other).abs().mean() > 1e-2 * one.std()  # untrained ones answer faintly


@pytest.mark.parametrize("matching", get_args(Matching))
@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_a_discriminator_adds_how_well_picture_and_condition_match(name: str, matching: Matching) -> None:
    torch.manual_seed(0)
    inner = build_discriminator(name, **DISCRIMINATORS[name])
    network = ConditionalDiscriminator(inner, built("attributes"), matching=matching, side=16).eval()
    images, given = torch.randn(2, 3, 16, 16), rows("attributes", 2)
    found = network(images, given)
    added = (found.logits[0] - inner(images).logits[0]).flatten(1)
    torch.testing.assert_close(added, added[:, :1].expand_as(added), rtol=1e-3, atol=1e-5)  # the same for all patches
    assert added[0, 0] != added[1, 0]
    assert (network(images, given.flip(0)).logits[0] - found.logits[0]).abs().max() > 1e-6
    spectral = [parametrize.is_parametrized(module) for module in network.match.modules()]
    assert any(spectral) == (name == "sagan")
    found.logits[0].square().sum().backward()
    assert [key for key, each in network.match.named_parameters() if each.grad is None or not each.grad.any()] == []


TRANSLATING: dict[str, dict[str, Any]] = {
    "mobile": {"channels": 4, "wide_channels": 4, "dilations": [1]},
    "resnet": {"channels": 4, "blocks": 2, "attention": True},
    "unet": {"size": 32, "channels": 4},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", TRANSLATING)
def test_a_translation_depends_on_its_condition(name: str, kind: str) -> None:
    generator = build_conditional_translation(name, built(kind), **TRANSLATING[name])
    image = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    translated = generator(image, rows(kind, 2))
    assert translated.shape == image.shape
    translated.square().sum().backward()
    assert [parameter for parameter, each in generator.named_parameters() if each.grad is None] == []
    generator.eval()
    one, other = (generator(image, rows(kind, 2)[order]) for order in ([0, 1], [1, 0]))
    assert not torch.allclose(one, other, atol=1e-4)
    with pytest.raises(ValueError, match="takes one beside the image"):
        generator(image)


def test_every_tile_of_a_translation_has_its_condition() -> None:
    options = TRANSLATING["mobile"]
    generator = build_conditional_translation("mobile", built("attributes"), **options).double().eval()
    assert generator.tile_safe and generator.receptive_field > 1
    halo = -(-generator.receptive_field // 8) * 4
    image, row = torch.randn(1, 3, 32 + 2 * halo, 24, dtype=torch.float64), rows("attributes", 1).double()
    whole = generator(image, row)[:, :, halo : halo + 16]
    tile = generator(image[:, :, : 16 + 2 * halo], row)[:, :, halo : halo + 16]
    torch.testing.assert_close(tile, whole)


def test_a_discriminator_of_pairs_takes_a_condition() -> None:
    network = build_discriminator("patchgan", in_channels=6, channels=4, layers=1)
    critic = ConditionalDiscriminator(network, built("attributes"), matching="projection", side=16, in_channels=6)
    assert critic(torch.randn(2, 6, 16, 16), rows("attributes", 2)).logits[0].shape[:2] == (2, 1)
