"""Folders -> batches. Which samples a step sees, and how they are augmented, follows from seed and step alone.

So a resumed run needs no position or random state from its workers, and any number of workers gives the same batches.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from translate.augment import PairAugment, Sample, centre_crop, random_crop
from translate.config import Pix2PixConfig, TrainConfig
from translate.errors import PictureError, UserError
from translate.folders import Pair, match_pairs
from translate.images import load_rgb


class Key(NamedTuple):
    """Which sample of a data set, and the seed of its augmentation."""

    sample: int
    seed: int


def derived_seed(*numbers: int) -> int:
    """A seed from several numbers, such as the run's seed and a step, without correlation between neighbours."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


class StepSampler(Sampler[list[Key]]):
    """The keys of this process's share of every batch from ``first_step`` to ``last_step``.

    The stream of samples is one shuffled pass over the data after another; batches are cut from it without a gap.
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


class PairedDataset(Dataset[dict[str, Tensor]]):
    """Pairs of pictures; a sample is ``{"A": uint8 [3, H, W], "B": uint8 [3, H, W]}``, augmented by its key's seed."""

    def __init__(self, pairs: list[Pair], augment: PairAugment, *, swap: bool = False) -> None:
        self.pairs, self.augment, self.swap = pairs, augment, swap

    def __len__(self) -> int:
        return len(self.pairs)

    def load(self, index: int) -> Sample:
        """Both sides of a pair, RGB uint8 [H, W, 3]. Raises ``PictureError`` that names the file."""
        pair = self.pairs[index]
        if pair.side_by_side:
            both = load_rgb(pair.a)
            middle = both.shape[1] // 2
            a, b = both[:, :middle], both[:, middle : 2 * middle]
        else:
            a, b = load_rgb(pair.a), load_rgb(pair.b)
        if a.shape != b.shape:
            raise PictureError(f"{pair.b}: differs in size from {pair.a}")
        return {"A": b, "B": a} if self.swap else {"A": a, "B": b}

    def __getitem__(self, key: Key) -> dict[str, Tensor]:
        return {side: to_tensor(pixels) for side, pixels in self.augment(self.load(key.sample), seed=key.seed).items()}


def to_tensor(pixels: NDArray[np.uint8]) -> Tensor:
    """uint8 [H, W, 3] -> uint8 [3, H, W] of its own memory."""
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))


def load_pairs(config: Pix2PixConfig) -> tuple[PairedDataset, PairedDataset]:
    """The training pairs and the pairs of the validation grid, which are kept out of training.

    At most a fifth of the pairs is kept out; where that leaves none, the grid shows training pairs.
    """
    found = match_pairs(data=config.data, a=config.a, b=config.b)
    if found.problems:
        more = f" (and {len(found.problems) - 1} more)" if len(found.problems) > 1 else ""
        raise UserError(f"{found.problems[0]}{more}; `translate data check` lists all problems")
    held_out = min(config.val_pairs, len(found.pairs) // 5)
    every = len(found.pairs) // held_out if held_out else 0
    validation = [found.pairs[i * every] for i in range(held_out)]
    names = {pair.name for pair in validation}
    training = [pair for pair in found.pairs if pair.name not in names]
    swap = config.direction == "BtoA"
    return (
        PairedDataset(training, PairAugment(random_crop(config), jitter=config.jitter), swap=swap),
        PairedDataset(validation or training[: config.val_pairs], PairAugment(centre_crop(config)), swap=swap),
    )


def make_loader(
    dataset: PairedDataset, config: TrainConfig, *, first_step: int, last_step: int, rank: int, processes: int
) -> DataLoader[dict[str, Tensor]]:
    """Batches for the steps from ``first_step`` to ``last_step``, as this process of ``processes`` sees them."""
    sampler = StepSampler(
        len(dataset),
        batch_size=config.batch_size,
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
        worker_init_fn=_begin_worker,
        pin_memory=torch.cuda.is_available(),
        prefetch_factor=4 if config.workers else None,
    )


def _begin_worker(worker: int) -> None:
    """One thread each, as the workers run beside one another; and Ctrl-C is for the main process to carry out.

    A terminal sends it to the workers too: they have to go on serving until the run has saved where it is. SIGTERM
    keeps its meaning, as it is how the main process ends its workers.
    """
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
