"""Comparing checkpoints, tensor by tensor."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file


def tensors(path: Path) -> dict[str, torch.Tensor]:
    """Everything a checkpoint holds, by file and name."""
    found: dict[str, torch.Tensor] = {}
    for file in path.glob("*.safetensors"):
        found |= {f"{file.stem}.{name}": tensor for name, tensor in load_file(file).items()}

    def walk(prefix: str, value: object) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(f"{prefix}.{key}", inner)
        elif isinstance(value, list):
            walk(prefix, dict(enumerate(value)))
        elif isinstance(value, torch.Tensor):
            found[prefix] = value
        elif isinstance(value, int | float):
            found[prefix] = torch.tensor(value)

    walk("state", torch.load(path / "state.pt", weights_only=True))
    return found


def assert_same_checkpoint(one: Path, other: Path) -> None:
    ours, theirs = tensors(one), tensors(other)
    assert ours.keys() == theirs.keys()
    differing = [name for name in ours if not torch.equal(ours[name], theirs[name])]
    assert differing == []
