"""Samples -> batches. Seed and step alone determine which samples a step sees and how they are augmented.

So a resumed run needs no position or random state from its workers, and any number of workers gives the same batches.
"""

from __future__ import annotations

import signal
from abc import abstractmethod
from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from translate.config import TrainConfig
from translate.data.seeds import derived_seed


class Key(NamedTuple):
    """The index of a sample in its data set, and the seed of everything random about it, such as augmentation."""

    sample: int
    seed: int


class KeyedDataset(Dataset[dict[str, Tensor]]):
    """A data set whose samples, tensors by name, depend on their keys only."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __getitem__(self, key: Key) -> dict[str, Tensor]: ...


class StepSampler(Sampler[list[Key]]):
    """The keys of this process's share of every batch, for the steps from ``first_step`` to before ``last_step``.

    Shuffled passes over the data follow one another, and batches are cut from them without a gap.
    """

    def __init__(
        self,
        samples: int,
        *,
        batch_size: int,
        seed: int,
        first_step: int,
        last_step: int,
        rank: int = 0,
        processes: int = 1,
    ) -> None:
        self.samples, self.batch_size, self.seed = samples, batch_size, seed
        self.first_step, self.last_step = first_step, last_step
        self.rank, self.processes = rank, processes

    def __len__(self) -> int:
        return self.last_step - self.first_step

    def __iter__(self) -> Iterator[list[Key]]:
        epoch, order = -1, np.empty(0, np.int64)
        for step in range(self.first_step, self.last_step):
            start = (step * self.processes + self.rank) * self.batch_size
            keys = []
            for position in range(start, start + self.batch_size):
                if position // self.samples != epoch:
                    epoch = position // self.samples
                    order = np.random.default_rng([self.seed, epoch]).permutation(self.samples)
                keys.append(Key(int(order[position % self.samples]), derived_seed(self.seed, position)))
            yield keys


def make_loader(
    dataset: KeyedDataset, config: TrainConfig, *, first_step: int, last_step: int, rank: int, processes: int
) -> DataLoader[dict[str, Tensor]]:
    """This process's share of the batches for the steps from ``first_step`` to before ``last_step``."""
    sampler = StepSampler(
        len(dataset),
        batch_size=config.samples_per_step(),
        seed=config.seed,
        first_step=first_step,
        last_step=last_step,
        rank=rank,
        processes=processes,
    )
    return DataLoader(
        dataset,
        batch_sampler=sampler,
        num_workers=config.workers,
        worker_init_fn=_init_worker,
        pin_memory=torch.cuda.is_available(),
        prefetch_factor=4 if config.workers else None,
    )


def _init_worker(worker: int) -> None:
    """Use one thread, as the workers run in parallel, and leave Ctrl-C to the main process.

    A terminal sends it to the workers too, but they have to keep serving until the run has saved its state. SIGTERM
    still works: it is how the main process ends its workers.
    """
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
