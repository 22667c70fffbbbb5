"""What every registered noise generator guarantees, and what is particular to each."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models import NOISE_GENERATORS, NoiseGenerator, build_noise_generator, couples_samples
from models.blocks import SelfAttention
from models.dcgan import DcganGenerator
from models.fastgan import FastGanGenerator
from models.r3 import R3Generator, ResidualBlock
from models.squares import SmoothDownsampling, upsample_smoothly
from tests.models.test_generators import assert_spectral_norms, turn_attention_on

pytestmark = pytest.mark.slow

SMALL: dict[str, dict[str, Any]] = {  # options that keep tests short
    "dcgan": {"channels": 4, "z_dim": 12, "size": 16},
    "fastgan": {"channels": 4, "z_dim": 12, "size": 16},
    "r3": {"channels": 8, "widest": 16, "z_dim": 12, "size": 16},
    "sagan": {"channels": 4, "z_dim": 12, "size": 16},
}


def build_small(name: str, **options: Any) -> NoiseGenerator:
    torch.manual_seed(0)
    network = build_noise_generator(name, **SMALL[name] | options)
    turn_attention_on(network)
    return network


@pytest.fixture(params=sorted(NOISE_GENERATORS))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize("size", [8, 16, 64])
def test_shape_and_range(name: str, size: int) -> None:
    network = build_small(name, size=size)
    assert (network.z_dim, network.size) == (12, size)
    pictures = network(torch.randn(4, 12))
    assert pictures.shape == (4, 3, size, size)
    assert torch.isfinite(pictures).all()
    assert 0.001 < pictures.std() < 5


def test_pictures_of_different_noise_differ(name: str) -> None:
    with torch.no_grad():
        one, other = build_small(name)(torch.randn(2, 12))
    assert (one - other).abs().mean() > 1e-3


def test_the_gradient_reaches_every_parameter(name: str) -> None:
    network = build_small(name)
    network(torch.randn(4, 12)).square().mean().backward()
    assert [key for key, value in network.named_parameters() if value.grad is None or not value.grad.any()] == []


def test_evaluation_is_deterministic_and_independent_of_the_batch(name: str) -> None:
    network = build_small(name)
    z = torch.randn(3, 12)
    network(z)  # running statistics
    with torch.inference_mode():
        together = network.eval()(z)
        assert torch.equal(network(z), together)
        torch.testing.assert_close(torch.cat([network(row[None]) for row in z]), together)


def test_the_gradient_by_the_noise_can_be_trained(name: str) -> None:
    """As Gradient Origin Networks need it."""
    network = build_small(name)
    origin = torch.zeros(2, 12, requires_grad=True)
    loss = (network(origin) - torch.rand(2, 3, 16, 16)).square().sum()
    (z,) = torch.autograd.grad(loss, origin, create_graph=True)
    network(-z).square().sum().backward()
    assert all(torch.isfinite(value.grad).all() for value in network.parameters() if value.grad is not None)


@pytest.mark.parametrize("size", [4, 48, 0])
def test_sizes_are_powers_of_two(name: str, size: int) -> None:
    with pytest.raises(ValueError, match=f"size has to be a power of two from 8, not {size}"):
        build_small(name, size=size)


def test_dcgan_is_that_of_the_paper() -> None:
    with torch.device("meta"):
        network = DcganGenerator(z_dim=100, channels=128)
        assert network(torch.empty(2, 100)).shape == (2, 3, 64, 64)
    maps = [layer.in_channels for layer in network.layers if isinstance(layer, nn.ConvTranspose2d)]
    assert maps == [100, 1024, 512, 256, 128]  # figure 1
    assert isinstance(network.layers[-1], nn.Tanh) and isinstance(network.layers[-2], nn.ConvTranspose2d)


def test_only_r3_and_dcgan_without_norm_keep_samples_apart() -> None:
    assert not couples_samples(build_small("r3"))
    assert not couples_samples(build_small("dcgan", norm="none"))
    assert all(couples_samples(build_small(name)) for name in ("dcgan", "fastgan", "sagan"))


def test_coarse_maps_of_fastgan_weigh_the_channels_of_those_sixteen_times_as_large() -> None:
    assert not FastGanGenerator(size=32, channels=4).excitations
    network = FastGanGenerator(z_dim=12, size=128, channels=4).eval()
    assert list(network.excitations) == ["4", "5"]  # 64 pixels by 4, 128 by 8
    z = torch.randn(2, 12)
    with torch.no_grad():
        before = network(z)
        for name, bias in network.excitations.named_parameters():
            if name.endswith("layers.3.bias"):  # of the convolution before the sigmoid
                bias.fill_(-100)
        silent = network(z)
    assert not torch.equal(before[0], before[1]) and torch.equal(silent[0], silent[1])


def test_blocks_of_r3_start_as_the_identity() -> None:
    torch.manual_seed(0)
    network = R3Generator(size=16, channels=16, widest=32)
    blocks = [module for module in network.modules() if isinstance(module, ResidualBlock)]
    assert len(blocks) == 3
    for block in blocks:
        x = torch.randn(1, block.expand.in_channels, 4, 4)
        assert torch.equal(block(x), x)
        assert block.spread.groups == 2 * block.expand.in_channels // 16


def test_channels_of_r3_have_to_fill_groups() -> None:
    with pytest.raises(ValueError, match="channels and widest have to be multiples of 8, not 20"):
        build_noise_generator("r3", channels=20)


def test_attention_of_sagan_is_at_half_of_the_size() -> None:
    network = build_small("sagan", size=64)
    seen: list[tuple[int, ...]] = []
    for module in network.modules():
        if isinstance(module, SelfAttention):
            module.register_forward_hook(lambda module, inputs, output: seen.append(tuple(output.shape[2:])))
    network(torch.randn(2, 12))
    assert seen == [(32, 32)]


def test_the_noise_modulates_every_block_of_sagan() -> None:
    """With the same start, different noise still gives different pictures; without modulation it does not."""
    for modulation in (True, False):
        network = build_small("sagan", modulation=modulation, spectral_norm=False).eval()
        nn.init.zeros_(network.start.weight)  # type: ignore[union-attr, arg-type]
        with torch.no_grad():
            one, other = network(torch.randn(2, 12))
        assert torch.equal(one, other) != modulation


def test_spectral_normalisation_bounds_sagan() -> None:
    network = build_small("sagan")
    for _ in range(30):
        network(torch.randn(2, 12))
    assert_spectral_norms(network)


def test_resampling_keeps_levels_and_removes_the_highest_frequency() -> None:
    flat = torch.full((1, 2, 8, 8), 0.7)
    stripes = (torch.arange(16) % 2).float().expand(1, 1, 16, 16) * 2 - 1

    def inner(x: Tensor) -> Tensor:
        return x[..., 1:-1, 1:-1]

    torch.testing.assert_close(upsample_smoothly(flat), torch.full((1, 2, 16, 16), 0.7))
    torch.testing.assert_close(inner(SmoothDownsampling()(flat)), torch.full((1, 2, 2, 2), 0.7))
    torch.testing.assert_close(inner(SmoothDownsampling()(stripes)), torch.zeros(1, 1, 6, 6))
