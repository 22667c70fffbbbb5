"""Parts shared by the networks: normalisation that is safe in half precision, convolutions, self-attention, labels."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import islice
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations

Norm = Literal["instance", "layer", "batch", "none"]
Upsampling = Literal["resize", "transposed"]
Padding = Literal["zeros", "reflect"]


def require_positive(**options: int) -> None:
    """Raise ``ValueError`` naming the first option that is below 1."""
    for name, value in options.items():
        if value < 1:
            raise ValueError(f"{name} has to be at least 1, not {value}")


class ScaleAndShift(nn.Module):
    """What the normalisations learn: a scale and a shift per channel."""

    def __init__(self, channels: int, *, eps: float = 1e-5) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.eps = eps


class InstanceNorm(ScaleAndShift):
    """Instance normalisation with scale and shift (Ulyanov 2016), the same in training and in evaluation.

    Computed as a group normalisation with one group per channel: it keeps the memory layout, and `torch.instance_norm`
    has wrong gradients on the CPU for a single channels-last picture (PyTorch 2.15).
    The statistics are taken in float32 whatever the input's type: sums over a large image overflow float16.
    """

    def forward(self, x: Tensor) -> Tensor:
        # not F.group_norm: it refuses a single spatial element
        return torch.group_norm(x.float(), x.shape[1], self.weight.float(), self.bias.float(), self.eps).to(x.dtype)


class LayerNorm2d(ScaleAndShift):
    """Normalisation over channels, height and width of each picture, with a scale and shift per channel, in float32."""

    def forward(self, x: Tensor) -> Tensor:
        return F.group_norm(x.float(), 1, self.weight.float(), self.bias.float(), self.eps).to(x.dtype)


def normalisation(kind: Norm, channels: int) -> nn.Module:
    """The normalisation layer called ``kind``. Raises ``ValueError`` for an unknown one."""
    if kind == "instance":
        return InstanceNorm(channels)
    if kind == "layer":
        return LayerNorm2d(channels)
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    if kind == "none":
        return nn.Identity()
    raise ValueError(f"no norm is called {kind!r}: choose one of {', '.join(get_args(Norm))}")


def conv_norm(
    in_channels: int, out_channels: int, *, kernel: int, stride: int = 1, groups: int = 1, norm: Norm
) -> nn.Sequential:
    """Convolution with reflection padding, then normalisation. Height and width must exceed ``(kernel - 1) // 2``.

    At stride 2 even sizes are halved, by kernel 4 as well as by odd kernels.
    """
    return nn.Sequential(
        nn.Conv2d(
            in_channels,
            out_channels,
            kernel,
            stride,
            padding=(kernel - 1) // 2,
            padding_mode="reflect" if kernel > 1 else "zeros",
            groups=groups,
            bias=norm == "none",  # a normalisation has a bias of its own
        ),
        normalisation(norm, out_channels),
    )


def upsample(x: Tensor, *, factor: int = 2) -> Tensor:
    """Nearest-neighbour upsampling; a convolution after it leaves no checkerboard (Odena et al. 2016)."""
    return F.interpolate(x, scale_factor=float(factor), mode="nearest")


class ResizeConv(nn.Conv2d):
    """`upsample`, then a 3x3 convolution with zero or reflection padding: doubles height and width.

    In training it is computed as one transposed convolution of the small picture, with 4/9 of the arithmetic: its 4x4
    kernel is the sum of the 3x3 kernel's shifts by 0 or 1 pixels along each axis. Not in evaluation, as an exported
    style would hold the larger kernel.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(upsample(x))
        shifted = [F.pad(self.weight, (left, 1 - left, top, 1 - top)) for left in (0, 1) for top in (0, 1)]
        weight = torch.stack(shifted).sum(0).flip(2, 3).transpose(0, 1)  # [out, in, 3, 3] -> [in, out, 4, 4]
        if self.padding_mode == "zeros":
            return F.conv_transpose2d(x, weight, self.bias, stride=2, padding=1)
        # Reflection at the border of the upsampled picture repeats the outermost pixel of the small one. Not by F.pad:
        # PyTorch 2.14 compiles the gradient of its "replicate" mode wrongly.
        x = torch.cat((x[:, :, :1], x, x[:, :, -1:]), dim=2)
        x = torch.cat((x[..., :1], x, x[..., -1:]), dim=3)
        return F.conv_transpose2d(x, weight, self.bias, stride=2, padding=3)


