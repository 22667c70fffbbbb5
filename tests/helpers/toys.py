"""Generators of one weight whose answers are known in advance, and runs that hold them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models import Generator
from translate.weights import checkpoint


class Weighted(Generator):
    """Of one weight."""

    stride = 8

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))


class Toy(Weighted):
    """The pixel to the right, times the weight."""

    def forward(self, image: Tensor) -> Tensor:
        return self.weight * torch.cat((image[..., 1:], image[..., -1:]), dim=3)


class Shifted(Weighted):
    """Each domain brightens a channel of its own by 20 of 255."""

    domains = 3

    def forward(self, image: Tensor, domain: Tensor) -> Tensor:
        return self.weight * image + 20 / 127.5 * domain[:, :, None, None]  # [N, 3] -> [N, 3, 1, 1]


TOYS: dict[str, type[Generator]] = {"toy": Toy, "shifted": Shifted}


def write_run(folder: Path, steps: dict[int, dict[str, float]], *, generator: str = "toy", **config: Any) -> Path:
    """A run with a checkpoint for each of ``steps``; its networks by the names of their files, each with its weight.

    ``generator`` is one of `TOYS`, which the fixture ``toy_generators`` registers.
    """
    config = {"method": "toy", "generator": generator, "generator_options": {}, "crop": 64, **config}
    for step, networks in steps.items():
        weights = {name: {"weight": torch.tensor(value)} for name, value in networks.items()}
        checkpoint.save(folder, step, config=config, weights=weights, state={}, keep=len(steps))
    return folder
