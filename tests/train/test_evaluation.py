"""Evaluation while training: what is logged, which checkpoint is kept, when a run ends early."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models import Generator, build_generator
from tests.helpers.pairs import tiny_config, write_pairs
from tests.helpers.pictures import draw_photo
from translate.config import Pix2PixConfig
from translate.errors import UserError
from translate.evaluate.evaluation import Pictures
from translate.train.evaluation import RunEvaluation, domain_in_turn, translate_pictures
from translate.train.loop import train
from translate.weights import checkpoint
from translate.weights.checkpoint import load_generator

pytestmark = pytest.mark.slow


def config_of(folder: Path, **changes: object) -> Pix2PixConfig:
    a, b = write_pairs(folder)
    return tiny_config(a, b, folder / "run", **{"eval_every": 2, "eval_photos": a, "eval_real": b} | changes)


def logged(config: Pix2PixConfig, name: str) -> dict[int, float]:
    lines = map(json.loads, (config.out / "metrics.jsonl").read_text().splitlines())
    return {line["step"]: line[name] for line in lines if name in line}


def test_metrics_are_logged_and_the_best_checkpoint_is_kept(tmp_path: Path) -> None:
    config = config_of(tmp_path, steps=5)
    train(config)
    distances = logged(config, "eval/kid")
    assert list(distances) == [2, 4, 5]
    assert logged(config, "eval/fid").keys() == logged(config, "eval/coverage").keys() == distances.keys()
    (best,) = checkpoint.checkpoints(config.out / "best")
    assert distances[best.step] == min(distances.values())
    generator, found = load_generator(config.out / "best")
    assert found.step == best.step and isinstance(generator, Generator)


def script(monkeypatch: pytest.MonkeyPatch, values: list[float]) -> list[float]:
    """Have evaluations find ``values`` in turn; returns those that are left."""

    def found(self: RunEvaluation, generator: Generator, *, exclusive: bool) -> dict[str, float]:
        assert not generator.training
        return self.record({"kid": values.pop(0)})

    monkeypatch.setattr(RunEvaluation, "__call__", found)
    return values


def test_a_run_ends_when_nothing_improves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    config = config_of(tmp_path, steps=40, eval_patience=2)
    left = script(monkeypatch, [0.3, 0.1, 0.2, 0.15, 0.05])
    train(config)
    assert list(logged(config, "eval/kid").values()) == [0.3, 0.1, 0.2, 0.15] and left == [0.05]
    assert checkpoint.find(config.out).step == 8
    assert "ended early at step 8: 2 evaluations were no better" in capfd.readouterr().err
    assert checkpoint.find(config.out / "best").step == 4
    train(config)  # repeated, it stays ended
    assert checkpoint.find(config.out).step == 8 and left == [0.05]
    train(config_of(tmp_path, steps=10, eval_patience=0))  # and goes on where the settings now want it to
    assert checkpoint.find(config.out / "best").step == 10 and not left


def test_a_resumed_run_remembers_the_best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, [0.1, 0.2, 0.3, 0.05])
    train(config_of(tmp_path, steps=2))
    train(config_of(tmp_path, steps=6))
    assert checkpoint.find(tmp_path / "run" / "best").step == 2
    train(config_of(tmp_path, steps=8))
    assert checkpoint.find(tmp_path / "run" / "best").step == 8


def test_for_some_metrics_higher_is_better(tmp_path: Path) -> None:
    evaluation = RunEvaluation(config_of(tmp_path, best_by="recall"))
    best = []
    for value in (0.2, float("nan"), 0.5, 0.4):
        evaluation.record({"recall": value})
        best.append(evaluation.is_best)
    assert best == [True, False, True, False]


def test_evaluating_changes_no_step(tmp_path: Path) -> None:
    a, b = write_pairs(tmp_path)
    for name, changes in (("with", {"eval_every": 1, "eval_photos": a, "eval_real": b}), ("without", {})):
        train(tiny_config(a, b, tmp_path / name, steps=2, **changes))
    one, other = (checkpoint.find(tmp_path / name).weights("generator") for name in ("with", "without"))
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_photos_are_translated_one_by_one_in_their_sizes(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "out").mkdir()
    for number, size in enumerate(((61, 47), (30, 80))):
        Image.fromarray(draw_photo(*size)).save(tmp_path / "photos" / f"{number}.png")
    torch.manual_seed(0)
    generator = build_generator("mobile", channels=8, wide_channels=8, dilations=[1], fine_dilations=[1], domains=2)
    pictures = Pictures.below(tmp_path / "photos", least=1)
    translate_pictures(generator.eval(), pictures, tmp_path / "out", exclusive=True)
    for source, result in zip(pictures.paths, sorted((tmp_path / "out").iterdir()), strict=True):
        before, after = (np.asarray(Image.open(path)) for path in (source, result))
        assert before.shape == after.shape and not np.array_equal(before, after)
    device = torch.device("cpu")
    turns = [domain_in_turn(generator, number, True, device) for number in range(3)]
    assert [None if turn is None else turn.tolist() for turn in turns] == [[0], [1], [0]]
    labels = domain_in_turn(generator, 1, False, device)
    assert labels is not None and labels.tolist() == [[0, 1]]


def test_what_is_refused(tmp_path: Path) -> None:
    a, b = write_pairs(tmp_path)
    with pytest.raises(UserError, match="eval_every 5: needs eval_photos DIR and eval_real DIR"):
        tiny_config(a, b, tmp_path / "run", eval_every=5, eval_photos=a)
    with pytest.raises(UserError, match="best_by beauty"):
        tiny_config(a, b, tmp_path / "run", best_by="beauty")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="empty: holds 0 pictures"):
        train(tiny_config(a, b, tmp_path / "run", eval_every=5, eval_photos=a, eval_real=tmp_path / "empty"))
