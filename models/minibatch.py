"""Layers that let a discriminator compare the pictures of a batch, to notice a generator that makes only a few.

The statistics are over the batch of one call, so real and generated pictures go in separate calls, and a batch of one
picture has nothing to compare. Both layers add channels that are constant over a picture, which a normalisation over
the picture would remove: they belong after the last one.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor, nn

from models.blocks import join_domain, require_positive

Minibatch = Literal["none", "stddev", "discrimination"]


class MinibatchStddev(nn.Module):
    """[N, C, H, W] to [N, C + 1, H, W]: the added channel says how much the batch varies.

    Karras et al. 2018 (ProGAN), section 3: the standard deviation of each value over the batch, averaged over channels
    and positions; the batch is one group.
    """

    added_channels = 1

    def forward(self, x: Tensor) -> Tensor:
        variance = x.float().var(dim=0, correction=0)
        stddev = (variance + 1e-8).sqrt().mean()  # the constant keeps the gradient finite where nothing varies
        return join_domain(x, stddev.expand(len(x), 1))


class MinibatchDiscrimination(nn.Module):
    """[N, C, H, W] to [N, C + kernels, H, W]: how close each picture is to the others, by ``kernels`` measures.

    Salimans et al. 2016, section 3.2: each measure projects the features and takes exp(-L1 distance). Departures: the
    features are averaged over the picture, as a patch discriminator has no feature vector; and closeness to the
    others is averaged, where the paper sums it, so that it does not depend on the batch size.
    """

    def __init__(self, channels: int, *, kernels: int = 16, dimensions: int = 8) -> None:
        super().__init__()
        require_positive(kernels=kernels, dimensions=dimensions)
        self.added_channels = kernels
        self.project = nn.Linear(channels, kernels * dimensions, bias=False)  # the paper's tensor T

    def forward(self, x: Tensor) -> Tensor:
        projected = self.project(x.mean(dim=(2, 3))).float()
        projected = projected.unflatten(1, (self.added_channels, -1))  # [N, C] -> [N, kernels, dimensions]
        distances = (projected[:, None] - projected[None]).abs().sum(dim=3)  # -> [N, N, kernels]
        closeness = torch.exp(-distances).sum(dim=1) - 1  # of each to the others: to itself it is 1
        return join_domain(x, closeness / max(1, len(x) - 1))


def minibatch_layer(kind: Minibatch, channels: int) -> MinibatchStddev | MinibatchDiscrimination | None:
    """The layer called ``kind`` for maps of ``channels``, None for "none". Raises ``ValueError`` for an unknown one."""
    if kind == "none":
        return None
    if kind == "stddev":
        return MinibatchStddev()
    if kind == "discrimination":
        return MinibatchDiscrimination(channels)
    raise ValueError(f"no minibatch layer is called {kind!r}: choose one of {', '.join(get_args(Minibatch))}")


def couples_samples(network: nn.Module) -> bool:
    """Whether, in training, the output of ``network`` for a picture depends on the other pictures of its batch."""
    coupling = (nn.BatchNorm2d, MinibatchStddev, MinibatchDiscrimination)
    return any(isinstance(module, coupling) for module in network.modules())
