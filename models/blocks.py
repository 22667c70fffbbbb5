"""Parts shared by the networks: normalisation that is safe in half precision, residual blocks, upsampling, init."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Norm = Literal["instance", "layer", "batch", "none"]
Upsampling = Literal["resize", "transposed"]
Padding = Literal["zeros", "reflect"]


def require_positive(**options: int) -> None:
    """Raise ``ValueError`` naming the first option that is below 1."""
    for name, value in options.items():
        if value < 1:
            raise ValueError(f"{name} has to be at least 1, not {value}")


class ScaleAndShift(nn.Module):
    """What the normalisations learn: a scale and a shift a channel."""

    def __init__(self, channels: int, *, eps: float = 1e-5) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.eps = eps


class InstanceNorm(ScaleAndShift):
    """Instance normalisation with scale and shift (Ulyanov 2016), the same in training and in evaluation.

    The statistics are taken in float32 whatever the input's type: sums over a large image overflow float16.
    """

    def forward(self, x: Tensor) -> Tensor:
        # not F.instance_norm: it refuses a single spatial element
        return torch.instance_norm(
            x.float(),
            self.weight.float(),
            self.bias.float(),
            running_mean=None,
            running_var=None,
            use_input_stats=True,
            momentum=0.0,  # of the running statistics, of which there are none
            eps=self.eps,
            cudnn_enabled=torch.backends.cudnn.enabled,
        ).to(x.dtype)


class LayerNorm2d(ScaleAndShift):
    """Normalisation over channels, height and width of each picture, with scale and shift a channel, in float32."""

    def forward(self, x: Tensor) -> Tensor:
        return F.group_norm(x.float(), 1, self.weight.float(), self.bias.float(), self.eps).to(x.dtype)


def normalisation(kind: Norm, channels: int) -> nn.Module:
    """The normalisation layer called ``kind``."""
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
    """Convolution over a reflected border, then normalisation. Height and width have to be above ``kernel // 2``."""
    return nn.Sequential(
        nn.Conv2d(
            in_channels,
            out_channels,
            kernel,
            stride,
            padding=kernel // 2,
            padding_mode="reflect" if kernel > 1 else "zeros",
            groups=groups,
            bias=norm == "none",  # a normalisation takes a bias out again and brings its own
        ),
        normalisation(norm, out_channels),
    )


def upsample(x: Tensor, *, factor: int = 2) -> Tensor:
    """Nearest-neighbour upsampling; followed by a convolution it leaves no checkerboard (Odena et al. 2016)."""
    return F.interpolate(x, scale_factor=float(factor), mode="nearest")


def upsample_conv(
    kind: Upsampling,
    in_channels: int,
    out_channels: int,
    *,
    kernel: int,  # of the transposed convolution, 3 or 4; after a resize it is always 3
    padding: Padding,  # of the convolution after a resize
    bias: bool = True,
) -> nn.Module:
    """A layer that doubles height and width: "resize" and convolve (no checkerboard), or "transposed" convolution."""
    if kind == "resize":
        convolution = nn.Conv2d(in_channels, out_channels, 3, padding=1, padding_mode=padding, bias=bias)
        return nn.Sequential(nn.Upsample(scale_factor=2.0), convolution)
    if kind == "transposed":
        return nn.ConvTranspose2d(
            in_channels, out_channels, kernel, stride=2, padding=1, output_padding=kernel % 2, bias=bias
        )
    raise ValueError(f"no upsampling is called {kind!r}: choose one of {', '.join(get_args(Upsampling))}")


def init_normal(network: nn.Module, *, std: float = 0.02) -> None:
    """Weights from N(0, std), biases 0, normalisation scales from N(1, std).

    std 0.02 is DCGAN's (Radford et al. 2016), kept by pix2pix and CycleGAN.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(module.weight, 0.0, std)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, ScaleAndShift | nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, std)
            nn.init.zeros_(module.bias)
