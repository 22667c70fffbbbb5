"""Feature networks that evaluation looks at pictures with: each gives content, texture and, where it can, classes.

Metrics of different networks cannot be compared, so each has an ``identity`` that is recorded with every metric.
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

from models.features import FeatureNetwork
from translate.errors import UnusableError, UserError, one_line
from translate.media.images import to_signed_unit
from translate.style.devices import choose_device, providers_of
from translate.style.onnx_check import check_model
from translate.style.session import ORT_ERRORS
from translate.weights.feature_networks import build_feature_network, read_weights

PATCHES = 4  # a side: texture is summed up in 4 x 4 patches of a picture
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Features:
    """What a network says of N pictures."""

    content: Array  # [N, D], the pooled last features
    texture: Array | None  # [N, patches, 2 C]: mean and deviation of an early layer's maps in each patch
    logits: Array | None  # [N, K] of classes
    perceptual: Array | None  # [N]: distance of each picture to the one after it in its batch, over several layers

    def __len__(self) -> int:
        return len(self.content)

    def __getitem__(self, which: NDArray[np.intp] | slice) -> Features:
        return Features(*(None if part is None else part[which] for part in self.parts()))  # type: ignore[arg-type]

    def parts(self) -> tuple[Array | None, ...]:
        return self.content, self.texture, self.logits, self.perceptual

    @staticmethod
    def joined(several: list[Features]) -> Features:
        columns = zip(*(features.parts() for features in several), strict=True)
        return Features(*(None if column[0] is None else np.concatenate(column) for column in columns))  # type: ignore[arg-type]


class Extractor(ABC):
    """A feature network: ``size`` is the side in pixels of the squares it looks at."""

    identity: str  # name and weights
    size: int

    @abstractmethod
    def __call__(self, pictures: NDArray[np.uint8]) -> Features:
        """The features of pictures, uint8 [N, size, size, 3] in sRGB."""


class Lite0(Extractor):
    """EfficientNet-Lite0: 1280 features and ImageNet's classes; texture from its maps at a quarter of the size."""

    size = 224
    texture_level, last_level = "stride4", "stride32"
    perceptual_levels = ("stride2", "stride4", "stride8", "stride16", "stride32")

    def __init__(self, device: str = "auto", weights: Path | None = None) -> None:
        self.device = torch.device(choose_torch_device(device))
        network = build_feature_network("efficientnet-lite0", weights, prefix="")
        self.network: FeatureNetwork = network.to(self.device).to(memory_format=torch.channels_last)
        self.identity = "efficientnet-lite0" + _of_file(weights)

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
    """FID's own network: the Inception-v3 of 2015 with TensorFlow's weights, as torch-fidelity has it.

    Its weights, 91 MB, are downloaded and checked, or given as a file of the same tensors.
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
                    "file with <weights>, or <network> efficientnet-lite0, whose weights are installed"
                ) from error
        else:
            tensors = dict(read_weights(weights, setting="weights"))
        self.device = torch.device(choose_torch_device(device))
        with tempfile.TemporaryDirectory() as folder:
            # torch-fidelity unpickles whatever a file holds: it gets one that holds the tensors alone
            safe = Path(folder) / "inception.pth"
            torch.save(tensors, safe)
            try:
                network = FeatureExtractorInceptionV3(
                    "inception-v3", ["2048", "logits_unbiased"], feature_extractor_weights_path=str(safe)
                )
            except RuntimeError as error:
                raise UserError(f"<weights> {weights}: are the weights of another network (inception-v3)") from error
        self.network = network.to(self.device)
        self._early = threading.local()  # maps of the batch that a thread is at
        network.MaxPool_1.register_forward_hook(self._keep)
        self.identity = "inception-v3" + _of_file(weights)

    def _keep(self, module: object, inputs: object, maps: Tensor) -> None:
        self._early.maps = maps

    @torch.inference_mode()
    def __call__(self, pictures: NDArray[np.uint8]) -> Features:
        pooled, logits = self.network(torch.from_numpy(pictures).to(self.device).permute(0, 3, 1, 2))
        return Features(_array(pooled), _array(patch_statistics(self._early.maps)), _array(logits), None)


class OnnxNetwork(Extractor):
    """Any ONNX file that takes one picture tensor and gives features [N, D] or maps [N, C, h, w], which are averaged.

    It takes uint8 [N, H, W, 3], or float [N, 3, H, W] normalised as torchvision's networks are: [0, 1] less ImageNet's
    mean, over its deviation. A second output of maps [N, C, h, w] gives the texture.
    """

    def __init__(self, path: Path, device: str = "auto") -> None:
        check_model(path)
        try:
            self.session = onnxruntime.InferenceSession(path, providers=providers_of(choose_device(device)[0]))
            self.identity = f"{path.name}{_of_file(path)}"
        except ORT_ERRORS as error:
            raise UserError(f"<network> {path}: cannot be loaded as ONNX: {one_line(error)}") from error
        first = self.session.get_inputs()[0]
        self.name, self.bytes = first.name, first.type == "tensor(uint8)"
        side = first.shape[1 if self.bytes else 2] if len(first.shape) == 4 else None
        self.size = side if isinstance(side, int) else 224

    def __call__(self, pictures: NDArray[np.uint8]) -> Features:
        mean, std = (np.array(values, np.float32) for values in (IMAGENET_MEAN, IMAGENET_STD))
        normalised = ((pictures / np.float32(255) - mean) / std).transpose(0, 3, 1, 2)
        given = pictures if self.bytes else normalised
        try:
            outputs = self.session.run(None, {self.name: given})
        except ORT_ERRORS as error:
            raise UserError(
                f"<network> {self.identity}: does not take {given.dtype} {list(given.shape)}: {one_line(error)}"
            ) from error
        content = outputs[0].reshape(*outputs[0].shape[:2], -1).mean(-1)
        maps = next((output for output in outputs[1:] if output.ndim == 4), None)
        texture = None if maps is None else _array(patch_statistics(torch.from_numpy(maps)))
        return Features(content.astype(np.float32), texture, None, None)


def build_extractor(network: str, *, weights: Path | None = None, device: str = "auto") -> Extractor:
    """``efficientnet-lite0``, ``inception-v3``, or the path of an ONNX file; ``weights`` from a file.

    Raises ``UserError`` for an unknown name and for files that cannot be used, ``UnusableError`` where the network's
    own weights are not at hand.
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


def perceptual_distance(one: dict[str, Tensor], other: dict[str, Tensor]) -> Tensor:
    """Distance of pictures by their maps [N, C, h, w] at several levels, [N]: Zhang et al. 2018 (LPIPS), equation 1.

    Channels are brought to unit length at each place; departure: all weigh the same, where LPIPS has learned weights.
    """
    levels = []
    for level, maps in one.items():
        difference = F.normalize(maps, dim=1) - F.normalize(other[level], dim=1)
        levels.append(difference.square().sum(1).mean((1, 2)))
    return torch.stack(levels).mean(0)


def choose_torch_device(device: str) -> str:
    """``auto``, ``cpu`` or ``cuda[:N]`` -> what PyTorch calls it."""
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise UnusableError(f"<device> {device}: this PyTorch ({torch.__version__}) finds no CUDA device")
    return device


def _of_file(path: Path | None) -> str:
    """What tells files of weights apart."""
    return "" if path is None else f" ({hashlib.sha256(path.read_bytes()).hexdigest()[:12]})"


def _array(tensor: Tensor) -> Array:
    return tensor.float().cpu().numpy()
