"""What the layers that compare a batch's pictures compute."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from models.minibatch import MinibatchDiscrimination, MinibatchStddev


def test_stddev_is_one_number_for_the_batch() -> None:
    maps = torch.randn(4, 3, 5, 6)
    found = MinibatchStddev()(maps)
    assert torch.equal(found[:, :3], maps)
    expected = sum(
        math.sqrt(maps[:, c, y, x].double().var(correction=0).item())
        for c in range(3)
        for y in range(5)
        for x in range(6)
    ) / (3 * 5 * 6)
    torch.testing.assert_close(found[:, 3:], torch.full((4, 1, 5, 6), expected))


def test_stddev_of_equal_pictures_is_nearly_0_and_has_a_gradient() -> None:
    maps = torch.randn(1, 2, 3, 3).repeat(4, 1, 1, 1).requires_grad_()
    stddev = MinibatchStddev()(maps)[:, 2:]
    assert stddev.max() < 1e-3
    stddev.sum().backward()
    assert maps.grad is not None
    assert torch.isfinite(maps.grad).all()


def test_discrimination_is_the_mean_closeness_to_the_other_pictures() -> None:
    torch.manual_seed(0)
    layer = MinibatchDiscrimination(3, kernels=2, dimensions=4)
    maps = torch.randn(3, 3, 2, 5)
    found = layer(maps)
    assert torch.equal(found[:, :3], maps)
    vectors = [layer.project(picture.mean(dim=(1, 2))).view(2, 4) for picture in maps]
    for i in range(3):
        for kernel in range(2):
            closeness = [
                math.exp(-(vectors[i][kernel] - vectors[j][kernel]).abs().sum().item()) for j in range(3) if j != i
            ]
            torch.testing.assert_close(found[i, 3 + kernel], torch.full((2, 5), sum(closeness) / 2))


def test_discrimination_of_equal_pictures_is_1() -> None:
    maps = torch.randn(1, 3, 2, 2).repeat(4, 1, 1, 1)
    torch.testing.assert_close(MinibatchDiscrimination(3)(maps)[:, 3:], torch.ones(4, 16, 2, 2))


@pytest.mark.parametrize("layer", [MinibatchStddev(), MinibatchDiscrimination(3)], ids=["stddev", "discrimination"])
def test_a_single_picture_has_nothing_to_compare(layer: nn.Module) -> None:
    added = layer(torch.randn(1, 3, 4, 4))[:, 3:]
    torch.testing.assert_close(added, torch.zeros_like(added), rtol=0, atol=1e-3)
