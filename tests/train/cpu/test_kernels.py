"""The faster kernels compute the same as PyTorch's own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from translate.config import GanConfig
from translate.train.cpu import kernels as cpu_kernels
from translate.train.cpu import winograd
from translate.train.cpu.kernels import chosen_kernels, fast_kernels

CPU = torch.device("cpu")


def channels_last(*shape: int) -> Tensor:
    return torch.randn(*shape).to(memory_format=torch.channels_last)


def gradients(loss: Callable[..., Tensor], inputs: list[Tensor], *, fast: bool) -> list[Tensor]:
    leaves = [value.detach().clone().requires_grad_() for value in inputs]
    with fast_kernels(CPU) if fast else contextlib.nullcontext():
        loss(*leaves).backward()
    return [leaf.grad for leaf in leaves if leaf.grad is not None]


def assert_same(loss: Callable[..., Tensor], inputs: list[Tensor]) -> None:
    for found, expected in zip(gradients(loss, inputs, fast=True), gradients(loss, inputs, fast=False), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "dilation"),
    [(3, 1, 1, 1), (3, 2, 1, 1), (4, 2, 1, 1), (7, 1, 0, 1), (3, 1, 2, 2), (3, 3, 1, 2), (1, 2, 0, 1)],
)
def test_convolution_gradients(
    monkeypatch: pytest.MonkeyPatch, kernel: int, stride: int, padding: int, dilation: int, transposed: bool
) -> None:
    taken = []
    original = cpu_kernels._weight_gradient

    def counted(*given: Any) -> Tensor:
        taken.append(given)
        return original(*given)

    monkeypatch.setattr(cpu_kernels, "_weight_gradient", counted)
    torch.manual_seed(0)
    channels = (64, 80) if transposed else (80, 64)
    weight, convolve = channels_last(*channels, kernel, kernel), F.conv_transpose2d if transposed else F.conv2d

    def loss(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return convolve(x, weight, bias, stride=stride, padding=padding, dilation=dilation).square().mean()

    assert_same(loss, [channels_last(3, 64, 9, 12), weight, torch.randn(80)])
    assert taken


@pytest.mark.parametrize("with_bias", [False, True])
def test_convolutions_of_many_channels(monkeypatch: pytest.MonkeyPatch, with_bias: bool) -> None:
    taken = []

    def counted(name: str) -> Callable[..., Tensor]:
        original = getattr(winograd, name)

        def call(*given: Any) -> Tensor:
            taken.append(name)
            result: Tensor = original(*given)
            return result

        return call

    for name in ("convolution", "input_gradient", "weight_gradient"):
        monkeypatch.setattr(winograd, name, counted(name))
    torch.manual_seed(0)

    def loss(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return F.conv2d(x, weight, bias if with_bias else None, padding=1).square().mean() + bias.sum()

    assert_same(loss, [channels_last(2, 256, 9, 12), channels_last(256, 256, 3, 3), torch.randn(256)])
    assert set(taken) == {"convolution", "input_gradient", "weight_gradient"}


def test_normalisation_per_channel() -> None:
    torch.manual_seed(0)
    target = channels_last(2, 5, 7, 9)

    def loss(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        return (torch.group_norm(x, 5, scale, shift) * target).sum()

    assert_same(loss, [3 * channels_last(2, 5, 7, 9) + 2, torch.randn(5), torch.randn(5)])


def test_everything_else_is_left_alone() -> None:
    torch.manual_seed(0)
    narrow, grouped = channels_last(8, 3, 3, 3), channels_last(128, 64, 3, 3)

    def loss(x: Tensor, few: Tensor, y: Tensor, groups: Tensor) -> Tensor:
        of_groups = torch.group_norm(F.conv2d(y, groups, groups=2), 4)
        return F.conv2d(x, few).square().mean() + of_groups.square().mean() + y.double().mean().float()

    inputs = [channels_last(2, 3, 6, 6), narrow, channels_last(2, 128, 6, 6), grouped]
    assert_same(loss, inputs)
    assert_same(loss, [value.contiguous() for value in inputs])


def test_a_second_derivative() -> None:
    torch.manual_seed(0)
    weight = channels_last(64, 64, 3, 3)

    def loss(x: Tensor, weight: Tensor) -> Tensor:
        features = F.conv2d(F.silu(F.conv2d(x, weight)), weight)
        with fast_kernels(CPU):
            (slope,) = torch.autograd.grad(features.square().mean(), x, create_graph=True)
        return slope.square().sum()

    assert_same(loss, [channels_last(1, 64, 8, 8), weight])


@pytest.mark.parametrize("off", ["fast_kernels", "channels_last"])
def test_runs_that_they_are_of_no_use_to_do_without_them(off: str) -> None:
    settings: dict[str, object] = {"images": Path("unused"), "out": Path("unused")}
    with chosen_kernels(GanConfig.resolve(settings), CPU) as mode:
        assert mode is not None
    with chosen_kernels(GanConfig.resolve(settings | {off: False}), CPU) as mode:
        assert mode is None


def test_other_devices_keep_their_kernels() -> None:
    with fast_kernels(torch.device("meta")) as mode:
        assert mode is None
