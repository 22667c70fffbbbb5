"""Augmentation of batches on the device: what moves together, what repeats, what is left alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.helpers.pairs import TINY, tiny_config, tiny_run
from translate.config import METRICS_NAME
from translate.train.batch_augment import BatchAugment
from translate.train.loop import train
from translate.train.step import StepContext


def context(samples: range = range(8), *, step: int = 0) -> StepContext:
    return StepContext(seed=0, step=step, progress=0.0, total=8, samples=samples)


def augment(tmp_path: Path, *groups: tuple[str, ...], jitter: float = 0.0, **changes: object) -> BatchAugment:
    settings = {"flip": False, "quarter_turns": False, "rotate": 0.0} | changes
    return BatchAugment(tiny_config(tmp_path, tmp_path, tmp_path, **settings), groups, jitter=jitter)


@pytest.fixture
def images() -> Tensor:
    return torch.rand(8, 3, 12, 12, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_each_sample_is_mirrored_or_not(tmp_path: Path, images: Tensor) -> None:
    moved = augment(tmp_path, ("A",), flip=True)({"A": images}, context())["A"]
    kinds = {
        "same" if torch.equal(new, old) else "mirrored" if torch.equal(new, old.flip(2)) else "other"
        for new, old in zip(moved, images, strict=True)
    }
    assert kinds == {"same", "mirrored"}


def test_turns_and_rotation_keep_a_group_together(tmp_path: Path, images: Tensor) -> None:
    everything = {"flip": True, "quarter_turns": True, "rotate": 30.0}
    together = augment(tmp_path, ("A", "B"), **everything)({"A": images, "B": -images}, context())
    assert torch.allclose(together["A"], -together["B"], atol=1e-5)
    apart = augment(tmp_path, ("A",), ("B",), **everything)({"A": images, "B": -images}, context())
    assert not torch.allclose(apart["A"], -apart["B"], atol=0.1)
    assert together["A"].abs().max() <= 1 + 1e-5


def test_draws_repeat_and_do_not_depend_on_the_division_of_the_batch(tmp_path: Path, images: Tensor) -> None:
    move = augment(tmp_path, ("A",), jitter=0.3, flip=True, quarter_turns=True, rotate=10.0)
    whole = move({"A": images}, context())["A"]
    half = move({"A": images[4:]}, context(range(4, 8)))["A"]
    assert torch.allclose(whole[4:], half, atol=1e-5)
    assert not torch.allclose(whole, move({"A": images}, context(step=1))["A"], atol=0.1)


def test_jitter_changes_only_the_first_of_a_group(tmp_path: Path, images: Tensor) -> None:
    labels = torch.eye(8)
    found = augment(tmp_path, ("A", "B"), jitter=0.5)({"A": images, "B": images, "domain": labels}, context())
    assert torch.equal(found["B"], images) and torch.equal(found["domain"], labels)
    assert not torch.allclose(found["A"], images, atol=0.1)
    assert found["A"].min() >= -1 and found["A"].max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(TINY))
def test_every_method_trains_with_it(name: str, tmp_path: Path) -> None:
    def losses(run: str, **changes: object) -> list[float]:
        train(tiny_run(name, tmp_path, tmp_path / run, steps=2, augment_on="device", **changes))
        lines = [json.loads(line) for line in (tmp_path / run / METRICS_NAME).read_text().splitlines()]
        return [
            sum(value for key, value in line.items() if "/" in key)
            for line in lines
            if {"D/gradient", "G/gradient"} & line.keys()
        ]

    plain, turned = losses("plain", flip=False), losses("turned", flip=False, quarter_turns=True, rotate=5.0)
    assert len(plain) == len(turned) == 2 and np.isfinite(turned).all() and plain != turned
