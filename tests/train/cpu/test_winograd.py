"""Winograd's convolution and its gradients equal direct convolution in double precision."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from translate.train.cpu.winograd import convolution, input_gradient, weight_gradient

# height, width and padding, with results that fill the tiles of 4x4 and results that do not
SHAPES = [(8, 12, (1, 1)), (10, 6, (0, 0)), (9, 7, (1, 1)), (5, 3, (0, 1)), (6, 11, (2, 0)), (3, 3, (0, 0))]


def channels_last(*shape: int) -> Tensor:
    return torch.randn(*shape).to(memory_format=torch.channels_last)


def assert_close(found: Tensor, expected: Tensor) -> None:
    assert found.shape == expected.shape
    assert (found - expected).abs().max() < 2e-5 * expected.abs().max()


@pytest.mark.parametrize(("height", "width", "padding"), SHAPES)
def test_equals_direct_convolution(height: int, width: int, padding: tuple[int, int]) -> None:
    torch.manual_seed(0)
    x, weight = channels_last(2, 5, height, width), channels_last(7, 5, 3, 3)
    exact_x, exact_weight = x.double().requires_grad_(), weight.double().requires_grad_()
    expected = F.conv2d(exact_x, exact_weight, padding=padding)
    found = convolution(x, weight, padding)
    assert_close(found, expected)
    assert found.is_contiguous(memory_format=torch.channels_last)

    gradient = torch.randn(found.shape)
    of_x, of_weight = torch.autograd.grad(expected, (exact_x, exact_weight), gradient.double())
    assert_close(input_gradient(gradient, weight, padding), of_x)
    assert_close(weight_gradient(x, gradient, padding), of_weight)
