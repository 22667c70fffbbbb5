"""Faster kernels for what PyTorch computes slowly on a CPU with channels-last tensors.

Each was measured to be faster (PyTorch 2.14, AVX2). oneDNN's weight gradients of convolutions take up to three times as
long channels last as otherwise, and so does the gradient of per-channel normalisation. With `winograd`, convolutions of
many channels and their gradients take 60 % of the time. Everything else is faster channels last than not.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from translate.config import TrainConfig
from translate.train.cpu import winograd

aten = torch.ops.aten
# on either side of a convolution: with fewer channels these kernels are no faster
MIN_CHANNELS = 64  # for matrix products
MIN_CHANNELS_WINOGRAD = 256  # for the cost of the transformations


def fast_kernels(device: torch.device) -> contextlib.AbstractContextManager[object]:
    """A context in which ``device``, if it is a CPU, uses the faster kernels; results differ only by rounding."""
    return _FastKernels() if device.type == "cpu" else contextlib.nullcontext()


def chosen_kernels(config: TrainConfig, device: torch.device) -> contextlib.AbstractContextManager[object]:
    """`fast_kernels` where a run wants them and they can be of use: looking at every operation takes time as well."""
    return fast_kernels(device) if config.fast_kernels and config.channels_last else contextlib.nullcontext()


class _FastKernels(TorchDispatchMode):
    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        found: Any = None
        if func is aten.convolution.default:
            found = _convolution(*args)
        elif func is aten.convolution_backward.default:
            found = _convolution_backward(*args)
        elif func is aten.native_group_norm_backward.default:
            found = _channel_norm_backward(*args)
        return func(*args, **(kwargs or {})) if found is None else found


def _channels_last(x: Tensor) -> bool:
    return x.dtype == torch.float32 and x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()


def _suits_winograd(x: Tensor, weight: Tensor, *geometry: Any) -> bool:
    stride, padding, dilation, transposed, _, groups = geometry
    return (
        _channels_last(x)
        and weight.dtype == torch.float32
        and min(weight.shape[:2]) >= MIN_CHANNELS_WINOGRAD
        and list(weight.shape[2:]) == [3, 3]
        and (list(stride), list(dilation), transposed, groups) == ([1, 1], [1, 1], False, 1)
        and max(padding) <= 2
    )


def _convolution(x: Tensor, weight: Tensor, bias: Tensor | None, *geometry: Any) -> Tensor | None:
    """The convolution; None: PyTorch's own is better."""
    if not _suits_winograd(x, weight, *geometry):
        return None
    result = winograd.convolution(x, weight, tuple(geometry[1]))
    return result if bias is None else result.add_(bias.view(-1, 1, 1))


def _convolution_backward(
    gradient: Tensor,  # [N, out, h, w]
    x: Tensor,  # [N, in, H, W]
    weight: Tensor,
    bias_sizes: Sequence[int] | None,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    groups: int,
    mask: Sequence[bool],  # which of x, weight and bias need a gradient
) -> tuple[Tensor | None, Tensor | None, Tensor | None] | None:
    """The gradients of x, weight and bias; None: PyTorch's own are better."""
    of_x, of_weight, of_bias = None, None, None
    geometry = (stride, padding, dilation, transposed, output_padding, groups)
    if _suits_winograd(x, weight, *geometry):
        padded = (padding[0], padding[1])
        if mask[0]:
            of_x = winograd.input_gradient(gradient, weight, padded)
        if mask[1]:
            of_weight = winograd.weight_gradient(x, gradient, padded)
    elif mask[1] and _channels_last(x) and groups == 1 and min(weight.shape[:2]) >= MIN_CHANNELS:
        if mask[0]:
            of_x = aten.convolution_backward(gradient, x, weight, bias_sizes, *geometry, [True, False, False])[0]
        # a transposed convolution is the gradient of a convolution: input and output are swapped
        large, small = (gradient, x) if transposed else (x, gradient)
        of_weight = _weight_gradient(large, small, weight.shape[2:], stride, padding, dilation)
    else:
        return None
    if mask[2]:
        of_bias = gradient.sum((0, 2, 3))
    return of_x, of_weight, of_bias


def _weight_gradient(
    large: Tensor,  # [N, L, H, W]
    small: Tensor,  # [N, S, h, w]
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
) -> Tensor:
    """The weight gradient [S, L, *kernel] of a convolution from ``large`` to maps with the gradient ``small``.

    Each position of the kernel pairs every pixel of ``small`` with one of ``large``, all at the same distance in memory
    once zeros make the rows of ``small`` as long as those of ``large``. So each position is one matrix product over
    contiguous pixels. With a stride, each phase of ``large`` is a picture of its own.
    """
    (count, small_channels, height, width), large_channels = small.shape, large.shape[1]
    reach = [step * (size - 1) for step, size in zip(dilation, kernel, strict=True)]
    rows, columns = height + reach[0] // stride[0], width + reach[1] // stride[1]  # of a phase
    filled = small.new_zeros(count, rows, columns, small_channels)
    filled[:, :height, :width] = small.permute(0, 2, 3, 1)
    filled = filled.view(-1, small_channels).t()  # [S, pixels]
    padded = large.permute(0, 2, 3, 1)
    if any(padding):
        padded = torch.constant_pad_nd(padded, [0, 0, padding[1], padding[1], padding[0], padding[0]])
    phases: dict[tuple[int, int], Tensor] = {}
    result = small.new_empty(*kernel, small_channels, large_channels)
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            (down, top), (right, left) = divmod(i * dilation[0], stride[0]), divmod(j * dilation[1], stride[1])
            if (top, left) not in phases:
                phase = padded[:, top :: stride[0], left :: stride[1]][:, :rows, :columns]
                short = [0, 0, 0, columns - phase.shape[2], 0, rows - phase.shape[1]]
                phases[top, left] = torch.constant_pad_nd(phase, short).reshape(-1, large_channels)
            distance = down * columns + right
            pixels = len(phases[top, left]) - distance
            torch.mm(filled[:, :pixels], phases[top, left][distance:], out=result[i, j])
    return result.permute(2, 3, 0, 1)


def _channel_norm_backward(
    gradient: Tensor,
    x: Tensor,
    mean: Tensor,  # [N, C]
    rstd: Tensor,
    weight: Tensor | None,
    count: int,
    channels: int,
    pixels: int,
    groups: int,
    mask: Sequence[bool],
) -> tuple[Tensor, Tensor | None, Tensor | None] | None:
    """The gradients of a normalisation per channel of each picture; None: PyTorch's own are better."""
    if groups != channels or not _channels_last(x) or weight is None:
        return None
    mean, rstd = (each.view(count, channels, 1, 1) for each in (mean, rstd))
    total = gradient.sum((2, 3), keepdim=True)
    along = ((gradient * x).sum((2, 3), keepdim=True) - mean * total) * rstd  # gradient times what was normalised
    scale = rstd * weight.view(1, channels, 1, 1)
    slope = -scale * rstd * along / pixels
    of_x = torch.addcmul(-scale * total / pixels - slope * mean, gradient, scale).addcmul_(x, slope)
    return of_x, along.sum((0, 2, 3)), total.sum((0, 2, 3))
