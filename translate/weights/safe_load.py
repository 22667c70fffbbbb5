"""Tensors from files of strangers: no code in a file is run, and whatever is wrong with it is a ``ValueError``."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

CODE = (
    "it holds more than tensors, such as pickled code, which is never run, or is damaged; "
    "give tensors alone: a .safetensors file, or a state dict that torch.save wrote"
)


def load_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, by name. Raises ``OSError`` and ``ValueError``, in one line."""
    try:
        return load_file(path)
    except OSError:
        raise
    except Exception as error:  # of damage ten kinds were seen
        raise ValueError(_first_line(error)) from error


def load_state(path: Path, device: torch.device | str = "cpu") -> Any:
    """What `torch.save` wrote, where it is tensors and plain values. Raises as `load_tensors` does."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they say how to have the code run
            return torch.load(path, map_location=device, weights_only=True)
    except OSError:
        raise
    except Exception as error:
        if isinstance(error, pickle.UnpicklingError) or "weights_only" in str(error):
            raise ValueError(CODE) from error
        raise ValueError(_first_line(error)) from error


def _first_line(error: Exception) -> str:
    """After it torch gives advice that is never the remedy here."""
    return (str(error).splitlines() or [""])[0] or type(error).__name__
