"""A feature network by its name, with its own weights or those in a file."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from models.features import FEATURE_NETWORKS, FeatureNetwork, Weights
from translate.errors import UnusableError, UserError, one_line


def build_feature_network(name: str, weights: Path | None = None) -> FeatureNetwork:
    """The feature network called ``name``, with the weights in a file, else its own.

    Raises ``UserError`` for an unknown name and for a file that cannot be used, ``UnusableError`` where the network's
    own weights are not at hand.
    """
    if name not in FEATURE_NETWORKS:
        raise UserError(f"--feature-network {name}: choose one of {', '.join(FEATURE_NETWORKS)}")
    try:
        return FEATURE_NETWORKS[name](None if weights is None else read_weights(weights))
    except UserError:
        raise
    except ValueError as error:
        raise UserError(f"--feature-weights {weights}: {error} ({name})") from error
    except (ImportError, OSError) as error:
        raise UnusableError(
            f"--feature-network {name}: {one_line(error)}; --feature-weights FILE takes weights from elsewhere"
        ) from error


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
