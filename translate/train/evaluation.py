"""Evaluation during training: the metrics of `evaluate` for the averaged generator; the best checkpoint is kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from models import Generator, NoiseGenerator
from translate.config import TrainConfig
from translate.evaluate.evaluation import Pictures, evaluate
from translate.evaluate.extractors import Extractor, build_extractor
from translate.evaluate.sampling import as_trained_on, write_samples
from translate.export.sampler import ExportedSampler
from translate.export.to_onnx import ExportedStyle
from translate.media.images import load_rgb_within
from translate.style.latents import noise

LONGEST_SIDE = 512  # pixels; larger photos are scaled down to it
LOWER_IS_BETTER = {
    "fid": True,
    "kid": True,
    "mmd_content": True,
    "mmd_texture": True,
    "precision": False,
    "recall": False,
    "density": False,
    "coverage": False,
}


class RunEvaluation:
    """The evaluations of one run, and which was the best so far."""

    def __init__(self, config: TrainConfig) -> None:
        """Raises ``UserError`` where there are too few pictures, ``UnusableError`` without the feature network."""
        assert config.eval_real is not None  # the configuration has checked it, and that translation has photos
        self.best_by, self.patience = config.best_by, config.eval_patience
        self.photos = None if config.from_noise else Pictures.below(cast(Path, config.eval_photos), config.eval_count)
        self.real = Pictures.below(config.eval_real, config.eval_count)
        self.device = config.device
        self.best: float | None = None
        self.without_better = 0  # evaluations since the best
        self._extractor: Extractor | None = None

    def __call__(self, generator: nn.Module, *, exclusive: bool) -> dict[str, float]:
        """The metrics of ``generator``, named ``eval/...``; `is_best` then says whether they are the best so far."""
        self._extractor = self._extractor or build_extractor("efficientnet-lite0", device=self.device)
        with TemporaryDirectory() as folder:
            made, real = Path(folder) / "made", self.real
            made.mkdir()
            if self.photos is not None:
                translate_pictures(cast(Generator, generator), self.photos, made, exclusive=exclusive)
            else:
                sampler = ExportedSampler(cast(NoiseGenerator, generator))
                write_samples(pictures_by(sampler), len(real.paths), made)
                real = as_trained_on(real, sampler.generator.size, Path(folder) / "real")
            found = evaluate(Pictures.below(made), real, self._extractor)
        return self.record({name: value for name, value in found.metrics.items() if not name.endswith("_of_real")})

    def record(self, metrics: Mapping[str, float]) -> dict[str, float]:
        """Compare ``metrics`` with the best so far; returns them under the names of the log."""
        value = metrics[self.best_by]
        better = -value if LOWER_IS_BETTER[self.best_by] else value
        if math.isfinite(better) and (self.best is None or better > self.best):
            self.best, self.without_better = better, 0
        else:
            self.without_better += 1
        return {f"eval/{name}": metric for name, metric in metrics.items()}

    @property
    def is_best(self) -> bool:
        """Whether the latest evaluation was the best."""
        return self.best is not None and self.without_better == 0

    @property
    def exhausted(self) -> bool:
        """Whether nothing has improved for as long as the settings allow."""
        return 0 < self.patience <= self.without_better

    def state(self) -> dict[str, Any]:
        return {"best": self.best, "without_better": self.without_better}

    def load_state(self, state: Mapping[str, Any]) -> None:
        self.best, self.without_better = state["best"], state["without_better"]


def pictures_by(sampler: ExportedSampler) -> Callable[[Sequence[int]], NDArray[np.uint8]]:
    """``sampler`` by seeds: uint8 [N, size, size, 3] for N of them."""

    def pictures(seeds: Sequence[int]) -> NDArray[np.uint8]:
        with torch.inference_mode():
            made: NDArray[np.uint8] = sampler(torch.from_numpy(noise(seeds, sampler.generator.z_dim))).numpy()
        return made

    return pictures


@torch.no_grad()
def translate_pictures(generator: Generator, photos: Pictures, folder: Path, *, exclusive: bool) -> None:
    """Write the translation of each photo by ``generator`` as PNG. Domains take turns, one per photo."""
    device = next(generator.parameters()).device
    style = ExportedStyle(generator, exclusive=exclusive).to(device)
    for number, path in enumerate(photos.paths):
        photo = torch.from_numpy(load_rgb_within(path, LONGEST_SIDE))[None].to(device)
        result: NDArray[np.uint8] = style(photo, domain_in_turn(generator, number, exclusive, device))[0].cpu().numpy()
        Image.fromarray(result).save(folder / f"{number:06}.png", compress_level=1)


def domain_in_turn(generator: Generator, number: int, exclusive: bool, device: torch.device) -> torch.Tensor | None:
    """The domain of picture ``number``, each in turn: an index [1], or a row of attributes [1, K]."""
    if not generator.domains:
        return None
    position = number % generator.domains
    if exclusive:
        return torch.tensor([position], device=device)
    return torch.eye(generator.domains, device=device)[[position]]
