"""The parts shared by the networks that need a test of their own."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.blocks import (
    Norm,
    Padding,
    ResizeConv,
    SelfAttention,
    conv_norm,
    join_domain,
    normalisation,
    tapped,
    upsample,
)


def test_self_attention_is_that_of_the_paper() -> None:
    torch.manual_seed(0)
    layer, x = SelfAttention(16), torch.randn(2, 16, 4, 6)
    assert torch.equal(layer(x), x)
    nn.init.constant_(layer.gamma, 0.5)
    found = layer(x)
    key, value = F.max_pool2d(layer.key(x), 2), F.max_pool2d(layer.value(x), 2)
    query = layer.query(x)
    for n, row, column in ((0, 0, 0), (1, 3, 2)):
        scores = torch.stack([query[n, :, row, column] @ key[n, :, i, j] for i in range(2) for j in range(3)])
        weights = scores.exp() / scores.exp().sum()
        seen = sum(weight * value[n, :, k // 3, k % 3] for k, weight in enumerate(weights))
        assert isinstance(seen, Tensor)
        expected = x[n, :, row, column] + 0.5 * layer.out.weight[:, :, 0, 0] @ seen
        torch.testing.assert_close(found[n, :, row, column], expected)


def test_self_attention_has_a_second_derivative() -> None:
    layer = SelfAttention(8)
    nn.init.ones_(layer.gamma)
    x = torch.randn(1, 8, 4, 4, requires_grad=True)
    (gradient,) = torch.autograd.grad(layer(x).square().sum(), x, create_graph=True)
    gradient.square().sum().backward()
    assert layer.query.weight.grad is not None
    assert layer.query.weight.grad.any()


def test_self_attention_stays_finite_in_half_precision() -> None:
    layer = SelfAttention(8).half()
    nn.init.ones_(layer.gamma)
    nn.init.constant_(layer.query.weight, 100.0)
    nn.init.constant_(layer.key.weight, 100.0)
    attended = layer(torch.rand(1, 8, 4, 4).half())
    assert attended.dtype == torch.float16
    assert torch.isfinite(attended).all()


@pytest.mark.parametrize("padding", ["zeros", "reflect"])
def test_resize_conv_equals_resizing_then_convolving(padding: Padding) -> None:
    torch.manual_seed(0)
    layer = ResizeConv(5, 4, 3, padding=1, padding_mode=padding).double()
    x = torch.randn(2, 5, 3, 6, dtype=torch.double, requires_grad=True)
    separate = nn.Conv2d.forward(layer, upsample(x))
    torch.testing.assert_close(layer(x), separate)
    assert torch.equal(copy.deepcopy(layer).eval()(x), separate)
    inputs = [x, *layer.parameters()]
    found = torch.autograd.grad(layer(x).square().sum(), inputs)
    torch.testing.assert_close(found, torch.autograd.grad(separate.square().sum(), inputs))


def test_a_label_joins_as_constant_channels() -> None:
    image, domain = torch.rand(2, 3, 4, 5), torch.tensor([[1, 0], [0, 1]])
    joined = join_domain(image, domain)
    assert joined.shape == (2, 5, 4, 5)
    assert torch.equal(joined[:, :3], image)
    assert torch.equal(joined[:, 3:].mean(dim=(2, 3)), domain.float())
    assert torch.equal(joined[:, 3:].amax(dim=(2, 3)), domain.float())


def test_taps_come_in_order_and_nothing_runs_past_the_last() -> None:
    class Refuses(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise AssertionError("is not needed")

    layers = nn.Sequential(nn.Flatten(0), nn.ReLU(), nn.Softsign(), Refuses())
    x = torch.tensor([[-1.0, 1.0]])
    first, last = tapped(layers, x, {2, 0})
    assert torch.equal(first, torch.tensor([-1.0, 1.0]))
    assert torch.equal(last, torch.tensor([0.0, 0.5]))


def test_a_strided_convolution_halves_with_any_kernel() -> None:
    for kernel in (3, 4, 7):
        halved = conv_norm(3, 2, kernel=kernel, stride=2, norm="none")(torch.rand(1, 3, 16, 24))
        assert halved.shape == (1, 2, 8, 12)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last], ids=str)
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("kind", ["instance", "layer"])
def test_gradients_of_normalisations_are_right_in_any_memory_layout(
    kind: Norm, count: int, layout: torch.memory_format
) -> None:
    generator = torch.Generator().manual_seed(0)
    x, weights = torch.rand(2, count, 6, 5, 4, generator=generator, dtype=torch.double)
    layer = normalisation(kind, 6)
    exact = x.clone().requires_grad_(True)
    axes = (2, 3) if kind == "instance" else (1, 2, 3)
    variance, mean = torch.var_mean(exact, axes, correction=0, keepdim=True)
    ((exact - mean) * (variance + 1e-5).rsqrt() * weights).sum().backward()
    found = x.float().to(memory_format=layout).requires_grad_(True)
    (layer(found) * weights.float().to(memory_format=layout)).sum().backward()
    assert exact.grad is not None and found.grad is not None
    assert torch.allclose(found.grad.double(), exact.grad, atol=1e-5)
