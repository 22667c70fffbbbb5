from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader

from tests.helpers.pairs import tiny_settings, write_pairs
from translate.config import CycleGanConfig
from translate.data.datasets import load_unpaired
from translate.data.loader import Key, StepSampler, make_loader


def keys(first: int, last: int, *, rank: int = 0, processes: int = 1) -> list[list[Key]]:
    return list(StepSampler(5, batch_size=2, seed=3, first_step=first, last_step=last, rank=rank, processes=processes))


@pytest.fixture
def config(tmp_path: Path) -> CycleGanConfig:
    a, b = write_pairs(tmp_path)
    return CycleGanConfig.from_dict(tiny_settings(a, b, tmp_path / "run", quarter_turns=True, accumulate=2))


def test_the_sampler_covers_all_samples_each_epoch_and_starts_at_any_step() -> None:
    whole = keys(0, 10)
    flat = [key for batch in whole for key in batch]
    passes = [sorted(key.sample for key in flat[start : start + 5]) for start in range(0, 20, 5)]
    assert passes == [[0, 1, 2, 3, 4]] * 4
    assert [key.sample for key in flat[:5]] != [key.sample for key in flat[5:10]]  # shuffled anew
    assert len({key.seed for key in flat}) == 20
    assert keys(4, 10) == whole[4:]


def test_processes_share_the_global_batch() -> None:
    shares = [keys(0, 5, rank=rank, processes=2) for rank in (0, 1)]
    together = [key for first, second in zip(*shares, strict=True) for key in first + second]
    assert together == [key for batch in keys(0, 10) for key in batch]


@pytest.mark.slow
def test_workers_under_spawn_give_the_same_batches(config: CycleGanConfig) -> None:
    training = load_unpaired(config).training
    here = list(make_loader(training, config, first_step=0, last_step=3, rank=0, processes=1))
    sampler = StepSampler(len(training), batch_size=4, seed=config.seed, first_step=0, last_step=3)
    spawned = DataLoader(training, batch_sampler=sampler, num_workers=2, multiprocessing_context="spawn")
    for ours, theirs in zip(here, spawned, strict=True):
        assert ours.tensors["A"].shape == (4, 3, 24, 24)  # the samples of a step: two parts of two
        assert all(torch.equal(ours.tensors[side], theirs[side]) for side in "AB")


def test_a_loader_starts_at_any_step(config: CycleGanConfig) -> None:
    training = load_unpaired(config).training
    whole, rest = (
        list(make_loader(training, config, first_step=first, last_step=4, rank=0, processes=1)) for first in (0, 2)
    )
    for before, after in zip(whole[2:], rest, strict=True):
        assert all(torch.equal(before.tensors[side], after.tensors[side]) for side in "AB")
