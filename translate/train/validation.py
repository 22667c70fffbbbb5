"""The validation grid of a run, and its metrics."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import default_collate

from translate.data.datasets import TrainingData
from translate.data.loader import Key, KeyedDataset
from translate.media.images import from_signed_unit
from translate.train.devices import to_device
from translate.train.log import RunLog
from translate.train.methods.base import Method
from translate.train.step import Batch


def draw_validation(method: Method, data: TrainingData, log: RunLog, step: int) -> dict[str, float]:
    """Draw a grid with a row per validation sample, by the averaged generators; returns the validation metrics.

    The same metrics on as many training samples, ``train/`` instead of ``val/``, show what is only memorised.
    ``val/diversity`` and ``val/variety`` are the spread of the translated pictures relative to that of their inputs and
    of real target pictures.
    Every process computes it, so that none runs ahead of the others; only the first writes.
    """
    if len(data.validation) == 0:
        return {}
    batch, columns, metrics = validate(method, data.validation)
    if len(columns[0]) > 1:
        translated = spread(columns[1])
        metrics["val/diversity"] = float(translated / spread(columns[0]).clamp_min(1e-6))
        if "B" in batch:
            metrics["val/variety"] = float(translated / spread(batch["B"]).clamp_min(1e-6))
    if len(data.train_subset):
        _, _, seen = validate(method, data.train_subset)
        metrics |= {name.replace("val/", "train/"): value for name, value in seen.items()}
    grid = from_signed_unit(torch.cat(columns, dim=3))  # [N, 3, H, columns x W]
    log.write_validation(step, grid.to(torch.uint8).permute(0, 2, 3, 1).cpu(), metrics)
    return metrics


def validate(method: Method, samples: KeyedDataset) -> tuple[Batch, list[Tensor], dict[str, float]]:
    """All of ``samples`` as one batch, the grid's columns, float [N, 3, H, W] in [-1, 1], and the method's metrics."""
    whole = default_collate([samples[Key(index, 0)] for index in range(len(samples))])
    batch = to_device(whole, method.accelerator.device, channels_last=False)
    columns, metrics = method.validate(batch)
    return batch, [column.float().clamp(-1, 1) for column in columns], metrics


def spread(pictures: Tensor) -> Tensor:
    """The spread of pictures, float [N, 3, H, W]: the standard deviation over N of each value at 16x16, averaged."""
    return F.adaptive_avg_pool2d(pictures, 16).std(dim=0).mean()
