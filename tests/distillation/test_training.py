"""Learning in rounds and refining: when it ends, how it goes on after a kill, what the two runs differ in."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageFilter

from tests.helpers.checkpoints import assert_same_checkpoint
from tests.helpers.pairs import picture
from translate.data.datasets import TrainingData
from translate.distillation import training
from translate.distillation.measures import HeldOut
from translate.distillation.plan import Plan
from translate.distillation.request import GENERATORS, DistillRequest
from translate.distillation.training import (
    Refined,
    edges_of,
    held_out_psnr,
    learn,
    read_rounds,
    refine,
    still_rising,
    verdict_of_learning,
)
from translate.errors import UserError
from translate.train import loop
from translate.train.log import RunLog
from translate.train.run import Run
from translate.weights import checkpoint

pytestmark = pytest.mark.slow

TINY = {"channels": 4, "wide_channels": 4, "dilations": [1]}
PLAN = Plan(
    scale=48,
    size="small",
    round_steps=2,
    max_rounds=3,
    precision="fp32",
    held_out=("x", "y"),
    seconds_per_step=0.1,
    crop=32,
    batch_size=2,
)


@pytest.fixture(autouse=True)
def tiny_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(GENERATORS, "small", TINY)


def silent(line: str) -> None:
    pass


def write(path: Path, seed: int, *, inverted: bool, width: int = 40, height: int = 36) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = picture(seed, width=width, height=height)
    Image.fromarray(255 - pixels if inverted else pixels).save(path)
    return path


def write_tiles(folder: Path, **size: int) -> Path:
    for seed in range(5):
        for side in ("A", "B"):
            write(folder / side / f"{seed}.png", seed, inverted=side == "B", **size)
    return folder


def write_held_out(folder: Path) -> HeldOut:
    return {
        name: (
            write(folder / f"{name}.png", seed, inverted=False, width=45, height=33),
            write(folder / f"{name}-drawn.png", seed, inverted=True, width=45, height=33),
        )
        for name, seed in {"x": 20, "y": 21}.items()
    }


def request_in(folder: Path) -> DistillRequest:
    return DistillRequest(photos=folder, output=folder / "style.onnx", pairs=folder)


def settings(run: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((run / "config.json").read_text())
    return found


def newest(run: Path) -> Path:
    return checkpoint.find(run).path


def measures_as(monkeypatch: pytest.MonkeyPatch, values: list[float]) -> None:
    """Let the rounds be worth ``values``, in dB."""
    given = iter(values)
    monkeypatch.setattr(training, "held_out_psnr", lambda run, held_out: next(given))


def test_rounds_end_when_the_held_out_pictures_get_no_better(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measures_as(monkeypatch, [20.0, 21.0, 21.05, 21.09, 21.08, 21.0, 30.0])
    looks: list[Sequence[Path]] = []
    monkeypatch.setattr(training, "ink_and_paper", looks.append)
    said: list[str] = []
    request, pairs = request_in(tmp_path), write_tiles(tmp_path / "pairs")
    plan, held_out = replace(PLAN, round_steps=1, max_rounds=9), write_held_out(tmp_path)
    assert learn(plan, request, pairs, held_out, said.append) == 6
    assert len(looks) == 1  # at the pictures, for all rounds
    assert read_rounds(request.work_folder / "rounds.json") == [20.0, 21.0, 21.05, 21.09, 21.08, 21.0]
    assert said[-1] == "round 6 of 9 at most: 21.00 dB on held-out photos"
    saved = settings(request.work_folder / "learn")
    assert (saved["schedule"], saved["gan_start"], saved["working_size"]) == ("constant", 1.0, 48)
    assert saved["generator_options"] == TINY | {"antialias": False}
    assert checkpoint.find(request.work_folder / "learn").step == 6
    assert learn(plan, request, pairs, held_out, said.append) == 6  # and trains no further when repeated
    assert len(said) == 6


@pytest.mark.parametrize(
    ("rounds", "rising"),
    [
        ([], True),
        ([20.0, 19.0, 18.0, 17.0], True),  # too early to tell
        ([20.0, 20.0, 20.05, 20.02, 20.09], False),
        ([20.0, 19.0, 20.1, 19.0, 19.0], True),
        ([20.0, 25.0, 24.0, 24.9, 25.0, 25.05], False),
        ([20.0, 25.0, 24.0, 24.9, 25.2, 24.0], True),
    ],
)
def test_what_counts_as_rising(rounds: list[float], rising: bool) -> None:
    assert still_rising(rounds) is rising


def test_the_most_rounds_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measures_as(monkeypatch, [20.0, 21.0, 22.0])
    steps = learn(
        replace(PLAN, max_rounds=2),
        request_in(tmp_path),
        write_tiles(tmp_path / "pairs"),
        write_held_out(tmp_path),
        silent,
    )
    assert steps == 4


DIE = """
import os, signal, sys
from tests.distillation import test_training as it
from translate.data.datasets import TrainingData
from translate.distillation import training
when, write = sys.argv[2], training.write_atomically
def write_and_die(*arguments):
    if when == "after":
        write(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
training.write_atomically = write_and_die
it.GENERATORS["small"] = it.TINY
folder = it.Path(sys.argv[1])
it.learn(it.PLAN, it.request_in(folder), folder / "pairs", it.write_held_out(folder), print)
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_between_rounds_changes_nothing(tmp_path: Path, when: str) -> None:
    """Before or after the first round is recorded, when its last checkpoint is there."""
    results = {}
    for name in ("whole", "killed"):
        folder = tmp_path / name
        pairs, held_out = write_tiles(folder / "pairs"), write_held_out(folder)
        if name == "killed":
            command = [sys.executable, "-c", DIE, str(folder), when]
            died = subprocess.run(
                command, check=False, timeout=120, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
            )
            assert died.returncode == -signal.SIGKILL
        request = request_in(folder)
        steps = learn(PLAN, request, pairs, held_out, silent)
        run = refine(PLAN, request, pairs, held_out, steps, silent).run
        results[name] = (steps, read_rounds(request.work_folder / "rounds.json"), request.work_folder / "learn", run)
    whole, killed = results["whole"], results["killed"]
    assert whole[:2] == killed[:2]
    for one, other in zip(whole[2:], killed[2:], strict=True):
        assert newest(one).name == newest(other).name
        assert_same_checkpoint(newest(one), newest(other))


def blurred(held_out: HeldOut) -> HeldOut:
    """The photos, and so what a style that hardly learnt makes of them, are less crisp than the target pictures."""
    for photo, _ in held_out.values():
        Image.open(photo).filter(ImageFilter.GaussianBlur(3)).save(photo)
    return held_out


def test_refining_starts_from_what_was_learnt_and_has_a_discriminator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, pairs = request_in(tmp_path), write_tiles(tmp_path / "pairs")
    held_out = blurred(write_held_out(tmp_path))
    learnt = learn(replace(PLAN, max_rounds=1), request, pairs, held_out, silent)
    source = checkpoint.find(request.work_folder / "learn")
    started: list[bool] = []
    fit = loop.fit

    def seen(run: Run, data: TrainingData, log: RunLog) -> None:
        modules, expected = run.method.modules(), source.weights("generator_ema")
        started.append(
            all(torch.equal(tensor, expected[name]) for name, tensor in modules["generator"].state_dict().items())
        )
        fit(run, data, log)

    monkeypatch.setattr(loop, "fit", seen)
    said: list[str] = []
    refined = refine(PLAN, request, pairs, held_out, 6, said.append)
    assert learnt == 2 and refined == Refined(request.work_folder / "refine", 4, adversarial=True)
    assert started == [True]
    edges = edges_of(request.work_folder / "learn", held_out)
    assert said == [f"edge energy is {edges:.0%} of the target pictures'; refining: 4 steps with a discriminator"]
    last = checkpoint.find(refined.run)
    assert last.step == 4
    saved = settings(refined.run)
    assert (saved["schedule"], saved["gan_start"], saved["objective"]) == ("cosine", 0.0, "relativistic")
    assert saved["generator_options"] == TINY | {"antialias": True}
    assert saved["discriminator_options"] == {"channels": 16, "norm": "none"}  # the preset's
    before, after = source.weights("discriminator"), last.weights("discriminator")
    assert any(not torch.equal(before[name], after[name]) for name in before)
    monkeypatch.chdir(tmp_path)
    relative = replace(request, output=Path("style.onnx"))
    resumed = refine(PLAN, relative, pairs, held_out, 6, silent)
    assert resumed == replace(refined, run=Path("style.distill/refine"))  # by another path


def test_what_is_crisp_is_refined_without_a_discriminator(tmp_path: Path) -> None:
    request, pairs, held_out = request_in(tmp_path), write_tiles(tmp_path / "pairs"), write_held_out(tmp_path)
    learnt = learn(replace(PLAN, max_rounds=1), request, pairs, held_out, silent)
    said: list[str] = []
    refined = refine(PLAN, request, pairs, held_out, learnt, said.append)
    assert not refined.adversarial and said[0].endswith("; refining: 1 steps at a falling rate")
    saved = settings(refined.run)
    assert (saved["schedule"], saved["gan_start"]) == ("cosine", 1.0)
    assert saved["generator_options"] == TINY | {"antialias": False}
    before, after = (checkpoint.find(run) for run in (request.work_folder / "learn", refined.run))
    untrained, unused = before.weights("discriminator"), after.weights("discriminator")
    assert any(
        not torch.equal(before.weights("generator_ema")[name], tensor)
        for name, tensor in after.weights("generator").items()
    )
    assert all(torch.equal(untrained[name], unused[name]) for name in untrained)


def test_edges_of_blurred_pictures_have_less_energy(tmp_path: Path) -> None:
    request, pairs = request_in(tmp_path), write_tiles(tmp_path / "pairs")
    held_out = write_held_out(tmp_path)
    learn(replace(PLAN, max_rounds=1), request, pairs, held_out, silent)
    run = request.work_folder / "learn"
    crisp = edges_of(run, held_out)
    assert 0.8 < crisp < 1.2
    assert edges_of(run, blurred(held_out)) < 0.5 * crisp


def test_the_discriminator_takes_no_part_in_learning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measures_as(monkeypatch, [20.0, 21.0])
    request = request_in(tmp_path)
    arguments = (request, write_tiles(tmp_path / "pairs"), write_held_out(tmp_path), silent)
    weights = []
    for rounds in (1, 2):
        learn(replace(PLAN, max_rounds=rounds), *arguments)
        found = checkpoint.find(request.work_folder / "learn")
        weights.append((found.weights("discriminator"), found.weights("generator_ema")))
    (untrained, before), (still_untrained, after) = weights
    assert all(torch.equal(untrained[name], still_untrained[name]) for name in untrained)
    assert any(not torch.equal(before[name], after[name]) for name in before)


def test_tiles_smaller_than_the_crop_serve(tmp_path: Path) -> None:
    pairs = write_tiles(tmp_path / "pairs", width=20, height=12)
    assert learn(replace(PLAN, max_rounds=1), request_in(tmp_path), pairs, write_held_out(tmp_path), silent) == 2


def test_a_damaged_or_lost_record_is_one_line(tmp_path: Path) -> None:
    request, pairs, held_out = request_in(tmp_path), write_tiles(tmp_path / "pairs"), write_held_out(tmp_path)
    learn(replace(PLAN, max_rounds=2), request, pairs, held_out, silent)
    record = request.work_folder / "rounds.json"
    for content in ("[20.0, ", '["20"]', "{}"):
        record.write_text(content)
        with pytest.raises(UserError, match=r"rounds\.json: is damaged; remove it and"):
            learn(PLAN, request, pairs, held_out, silent)
    record.unlink()
    with pytest.raises(UserError, match=r"rounds\.json: lacks rounds of .*learn; remove both"):
        learn(PLAN, request, pairs, held_out, silent)
    shutil.rmtree(request.work_folder / "learn")
    assert learn(replace(PLAN, max_rounds=1), request, pairs, held_out, silent) == 2
    with pytest.raises(UserError, match="none of the photos held out to measure has a picture"):
        learn(PLAN, request, pairs, {}, silent)


def test_the_psnr_is_of_the_averaged_generator(tmp_path: Path) -> None:
    """A new `mobile` network leaves a photo almost as it is."""
    request, pairs, held_out = request_in(tmp_path), write_tiles(tmp_path / "pairs"), write_held_out(tmp_path)
    learn(replace(PLAN, round_steps=1, max_rounds=1), request, pairs, held_out, silent)
    run = request.work_folder / "learn"
    unchanged = {name: (photo, photo) for name, (photo, _) in held_out.items()}
    assert 20 < held_out_psnr(run, unchanged) <= 60
    assert held_out_psnr(run, held_out) < 15
    assert read_rounds(request.work_folder / "rounds.json") == [held_out_psnr(run, held_out)]


def test_pictures_that_do_not_follow_from_the_photos_are_told() -> None:
    class Values:
        photo_psnr_db = 18.0

        def __init__(self, psnr_db: float) -> None:
            self.psnr_db = psnr_db

    (warning,) = verdict_of_learning(Values(18.9))  # type: ignore[arg-type]
    assert "+0.9 dB" in warning and "not follow from the photos" in warning
    assert verdict_of_learning(Values(19.0)) == []  # type: ignore[arg-type]
