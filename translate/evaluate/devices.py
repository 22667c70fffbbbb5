"""Where PyTorch can compute: the processor, or a GPU that it finds."""

from __future__ import annotations

import torch

from translate.errors import UnusableError
from translate.style.devices import parse_device


def choose_torch_device(wanted: str) -> str:
    """``auto``, ``cpu``, ``cuda`` or ``cuda:N`` -> what PyTorch calls it; without a number, its current GPU.

    Raises ``UserError`` for anything else, ``UnusableError`` where PyTorch finds no such GPU.
    """
    name, number = parse_device(wanted)
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise UnusableError(f"<device> {wanted}: this PyTorch ({torch.__version__}) finds no CUDA device")
    if name == "cuda" and number >= torch.cuda.device_count():
        raise UnusableError(f"<device> {wanted}: there are {torch.cuda.device_count()} CUDA devices")
    return wanted
