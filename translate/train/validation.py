"""The validation grid of a run, and its metrics."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import default_collate

from translate.data.datasets import TrainingData
from translate.data.loader import Key, KeyedDataset
from translate.media.images import from_signed_unit
from translate.media.sheet import Cell, draw_sheet
from translate.train.devices import to_device
from translate.train.log import RunLog
from translate.train.methods.base import Method
from translate.train.step import Batch

FIRST_GRIDS = (0, 10, 30, 100, 300)  # steps of grids before those of --sample-every: the first look at a run
VISIBLE_SIDE = 192  # pixels: smaller pictures are enlarged in the grid


def grid_due(step: int, *, every: int, last_step: int) -> bool:
    """Whether a grid is to be drawn after ``step``: early ones, then each ``every`` steps, and the last; 0: none."""
    return every > 0 and (step % every == 0 or step == last_step or (step < every and step in FIRST_GRIDS))


def draw_validation(method: Method, data: TrainingData, log: RunLog, step: int) -> dict[str, float]:
    """Draw a grid with a row per validation sample, by the averaged generators; returns the validation metrics.

    The same metrics on as many training samples, ``train/`` instead of ``val/``, show what is only memorised.
    ``val/diversity`` and ``val/variety`` are the spread of the translated pictures relative to that of their inputs and
    of real target pictures.
    Every process computes it, so that none runs ahead of the others; only the first writes.
    """
    if len(data.validation) == 0:
        return {}
    start = time.perf_counter()
    batch, columns, metrics = validate(method, data.validation)
    if len(columns[0]) > 1:
        translated = spread(columns[1])
        metrics["val/diversity"] = float(translated / spread(columns[0]).clamp_min(1e-6))
        if "B" in batch:
            metrics["val/variety"] = float(translated / spread(batch["B"]).clamp_min(1e-6))
    if len(data.train_subset):
        _, _, seen = validate(method, data.train_subset)
        metrics |= {name.replace("val/", "train/"): value for name, value in seen.items()}
    grid = draw_grid(columns, method.column_titles())
    log.write_validation(step, grid, metrics, seconds=time.perf_counter() - start)
    return metrics


def draw_grid(columns: Sequence[Tensor], titles: Sequence[str]) -> NDArray[np.uint8]:
    """Columns, float [N, 3, H, W] in [-1, 1], under their titles: uint8 RGB [height, width, 3].

    Pictures smaller than `VISIBLE_SIDE` are enlarged by whole factors.
    """
    factor = -(-VISIBLE_SIDE // min(columns[0].shape[2:]))
    drawn = [from_signed_unit(column).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy() for column in columns]
    enlarged = [pictures.repeat(factor, axis=1).repeat(factor, axis=2) for pictures in drawn]
    rows = [[Cell(picture) for picture in row] for row in zip(*enlarged, strict=True)]
    return draw_sheet([[Cell(lines=[title]) for title in titles], *rows])


def validate(method: Method, samples: KeyedDataset) -> tuple[Batch, list[Tensor], dict[str, float]]:
    """All of ``samples`` as one batch, the grid's columns, float [N, 3, H, W] in [-1, 1], and the method's metrics."""
    whole = default_collate([samples[Key(index, 0)] for index in range(len(samples))])
    batch = to_device(whole, method.accelerator.device, channels_last=False)
    columns, metrics = method.validate(batch)
    return batch, [column.float().clamp(-1, 1) for column in columns], metrics


def spread(pictures: Tensor) -> Tensor:
    """The spread of pictures, float [N, 3, H, W]: the standard deviation over N of each value at 16x16, averaged."""
    return F.adaptive_avg_pool2d(pictures, 16).std(dim=0).mean()
