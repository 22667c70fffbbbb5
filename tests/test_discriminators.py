"""What every registered discriminator promises, and what the patches are."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models import DISCRIMINATORS, Discriminator, build_discriminator
from models.patchgan import PatchGan, Pixel
from tests.test_generators import average_everywhere

SMALL = {"channels": 8}


def build_small(name: str, **options: Any) -> Discriminator:
    torch.manual_seed(0)
    return build_discriminator(name, **SMALL, **options)


@pytest.fixture(params=sorted(DISCRIMINATORS))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize("in_channels", [3, 6])
def test_one_logit_a_patch(name: str, in_channels: int) -> None:
    logits = build_small(name, in_channels=in_channels)(torch.rand(2, in_channels, 64, 96))
    assert logits.shape[:2] == (2, 1)
    assert logits.shape[2] < logits.shape[3]
    assert torch.isfinite(logits).all()


@pytest.mark.parametrize("spectral_norm", [False, True])
@pytest.mark.parametrize("norm", ["instance", "none"])
def test_the_gradient_reaches_every_parameter(name: str, norm: str, spectral_norm: bool) -> None:
    network = build_small(name, norm=norm, spectral_norm=spectral_norm)
    network(torch.rand(2, 3, 64, 64)).square().mean().backward()
    assert [
        name for name, weights in network.named_parameters() if weights.grad is None or not weights.grad.any()
    ] == []


def test_gradient_penalties_can_be_trained(name: str) -> None:
    network = build_small(name)
    image = torch.rand(2, 3, 64, 64, requires_grad=True)
    (gradient,) = torch.autograd.grad(network(image).sum(), image, create_graph=True)
    gradient.square().sum().backward()
    first = next(network.parameters())
    assert first.grad is not None
    assert first.grad.any()


def test_spectral_normalisation_bounds_every_convolution(name: str) -> None:
    network = build_small(name, spectral_norm=True)
    for _ in range(30):  # each training pass takes a step of the power iteration
        network(torch.rand(1, 3, 64, 64))
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    assert len(convolutions) >= 3
    for convolution in convolutions:
        largest = torch.linalg.matrix_norm(convolution.weight.flatten(1), ord=2)
        assert largest.item() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(("layers", "field"), [(1, 16), (3, 70), (5, 286)])
def test_the_receptive_field_of_patchgan(layers: int, field: int) -> None:
    network = PatchGan(channels=2, layers=layers, norm="none")
    assert network.receptive_field == field
    assert seen_by_one_logit(network, 3 * field) == field


def test_pixel_sees_one_pixel() -> None:
    network = Pixel(channels=2, norm="none")
    assert network.receptive_field == 1
    assert seen_by_one_logit(network, 5) == 1


def seen_by_one_logit(network: Discriminator, side: int) -> int:
    """Side in pixels of the square that the logit in the middle depends on."""
    average_everywhere(network)
    network.double()
    image = torch.full((1, 3, side, side), 0.5, dtype=torch.float64, requires_grad=True)
    logits = network(image)
    middle: Tensor = logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2]
    (gradient,) = torch.autograd.grad(middle, image)
    rows, columns = gradient[0, 0].nonzero().unbind(1)
    height, width = (int(index.max() - index.min()) + 1 for index in (rows, columns))
    assert height == width
    return height


def test_the_sizes_of_the_paper() -> None:
    with torch.device("meta"):
        network = PatchGan(in_channels=6)
        assert network(torch.empty(1, 6, 256, 256)).shape == (1, 1, 30, 30)
        assert network(torch.empty(1, 6, 32, 32)).shape == (1, 1, 2, 2)
    widths = [module.out_channels for module in network.modules() if isinstance(module, nn.Conv2d)]
    assert widths == [64, 128, 256, 512, 1]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"layers": 0}, "layers has to be at least 1, not 0"),
        ({"in_channels": 0}, "in_channels has to be at least 1, not 0"),
        ({"norm": "group"}, "no norm is called 'group': choose one of instance, layer, batch, none"),
    ],
)
def test_refused_options(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        build_discriminator("patchgan", **options)
