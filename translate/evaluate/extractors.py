"""Feature networks for evaluation: each gives content features and, where it can, texture features and class logits.

Metrics of different networks are not comparable, so each network has an ``identity``, reported with the metrics.
"""

from __future__ import annotations

import hashlib
import tempfile
import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from models.features import FeatureNetwork, perceptual_distance
from translate.errors import UnusableError, UserError, one_line
from translate.evaluate.devices import choose_torch_device
from translate.media.images import to_signed_unit
from translate.style.devices import choose_device, providers_of
from translate.style.onnx_check import check_model
from translate.style.session import ORT_ERRORS
from translate.weights.feature_networks import build_feature_network, read_weights

PATCHES = 4  # per side: texture is summarised over 4 x 4 patches of a picture
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Features:
    """The features of N pictures."""

    content: Array  # [N, D], pooled features of the last layer
    texture: Array | None  # [N, patches, 2 C]: mean and deviation per patch of an early layer's maps
    logits: Array | None  # [N, classes]
    perceptual: Array | None  # [N]: distance of each picture to the next one in its batch, over several layers

    def __len__(self) -> int:
        return len(self.content)

    def __getitem__(self, which: NDArray[np.intp] | slice) -> Features:
        return Features(*(None if part is None else part[which] for part in self.parts()))  # type: ignore[arg-type]

    def parts(self) -> tuple[Array | None, ...]:
        return self.content, self.texture, self.logits, self.perceptual

    @staticmethod
    def concatenated(several: list[Features]) -> Features:
        columns = zip(*(features.parts() for features in several), strict=True)
        return Features(*(None if column[0] is None else np.concatenate(column) for column in columns))  # type: ignore[arg-type]


class Extractor(ABC):
    """A feature network; ``size`` is the side in pixels of its square input."""

    identity: str  # name and weights
    size: int

    @abstractmethod
    def __call__(self, pictures: NDArray[np.uint8]) -> Features:
        """The features of pictures, uint8 [N, size, size, 3] in sRGB."""


class Lite0(Extractor):
    """EfficientNet-Lite0: 1280 features and ImageNet's classes; texture from its maps at stride 4."""

    size = 224
    texture_level, last_level = "stride4", "stride32"
    perceptual_levels = ("stride2", "stride4", "stride8", "stride16", "stride32")

    def __init__(self, device: str = "auto", weights: Path | None = None) -> None:
        self.device = torch.device(choose_torch_device(device))
        network = build_feature_network("efficientnet-lite0", weights, prefix="")
        self.network: FeatureNetwork = network.to(self.device).to(memory_format=torch.channels_last)
        self.identity = "efficientnet-lite0" + _file_hash(weights)

    @torch.inference_mode()
    def __call__(self, pictures: NDArray[np.uint8]) -> Features:
        batch = torch.from_numpy(pictures).to(self.device).permute(0, 3, 1, 2).float()
        maps = self.network(to_signed_unit(batch), self.perceptual_levels)
        pooled, logits = self.network.classify(maps[self.last_level])
        perceptual = perceptual_distance(maps, {level: values.roll(-1, 0) for level, values in maps.items()})
        return Features(
            _array(pooled), _array(patch_statistics(maps[self.texture_level])), _array(logits), _array(perceptual)
        )


class InceptionV3(Extractor):
    """FID's original network, the Inception-v3 of 2015 with TensorFlow's weights, in torch-fidelity's version.

    Its weights, 91 MB, are downloaded and their hash checked, or read from a file of the same tensors.
    """

    size = 299

    def __init__(self, device: str = "auto", weights: Path | None = None) -> None:
        from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3, FeatureExtractorInceptionV3

        if weights is None:
            try:
                tensors = torch.hub.load_state_dict_from_url(
                    URL_INCEPTION_V3, progress=False, check_hash=True, weights_only=True
                )
            except (OSError, RuntimeError) as error:
                raise UnusableError(
                    f"<network> inception-v3: {URL_INCEPTION_V3} cannot be downloaded ({one_line(error)}); give the "
                    "file with <weights>, or take <network> efficientnet-lite0, whose weights are installed"
                ) from error
        else:
            tensors = dict(read_weights(weights, setting="weights"))
        self.device = torch.device(choose_torch_device(device))
        with tempfile.TemporaryDirectory() as folder:
            # torch-fidelity unpickles whatever is in the file, so it gets one with tensors only
            safe = Path(folder) / "inception.pth"
            torch.save(tensors, safe)
            try:
                network = FeatureExtractorInceptionV3(
                    "inception-v3", ["2048", "logits_unbiased"], feature_extractor_weights_path=str(safe)
                )
            except RuntimeError as error:
                raise UserError(f"<weights> {weights}: these are not the weights of inception-v3") from error
        self.network = network.to(self.device)
        self._early_maps = threading.local()  # of the batch that each thread works on
        network.MaxPool_1.register_forward_hook(self._store_early_maps)
        self.identity = "inception-v3" + _file_hash(weights)

    def _store_early_maps(self, module: object, inputs: object, maps: Tensor) -> None:
        self._early_maps.maps = maps

    @torch.inference_mode()
    def __call__(self, pictures: NDArray[np.uint8]) -> Features:
        pooled, logits = self.network(torch.from_numpy(pictures).to(self.device).permute(0, 3, 1, 2))
        return Features(_array(pooled), _array(patch_statistics(self._early_maps.maps)), _array(logits), None)


