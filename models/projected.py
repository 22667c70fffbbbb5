"""A discriminator that judges the features of a pretrained network, several levels of them, instead of pixels.

Sauer, Chitta, Müller, Geiger: Projected GANs Converge Faster, NeurIPS 2021, section 3: the network stays frozen, and
each level of its features has a small discriminator of its own. What the network knows need not be learnt from a
small folder: heads on EfficientNet-Lite0 tell drawn pictures from photos within a few hundred steps, where a PatchGAN
still guesses.

With ``mixing`` the heads see random combinations of the features (section 3.2): first of a level's channels, then,
from the coarsest level on, of a level and the coarser ones, so that no part of the features can be left aside.

Departures: mixing is off by default, its levels have all ``channels`` and are scaled so as to keep the variance; each
head has two convolutions of width ``channels`` and one to the logits, one per patch. Spectral normalisation (Miyato et
al. 2018) by default, as in the authors' code.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.blocks import normalise_spectrally, require_positive, tapped
from models.features import FEATURE_NETWORKS
from models.init import init_normal
from models.minibatch import Minibatch, minibatch_layer
from models.registry import Discriminator, DiscriminatorOutput, register_discriminator


@register_discriminator("projected")
class Projected(Discriminator):
    """float [N, in_channels, H, W] in [-1, 1] to logits of each level, the finest first; features in the same order.

    ``in_channels`` has to be a multiple of 3: the features of each picture are computed apart and judged side by side.
    Raises ``ValueError`` for other options, ``ImportError`` or ``OSError`` without the pretrained weights.
    """

    def __init__(
        self,
        *,
        in_channels: int = 3,
        channels: int = 64,
        levels: int = 4,  # of the feature network, from the finest
        mixing: bool = False,  # for pictures from noise
        minibatch: Minibatch = "none",
        spectral_norm: bool = True,
        feature_network: str = "efficientnet-lite0",
    ) -> None:
        super().__init__()
        require_positive(in_channels=in_channels, channels=channels, levels=levels)
        if in_channels % 3:
            raise ValueError(f"in_channels has to be a multiple of 3, not {in_channels}")
        if feature_network not in FEATURE_NETWORKS:
            raise ValueError(f"feature_network has to be one of {', '.join(FEATURE_NETWORKS)}, not {feature_network!r}")
        features = FEATURE_NETWORKS[feature_network](None)
        self.levels = tuple(features.levels)[:levels]
        with torch.no_grad():
            maps = features(torch.zeros(1, 3, 64, 64), self.levels)
        widths = [maps[level].shape[1] for level in self.levels]
        self.mixing = RandomMixing(widths, channels) if mixing else None
        if mixing:
            widths = [channels] * len(widths)
        self.heads = nn.ModuleDict(
            {
                level: _head(in_channels // 3 * width, channels, minibatch, spectral_norm)
                for level, width in zip(self.levels, widths, strict=True)
            }
        )
        # in a tuple, so that it is not a submodule: it is neither trained nor saved
        self._frozen = (features,)

    def _apply(self, function: Callable[[Tensor], Tensor], recurse: bool = True) -> Projected:
        self._frozen[0]._apply(function, recurse)
        super()._apply(function, recurse)
        return self

    def forward(self, image: Tensor) -> DiscriminatorOutput:
        pictures = image.unflatten(1, (-1, 3))  # [N, P, 3, H, W]
        found = self._frozen[0](pictures.flatten(0, 1), self.levels)
        maps = [found[level] for level in self.levels]
        if self.mixing is not None:
            maps = self.mixing(maps)
        logits: list[Tensor] = []
        features: list[Tensor] = []
        for level, head in zip(maps, self.heads.values(), strict=True):
            side_by_side = level.unflatten(0, pictures.shape[:2]).flatten(1, 2)
            layers = list(head.children())
            *hidden, judged = tapped(layers, side_by_side, [1, 3, len(layers) - 1])
            logits.append(judged)
            features += hidden
        return DiscriminatorOutput(tuple(logits), tuple(features))


class RandomMixing(nn.Module):
    """Maps [N, C, h, w] of several levels, each half as large as the one before, to maps [N, ``channels``, h, w].

    Its random weights are never trained, but belong to a checkpoint.
    """

    def __init__(self, widths: Sequence[int], channels: int) -> None:
        super().__init__()
        self.across = nn.ModuleList(FixedConv(width, channels, 1) for width in widths)
        self.upwards = nn.ModuleList(FixedConv(channels, channels, 3) for _ in widths[1:])

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        *finer, coarsest = (across(level) for across, level in zip(self.across, maps, strict=True))
        mixed = [coarsest]
        for level, upwards in zip(reversed(finer), reversed(self.upwards), strict=True):
            enlarged = F.interpolate(mixed[0], size=level.shape[2:], mode="bilinear")
            mixed.insert(0, (level + upwards(enlarged)) / math.sqrt(2))
        return mixed


class FixedConv(nn.Module):
    """A convolution by random weights that are not trained: buffers, so that no optimiser takes them for its own."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int) -> None:
        super().__init__()
        fan_in = in_channels * kernel**2
        self.weight = nn.Buffer(torch.randn(out_channels, in_channels, kernel, kernel) / math.sqrt(fan_in))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight, padding=self.weight.shape[-1] // 2)


def _head(in_channels: int, channels: int, minibatch: Minibatch, spectral_norm: bool) -> nn.Sequential:
    comparison = minibatch_layer(minibatch, channels)
    head = nn.Sequential(
        nn.Conv2d(in_channels, channels, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(channels, channels, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        *([] if comparison is None else [comparison]),
        nn.Conv2d(channels + (0 if comparison is None else comparison.added_channels), 1, 3, padding=1),
    )
    init_normal(head)
    if spectral_norm:
        normalise_spectrally(head)
    return head