def upsample_conv(
    kind: Upsampling,
    in_channels: int,
    out_channels: int,
    *,
    kernel: int,  # of the transposed convolution, 3 or 4; after a resize it is always 3
    padding: Padding,  # of the convolution after a resize
    bias: bool = True,
) -> nn.Module:
    """A layer that doubles height and width: "resize" and convolve (no checkerboard), or "transposed" convolution.

    Raises ``ValueError`` for an unknown ``kind``.
    """
    if kind == "resize":
        return ResizeConv(in_channels, out_channels, 3, padding=1, padding_mode=padding, bias=bias)
    if kind == "transposed":
        return nn.ConvTranspose2d(
            in_channels, out_channels, kernel, stride=2, padding=1, output_padding=kernel % 2, bias=bias
        )
    raise ValueError(f"no upsampling is called {kind!r}: choose one of {', '.join(get_args(Upsampling))}")


class SelfAttention(nn.Module):
    """Self-attention over all positions of a map [N, C, H, W]: x + gamma * attended(x), with gamma 0 at first.

    Zhang, Goodfellow, Metaxas, Odena: Self-Attention Generative Adversarial Networks, ICML 2019, equations 1 to 3, with
    an eighth of the channels inside. As in the authors' code, keys and values are max-pooled 2x2: a quarter of the
    memory, which grows with the square of the number of positions. Height and width have to be at least 2.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(1, channels // 8)
        self.query, self.key, self.value = (nn.Conv2d(channels, inner, 1, bias=False) for _ in range(3))
        self.out = nn.Conv2d(inner, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        query = self.query(x).flatten(2).mT  # [N, C, H, W] -> [N, HW, c]
        key = F.max_pool2d(self.key(x), 2).flatten(2)  # -> [N, c, HW / 4]
        value = F.max_pool2d(self.value(x), 2).flatten(2).mT  # -> [N, HW / 4, c]
        # written out, as the fused kernels have no second derivative, which gradient penalties need; in float32, as the
        # products are not scaled and overflow float16
        weights = (query.float() @ key.float()).softmax(dim=-1).to(value.dtype)  # -> [N, HW, HW / 4]
        attended = (weights @ value).mT.unflatten(2, x.shape[2:])  # -> [N, c, H, W]
        return x + self.gamma * self.out(attended)


def join_domain(image: Tensor, domain: Tensor) -> Tensor:
    """``image`` [N, C, H, W] with each value of ``domain`` [N, K] appended as a constant channel: [N, C + K, H, W]."""
    maps = domain.to(image.dtype)[:, :, None, None].expand(-1, -1, *image.shape[2:])
    return torch.cat((image, maps), dim=1)


def tapped(layers: Iterable[nn.Module], x: Tensor, taps: Collection[int]) -> list[Tensor]:
    """The outputs of the layers with the indices ``taps``, run in order from ``x``; none runs past the last."""
    maps = []
    for index, layer in enumerate(islice(layers, max(taps) + 1)):
        x = layer(x)
        if index in taps:
            maps.append(x)
    return maps


def normalise_spectrally(network: nn.Module) -> None:
    """Divide every weight by its largest singular value, updated at each training pass (Miyato et al. 2018).

    Call it after setting the initial weights; to set them again afterwards, use ``init.initialise``.
    """
    for module in list(network.modules()):
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            parametrizations.spectral_norm(module)