class OnnxNetwork(Extractor):
    """Any ONNX file from one tensor of pictures to features [N, D], or to maps [N, C, h, w], which are averaged.

    Its input is uint8 [N, H, W, 3], or float32 [N, 3, H, W] normalised as for torchvision's networks: from [0, 1], by
    ImageNet's mean and standard deviation. A second output of maps [N, C, h, w] gives the texture.
    """

    def __init__(self, path: Path, device: str = "auto") -> None:
        check_model(path)
        providers = providers_of(choose_device(device)[0])
        try:
            self.session = onnxruntime.InferenceSession(path, providers=providers)
        except ORT_ERRORS as error:
            raise UserError(f"<network> {path}: cannot be loaded as ONNX: {one_line(error)}") from error
        self.identity = f"{path.name}{_file_hash(path)}"
        first = self.session.get_inputs()[0]
        self.input_name, self.takes_bytes = first.name, first.type == "tensor(uint8)"
        side = first.shape[1 if self.takes_bytes else 2] if len(first.shape) == 4 else None
        self.size = side if isinstance(side, int) else 224

    def __call__(self, pictures: NDArray[np.uint8]) -> Features:
        mean, std = (np.array(values, np.float32) for values in (IMAGENET_MEAN, IMAGENET_STD))
        normalised = ((pictures / np.float32(255) - mean) / std).transpose(0, 3, 1, 2)
        given = pictures if self.takes_bytes else normalised
        try:
            outputs = self.session.run(None, {self.input_name: given})
        except ORT_ERRORS as error:
            raise UserError(
                f"<network> {self.identity}: does not accept {given.dtype} {list(given.shape)}: {one_line(error)}"
            ) from error
        content = outputs[0].reshape(*outputs[0].shape[:2], -1).mean(-1)
        maps = next((output for output in outputs[1:] if output.ndim == 4), None)
        texture = None if maps is None else _array(patch_statistics(torch.from_numpy(maps)))
        return Features(content.astype(np.float32), texture, None, None)


def build_extractor(network: str, *, weights: Path | None = None, device: str = "auto") -> Extractor:
    """The network ``efficientnet-lite0``, ``inception-v3`` or of an ONNX file; ``weights``: a file instead of its own.

    Raises ``UserError`` for an unknown name and for files that cannot be used, ``UnusableError`` where the network's
    own weights or the device are not available.
    """
    if network == "efficientnet-lite0":
        return Lite0(device, weights)
    if network == "inception-v3":
        return InceptionV3(device, weights)
    if network.endswith(".onnx"):
        if weights is not None:
            raise UserError("<weights>: an ONNX file has its own; leave it out")
        return OnnxNetwork(Path(network), device)
    raise UserError(f"<network> {network}: give efficientnet-lite0, inception-v3 or an .onnx file")


def patch_statistics(maps: Tensor) -> Tensor:
    """Maps [N, C, h, w] -> mean and deviation of each channel in `PATCHES` x `PATCHES` patches, [N, patches, 2 C]."""
    mean = F.adaptive_avg_pool2d(maps, PATCHES)
    square = F.adaptive_avg_pool2d(maps.square(), PATCHES)
    deviation = (square - mean.square()).clamp_min(0).sqrt()
    return torch.cat((mean, deviation), 1).flatten(2).transpose(1, 2)


def _file_hash(path: Path | None) -> str:
    """A short hash that identifies a file of weights; empty without one."""
    return "" if path is None else f" ({hashlib.sha256(path.read_bytes()).hexdigest()[:12]})"


def _array(tensor: Tensor) -> Array:
    return tensor.float().cpu().numpy()
