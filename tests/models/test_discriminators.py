"""What every registered discriminator guarantees, and what its patches are."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models import DISCRIMINATORS, Discriminator, DiscriminatorOutput, build_discriminator, initialise
from models.multiscale import MultiScale
from models.patchgan import PatchGan, Pixel
from models.stargan import StarGanDiscriminator
from tests.models.test_generators import assert_spectral_norms, average_everywhere, turn_attention_on

pytestmark = pytest.mark.slow

SMALL: dict[str, dict[str, Any]] = {  # options that keep tests short
    "dcgan": {"channels": 8},
    "r3": {"channels": 8, "widest": 16},
    "sagan": {"channels": 8},
    "patchgan": {"channels": 8},
    "pixel": {"channels": 8},
    "multiscale": {"channels": 8, "layers": 2},
    "projected": {"channels": 8, "levels": 3},
    "stargan": {"channels": 8, "layers": 3, "size": 64},
}


def build_small(name: str, **options: Any) -> Discriminator:
    torch.manual_seed(0)
    return build_discriminator(name, **SMALL[name] | options)


@pytest.fixture(params=sorted(DISCRIMINATORS))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def loss(verdict: DiscriminatorOutput) -> Tensor:
    """A loss of everything in the output."""
    outputs = verdict.logits if verdict.classes is None else (*verdict.logits, verdict.classes)
    return torch.stack([logits.square().mean() for logits in outputs]).sum()


def assert_gradient_reaches_every_parameter(network: Discriminator) -> None:
    loss(network(torch.rand(2, 3, 64, 64))).backward()
    assert [
        name for name, weights in network.named_parameters() if weights.grad is None or not weights.grad.any()
    ] == []


@pytest.mark.parametrize("in_channels", [3, 6])
def test_one_logit_per_patch(name: str, in_channels: int) -> None:
    verdict = build_small(name, in_channels=in_channels)(torch.rand(2, in_channels, 64, 96))
    for logits in verdict.logits:
        assert logits.shape[:2] == (2, 1)
        assert logits.shape[2] < logits.shape[3]
        assert torch.isfinite(logits).all()
    assert len(verdict.features) >= 2
    assert all(len(features) == 2 and torch.isfinite(features).all() for features in verdict.features)


def test_the_features_are_the_maps_after_the_activations(name: str) -> None:
    network = build_small(name)
    seen: list[Tensor] = []
    for module in network.modules():
        if isinstance(module, nn.LeakyReLU):
            module.register_forward_hook(lambda module, inputs, output: seen.append(output))
    verdict = network(torch.rand(2, 3, 64, 64))
    assert len(seen) == len(verdict.features)
    assert all(found is expected for found, expected in zip(verdict.features, seen, strict=True))


@pytest.mark.parametrize("spectral_norm", [False, True])
def test_the_gradient_reaches_every_parameter(name: str, spectral_norm: bool) -> None:
    network = build_small(name, spectral_norm=spectral_norm)
    turn_attention_on(network)
    assert_gradient_reaches_every_parameter(network)


PATCHGANS = ["patchgan", "multiscale"]
OPTIONS: list[dict[str, Any]] = [
    {"norm": "none"},
    {"attention": True},
    {"minibatch": "stddev"},
    {"minibatch": "discrimination"},
    {"attention": True, "minibatch": "discrimination", "spectral_norm": True},
]


@pytest.mark.parametrize("name", PATCHGANS)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_options(name: str, options: dict[str, Any]) -> None:
    network = build_small(name, **options)
    turn_attention_on(network)
    assert_gradient_reaches_every_parameter(network)


@pytest.mark.parametrize(
    ("name", "options"),
    [*((name, {}) for name in sorted(DISCRIMINATORS)), *((name, options) for name in PATCHGANS for options in OPTIONS)],
    ids=str,
)
def test_gradient_penalties_can_be_trained(name: str, options: dict[str, Any]) -> None:
    network = build_small(name, **options)
    turn_attention_on(network)
    image = torch.rand(2, 3, 64, 64, requires_grad=True)
    (gradient,) = torch.autograd.grad(loss(network(image)), image, create_graph=True)
    gradient.square().sum().backward()
    first = next(network.parameters())
    assert first.grad is not None
    assert torch.isfinite(first.grad).all()
    assert first.grad.any()


def test_spectral_normalisation_bounds_every_convolution(name: str) -> None:
    network = build_small(name, spectral_norm=True)
    for _ in range(30):  # each training pass takes a step of the power iteration
        network(torch.rand(1, 3, 64, 64))
    assert_spectral_norms(network)


@pytest.mark.parametrize("norm", ["instance", "none"])
@pytest.mark.parametrize("minibatch", ["stddev", "discrimination"])
def test_the_logits_tell_a_varied_batch_from_a_repeated_picture(norm: str, minibatch: str) -> None:
    network = build_small("patchgan", norm=norm, minibatch=minibatch)
    initialise(network, "orthogonal")  # without normalisation, small weights would leave only rounding
    picture, other = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        (repeated,) = network(torch.stack((picture, picture))).logits
        (varied,) = network(torch.stack((picture, other))).logits
    difference = (repeated - varied)[0]  # the verdict on the same picture
    assert difference.abs().min() > 1e-4
    # the statistic of the batch is the same for all patches except those that zero padding touches
    torch.testing.assert_close(difference[:, 1:-1, 1:-1].std(), torch.tensor(0.0), rtol=0, atol=1e-6)


@pytest.mark.parametrize("norm", ["none", "instance"])
def test_the_logits_of_patches_differ_from_the_start_with_a_norm_or_without(norm: str) -> None:
    (logits,) = build_small("patchgan", norm=norm)(torch.rand(2, 3, 64, 64) * 2 - 1).logits
    assert 0.1 < logits.std() < 3


@pytest.mark.parametrize(("layers", "field"), [(1, 16), (3, 70), (5, 286)])
def test_the_receptive_field_of_patchgan(layers: int, field: int) -> None:
    network = PatchGan(channels=2, layers=layers, norm="none")
    assert network.receptive_field == field
    assert seen_by_one_logit(network, 3 * field) == field


WHOLE = ["dcgan", "r3", "sagan"]


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("size", [16, 64])
def test_discriminators_of_whole_pictures_give_one_logit_at_their_size(name: str, size: int) -> None:
    for minibatch in ("none", "stddev"):
        network = build_small(name, size=size, minibatch=minibatch)
        (logits,) = network(torch.rand(2, 3, size, size)).logits
        assert logits.shape == (2, 1, 1, 1)
    with pytest.raises(ValueError, match="size has to be a power of two from 8, not 48"):
        build_small(name, size=48)


def test_pixel_sees_one_pixel() -> None:
    network = Pixel(channels=2, norm="none")
    assert network.receptive_field == 1
    assert seen_by_one_logit(network, 5) == 1


def seen_by_one_logit(network: Discriminator, side: int) -> int:
    """Side in pixels of the square that the logit in the middle depends on."""
    average_everywhere(network)
    network.double()
    image = torch.full((1, 3, side, side), 0.5, dtype=torch.float64, requires_grad=True)
    (logits,) = network(image).logits
    middle: Tensor = logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2]
    (gradient,) = torch.autograd.grad(middle, image)
    rows, columns = gradient[0, 0].nonzero().unbind(1)
    height, width = (int(index.max() - index.min()) + 1 for index in (rows, columns))
    assert height == width
    return height


def test_the_sizes_of_the_paper() -> None:
    with torch.device("meta"):
        network = PatchGan(in_channels=6)
        for side, patches in ((256, 30), (32, 2), (24, 1)):
            assert network(torch.empty(1, 6, side, side)).logits[0].shape == (1, 1, patches, patches)
    widths = [module.out_channels for module in network.modules() if isinstance(module, nn.Conv2d)]
    assert widths == [64, 128, 256, 512, 1]


def test_projected_keeps_its_feature_network_frozen_and_moves_it_along() -> None:
    network = build_small("projected", levels=2)
    assert {name.split(".")[0] for name in network.state_dict()} == {"heads"}
    assert {name.split(".")[1] for name, _ in network.named_parameters()} == {"stride2", "stride4"}
    image = torch.rand(1, 3, 64, 64)
    before = network(image)
    initialise(network, "orthogonal")
    after = network(image)
    assert not torch.equal(before.logits[0], after.logits[0])
    assert network.to("meta")(image.to("meta")).logits[0].shape == (1, 1, 16, 16)


def test_random_mixing_brings_coarse_features_to_fine_heads_and_is_not_trained() -> None:
    plain, mixed = build_small("projected"), build_small("projected", mixing=True)
    assert {name.split(".")[0] for name, _ in mixed.named_parameters()} == {"heads"}
    assert {name.split(".")[0] for name in mixed.state_dict()} == {"heads", "mixing"}  # a resumed run has the same
    left, right = torch.rand(2, 1, 3, 128, 128)
    right[..., :64] = left[..., :64]  # far from a patch of the finest head, near one of the coarsest
    first = [
        network.eval()(picture).logits[0][..., :4].detach() for network in (plain, mixed) for picture in (left, right)
    ]
    assert torch.equal(first[0], first[1]) and not torch.equal(first[2], first[3])


@pytest.mark.parametrize("mixing", [False, True])
def test_projected_judges_each_picture_of_a_pair(mixing: bool) -> None:
    network = build_small("projected", in_channels=6, mixing=mixing).eval()
    one, other = torch.rand(2, 1, 3, 64, 64)
    with torch.no_grad():
        logits = [network(torch.cat(pair, dim=1)).logits[0] for pair in ((one, other), (one, one), (other, other))]
    assert not torch.allclose(logits[0], logits[1])
    assert not torch.allclose(logits[0], logits[2])
    with pytest.raises(ValueError, match="multiple of 3, not 4"):
        build_discriminator("projected", in_channels=4)
    with pytest.raises(ValueError, match="vgg19, efficientnet-lite0, efficientnet-lite2, not 'resnet'"):
        build_discriminator("projected", feature_network="resnet")


def test_every_scale_sees_half_of_the_one_before() -> None:
    network = build_small("multiscale", scales=3, layers=3)
    assert isinstance(network, MultiScale)
    image = torch.rand(2, 3, 93, 128)
    pooled = nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False)
    pyramid = [image, pooled(image), pooled(pooled(image))]
    verdict = network(image)
    apart: list[DiscriminatorOutput] = [
        patchgan(level) for patchgan, level in zip(network.scales, pyramid, strict=True)
    ]
    torch.testing.assert_close(verdict.logits, tuple(logits for single in apart for logits in single.logits))
    torch.testing.assert_close(verdict.features, tuple(features for single in apart for features in single.features))
    assert len(verdict.logits) == 3
    assert verdict.logits[2].shape == (2, 1, 1, 2)


def test_stargan_is_that_of_the_paper_at_the_size_of_the_crops() -> None:
    with torch.device("meta"):
        network = StarGanDiscriminator(domains=5)
        verdict = network(torch.empty(2, 3, 128, 128))
    assert sum(weights.numel() for weights in network.parameters()) == 44_762_048  # of the authors' network
    assert [tuple(features.shape[1:]) for features in verdict.features] == [
        (64, 64, 64), (128, 32, 32), (256, 16, 16), (512, 8, 8), (1024, 4, 4), (2048, 2, 2),
    ]  # fmt: skip
    assert verdict.logits[0].shape == (2, 1, 2, 2)
    assert verdict.classes is not None
    assert verdict.classes.shape == (2, 5)


def test_stargan_classifies_larger_pictures_by_the_mean_of_their_parts() -> None:
    network = build_small("stargan", domains=3, size=32)
    average_everywhere(network)
    parts = torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        classes = network(torch.cat([*parts] * 8, dim=3)).classes
        apart = [network(torch.cat([part] * 16, dim=3)).classes for part in parts]
    assert classes is not None
    assert classes.shape == (1, 3)
    torch.testing.assert_close(
        classes, torch.stack([found for found in apart if found is not None]).mean(0), rtol=0.01, atol=0
    )


@pytest.mark.parametrize("side", [31, 24])
def test_stargan_refuses_pictures_below_its_size(side: int) -> None:
    with pytest.raises(RuntimeError, match="Kernel size can't be greater than actual input size"):
        build_small("stargan", size=32)(torch.rand(1, 3, side, side))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"size": 32}, "size has to be at least 64 with 6 layers, not 32"),
        ({"domains": 0}, "domains has to be at least 1, not 0"),
    ],
)
def test_refused_options_of_stargan(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        build_discriminator("stargan", **options)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"minibatch": "std"}, "no minibatch layer is called 'std': choose one of none, stddev, discrimination"),
        ({"layers": 0}, "layers has to be at least 1, not 0"),
        ({"in_channels": 0}, "in_channels has to be at least 1, not 0"),
        ({"norm": "group"}, "no norm is called 'group': choose one of instance, layer, batch, none"),
    ],
)
def test_refused_options(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        build_discriminator("patchgan", **options)
