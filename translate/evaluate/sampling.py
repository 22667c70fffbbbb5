"""Samplers in evaluations: their pictures, and real pictures as they were trained on, as files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from translate.data.conditions import rows_known
from translate.data.squares import middle_square
from translate.errors import UserError
from translate.evaluate.evaluation import Pictures
from translate.evaluate.extractors import Extractor
from translate.evaluate.features import PLAIN, Clock, features_of
from translate.evaluate.memorisation import Nearest, nearest_training
from translate.evaluate.models import is_folder
from translate.evaluate.set_metrics import Array
from translate.media.images import load_rgb
from translate.style.conditions import ConditionInfo, Row
from translate.style.latents import noise
from translate.style.sampler import Sampler
from translate.weights.checkpoint import find

BATCH = 64  # pictures made at a time


def write_samples(sample: Callable[[Sequence[int]], NDArray[np.uint8]], count: int, folder: Path) -> None:
    """Write ``count`` pictures of ``sample``, those of the seeds from 0, as PNG files named by their seeds."""
    folder.mkdir(parents=True, exist_ok=True)
    for start in range(0, count, BATCH):
        seeds = range(start, min(start + BATCH, count))
        for seed, picture in zip(seeds, sample(seeds), strict=True):
            Image.fromarray(picture).save(folder / f"{seed:06}.png", compress_level=1)


def by_conditions(sampler: Sampler, rows: Sequence[Row], count: int) -> Callable[[Sequence[int]], NDArray[np.uint8]]:
    """``sampler`` on the seeds below ``count``: each with one of ``rows``, all of them as often, or evenly spaced."""

    def pictures(seeds: Sequence[int]) -> NDArray[np.uint8]:
        chosen = [rows[seed * len(rows) // count] for seed in seeds]
        return sampler.with_rows(noise(seeds, sampler.info.z_dim), chosen)

    return pictures


def rows_to_draw(model: str, info: ConditionInfo, real: Path, source: Path | None) -> list[Row]:
    """The conditions of ``source``, for the pictures in ``real``; without it those that the run ``model`` learnt from.

    For classes of an exported file the subfolders of ``real`` serve. Raises ``UserError`` where there are none.
    """
    if source is not None:
        return rows_known(info, real, source)
    if is_folder(model):
        config = find(Path(model)).config
        images = Path(config["images"])
        return rows_known(info, images, images if info.kind == "classes" else Path(config[info.kind]))
    if info.kind == "classes":
        return rows_known(info, real, real)
    raise UserError(f"<conditions>: {model} makes pictures by {info.kind}; give those of the pictures in {real}")


def as_trained_on(pictures: Pictures, side: int, folder: Path) -> Pictures:
    """Middle squares of ``pictures`` of ``side`` pixels, in ``folder`` under the same names.

    A sampler is compared to what it can make: against larger pictures, most of the distance would be their detail.
    """
    paths = []
    for name, path in pictures.by_name().items():
        target = folder / f"{name}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(middle_square(load_rgb(path), side)).save(target, compress_level=1)
        paths.append(target)
    return Pictures(folder, paths)


@dataclass(frozen=True)
class Match:
    """The picture nearest to a sample."""

    path: Path
    distance: float  # in features


def nearest_pictures(samples: NDArray[np.uint8], data: Pictures, extractor: Extractor) -> list[Match]:
    """For each of ``samples``, uint8 [N, H, H, 3], the nearest picture of ``data``, even mirrored or shifted."""
    clock = Clock()
    with TemporaryDirectory() as scratch:
        real = as_trained_on(data, samples.shape[1], Path(scratch) / "real")
        made = [Path(scratch) / f"{number:06}.png" for number in range(len(samples))]
        for path, picture in zip(made, samples, strict=True):
            Image.fromarray(picture).save(path, compress_level=1)

        def of_samples(variant: str) -> Array:
            return features_of(made, extractor, clock, variant=variant).content

        found: Nearest = nearest_training(of_samples, features_of(real.paths, extractor, clock, variant=PLAIN).content)
        return [
            Match(data.paths[index], float(distance))
            for index, distance in zip(found.index, found.distance, strict=True)
        ]
