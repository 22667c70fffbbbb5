"""Samples -> batches. Seed and step alone determine which samples a step sees and how they are augmented.

So a resumed run needs no position or random state from its workers, and any number of workers gives the same batches.
"""

from __future__ import annotations

import signal
from abc import abstractmethod
from collections.abc import Iterator
from traceback import clear_frames
from types import FrameType
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler, default_collate

from translate.config import TrainConfig
from translate.data.seeds import derived_seed
from translate.errors import PictureError

GRACE_S = 60.0  # in which the main process finishes its step and saves
ATTEMPTS = 10  # at another sample in the place of an unreadable one; that many bad ones in a row are no accident


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


class LoadedBatch(NamedTuple):
    """A batch, tensors by name, and a marked text (`translate.errors`) for each picture that could not be read."""

    tensors: dict[str, Tensor]
    unreadable: list[str]


class ReplacingDataset(Dataset[tuple[dict[str, Tensor], list[str]]]):
    """The samples of ``dataset``; in the place of one that cannot be read another, which depends on its key only.

    With each sample come the texts of the errors met. Raises the last ``PictureError`` after `ATTEMPTS`.
    """

    def __init__(self, dataset: KeyedDataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, key: Key) -> tuple[dict[str, Tensor], list[str]]:
        unreadable: list[str] = []
        while True:
            try:
                return self.dataset[key], unreadable
            except PictureError as error:
                unreadable.append(error.marked)
                if len(unreadable) == ATTEMPTS:
                    raise
                key = Key(derived_seed(key.seed, len(unreadable)) % len(self), derived_seed(key.seed, 0))


def collate(samples: list[tuple[dict[str, Tensor], list[str]]]) -> LoadedBatch:
    tensors, errors = zip(*samples, strict=True)
    return LoadedBatch(default_collate(list(tensors)), [text for texts in errors for text in texts])


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
) -> DataLoader[tuple[dict[str, Tensor], list[str]]]:
    """This process's share of the batches for the steps from ``first_step`` to before ``last_step``: `LoadedBatch`."""
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
        ReplacingDataset(dataset),
        batch_sampler=sampler,
        collate_fn=collate,
        num_workers=config.workers,
        worker_init_fn=_init_worker,
        pin_memory=torch.cuda.is_available(),
        prefetch_factor=4 if config.workers else None,
    )


class Batches:
    """The batches of a loader, in order. ``close`` ends its workers at once, however a run ends.

    At the end of the process they would be ended by signals instead, which they leave to the main process at first.
    """

    def __init__(self, loader: DataLoader[tuple[dict[str, Tensor], list[str]]]) -> None:
        self._iterator: Iterator[LoadedBatch] | None = iter(loader)

    def next(self) -> LoadedBatch:
        """The next batch; where no picture could be read in the place of another, a ``PictureError`` that names one."""
        assert self._iterator is not None  # not closed
        try:
            return next(self._iterator)
        except Exception as error:
            clear_frames(error.__traceback__)  # they would keep the iterator alive, and so its workers
            if not isinstance(error, PictureError):
                raise
            reason = error.marked.rstrip().rpartition("PictureError: ")[2]  # before it is a worker's traceback
            raise PictureError(f"{reason}; `translate data check` finds all such files") from error

    def close(self) -> None:
        self._iterator = None  # its finaliser ends the workers


def _init_worker(worker: int) -> None:
    """Use one thread, as the workers run in parallel, and leave Ctrl-C to the main process.

    A terminal sends it to the workers too, but they have to keep serving until the run has saved its state. A service
    manager does so with SIGTERM, which therefore ends a worker only after `GRACE_S`, or the second time: it is also how
    the main process ends workers that hang.
    """
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _left_to_the_main_process)


def _left_to_the_main_process(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, GRACE_S)  # SIGALRM ends the process then; two signals may arrive as one
