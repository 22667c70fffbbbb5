"""Tensors from untrusted files: no code in a file is run, and whatever is wrong with it is a ``ValueError``."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

NOT_ONLY_TENSORS = (
    "it is damaged or holds more than tensors, such as pickled code, which is never run; "
    "give only tensors: a .safetensors file, or a state dict that torch.save wrote"
)


def load_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, by name. Raises ``OSError`` or, in one line, ``ValueError``."""
    try:
        return load_file(path)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # damage raises many kinds
        raise ValueError(_first_line(error)) from error


def load_state(path: Path, device: torch.device | str = "cpu") -> Any:
    """What `torch.save` wrote, if only tensors and plain values. Raises as `load_tensors` does."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they advise how to run the code
            return torch.load(path, map_location=device, weights_only=True)
    except (OSError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, pickle.UnpicklingError) or "weights_only" in str(error):
            raise ValueError(NOT_ONLY_TENSORS) from error
        raise ValueError(_first_line(error)) from error


def _first_line(error: Exception) -> str:
    """The lines after it are torch's advice, which never helps here."""
    return (str(error).splitlines() or [""])[0] or type(error).__name__
