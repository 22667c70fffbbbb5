"""One step of training: what it sees, what it draws at random, what it minimises."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from accelerate import Accelerator
from torch import Tensor

from translate.config import TrainConfig
from translate.data.seeds import derived_seed

Batch = Mapping[str, Tensor]  # pictures float [N, 3, H, W] in [-1, 1] by name, labels float [N, K]


@dataclass(frozen=True)
class StepContext:
    """Where in the run a step is, and which samples of the global batch one part of it has.

    The global batch is what one step trains on, over all processes and accumulated parts. Random numbers are drawn
    for all of it and cut to the part's samples, so they do not depend on how the batch is divided.
    """

    seed: int
    step: int
    progress: float  # share of the run that is done
    total: int  # samples of the global batch
    samples: range  # positions in it of this part's samples

    def parts(self, count: int) -> list[StepContext]:
        """The contexts of ``count`` parts of equal size."""
        size = len(self.samples) // count
        starts = range(self.samples.start, self.samples.stop, size)
        return [replace(self, samples=range(start, start + size)) for start in starts]

    def generator(self, purpose: str) -> torch.Generator:
        """A random generator on the CPU for ``purpose``, the same in all processes and parts."""
        return torch.Generator().manual_seed(derived_seed(self.seed, self.step, zlib.crc32(purpose.encode())))

    def uniform(self, purpose: str, *shape: int) -> Tensor:
        """Numbers from [0, 1), float [N, *shape] for the N samples of the part, on the CPU."""
        drawn = torch.rand(self.total, *shape, generator=self.generator(purpose))
        return drawn[self.samples.start : self.samples.stop]

    def normal(self, purpose: str, *shape: int) -> Tensor:
        """Numbers from the standard normal distribution, float [N, *shape], otherwise as `uniform`."""
        drawn = torch.randn(self.total, *shape, generator=self.generator(purpose))
        return drawn[self.samples.start : self.samples.stop]


def step_context(config: TrainConfig, accelerator: Accelerator, *, step: int, progress: float) -> StepContext:
    """The context of all samples that this process has of the step."""
    own = config.samples_per_step()
    first = accelerator.process_index * own
    return StepContext(config.seed, step, progress, own * accelerator.num_processes, range(first, first + own))


@dataclass(frozen=True)
class Terms:
    """What the generators or the discriminators minimise, the sum of ``losses``, and other scalars to log."""

    losses: dict[str, Tensor] = field(default_factory=dict)
    metrics: dict[str, Tensor] = field(default_factory=dict)

    def __add__(self, other: Terms) -> Terms:
        return Terms(self.losses | other.losses, self.metrics | other.metrics)
