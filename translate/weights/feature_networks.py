"""A feature network by name, with its pretrained weights or those in a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from models.features import FEATURE_NETWORKS, FeatureNetwork, Weights
from translate.errors import UnusableError, UserError, one_line
from translate.weights.safe_load import load_state, load_tensors


def build_feature_network(name: str, weights: Path | None = None, *, prefix: str = "feature_") -> FeatureNetwork:
    """The feature network called ``name``, with the weights in a file, else its pretrained ones.

    ``prefix`` begins the names of the settings that chose it: ``feature_network`` and ``feature_weights``. Raises
    ``UserError`` for an unknown name and for a file that cannot be used, ``UnusableError`` where its pretrained
    weights cannot be loaded.
    """
    if name not in FEATURE_NETWORKS:
        raise UserError(f"<{prefix}network> {name}: choose one of {', '.join(FEATURE_NETWORKS)}")
    given = None if weights is None else read_weights(weights, setting=f"{prefix}weights")
    try:
        return FEATURE_NETWORKS[name](given)
    except ValueError as error:
        raise UserError(f"<{prefix}weights> {weights}: {error} ({name})") from error
    except (ImportError, OSError) as error:
        raise UnusableError(
            f"<{prefix}network> {name}: {one_line(error)}; <{prefix}weights> FILE loads other weights"
        ) from error


def read_weights(path: Path, *, setting: str = "feature_weights") -> Weights:
    """The tensors of a safetensors file or a state dict that `torch.save` wrote; runs no code from the file.

    Raises ``UserError`` where it is neither; ``setting`` is the name of the setting that gave ``path``.
    """
    try:
        weights = load_tensors(path) if path.suffix == ".safetensors" else load_state(path)
    except (OSError, ValueError) as error:
        raise UserError(f"<{setting}> {path}: cannot be read: {one_line(error)}") from error
    if not (isinstance(weights, Mapping) and all(isinstance(tensor, Tensor) for tensor in weights.values())):
        raise UserError(f"<{setting}> {path}: holds no state dict (tensors by name)")
    return weights
