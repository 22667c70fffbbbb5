"""What is decided before training: scale, network, steps, precision, the photos held out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from tests.helpers.pairs import picture
from translate.distillation import plan as module
from translate.distillation.plan import (
    BATCH_SIZE,
    MIN_STEPS,
    Plan,
    choose_precision,
    choose_scale,
    duration,
    load_or_make_plan,
    make_plan,
    measured_speed,
    refining_steps,
    rounds_within,
    split,
    steps_within,
)
from translate.distillation.request import GENERATORS, DistillRequest, Size
from translate.errors import UserError
from translate.train.methods.pix2pix import Pix2Pix

PLAN = Plan(
    scale=768,
    size="medium",
    round_steps=500,
    max_rounds=20,
    precision="fp32",
    held_out=("a", "b/c", "d\udcff"),
    seconds_per_step=0.5,
)
NAMES = [f"photo-{number}" for number in range(300)]
SECONDS: dict[Size, float] = {"small": 0.1, "medium": 0.2, "large": 0.5}


@pytest.fixture
def known_speed(monkeypatch: pytest.MonkeyPatch) -> list[Size]:
    """Takes ``SECONDS`` per step; the sizes that were measured."""
    measured: list[Size] = []

    def speed(size: Size, precision: str, crop: int, batch_size: int) -> float:
        measured.append(size)
        return SECONDS[size]

    monkeypatch.setattr(module, "measured_speed", speed)
    monkeypatch.setattr(module, "choose_precision", lambda: "fp32")
    return measured


def request_of(folder: Path = Path("photos"), **given: Any) -> DistillRequest:
    return DistillRequest(photos=folder, output=folder / "style.onnx", pairs=folder, **given)


def test_a_plan_outlives_its_file(tmp_path: Path) -> None:
    plan = replace(PLAN, minutes=30, max_steps=70)
    plan.write(tmp_path / "work" / "plan.json")
    assert Plan.read(tmp_path / "work" / "plan.json") == plan


@pytest.mark.parametrize(
    "damage",
    [
        {"size": "huge"},
        {"round_steps": 0},
        {"round_steps": 1.5},
        {"held_out": [1]},
        {"held_out": None},
        {"precision": "fp8"},
        {"seconds_per_step": "fast"},
        {"seconds_per_step": float("nan")},
        {"minutes": -1},
        {"unknown": 1},
        None,
        "[" * 100_000,
        "[]",
        "",
    ],
)
def test_a_damaged_plan_is_one_line(tmp_path: Path, damage: dict[str, object] | str | None) -> None:
    path = tmp_path / "plan.json"
    PLAN.write(path)
    whole = json.loads(path.read_text())
    if isinstance(damage, dict):
        path.write_text(json.dumps(whole | damage))
    elif isinstance(damage, str):
        path.write_text(damage)
    else:
        path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UserError) as caught:
        Plan.read(path)
    assert str(caught.value) == f"{path}: is damaged; remove it, and repeat the command to plan again"


def test_about_a_tenth_is_held_out() -> None:
    assert 15 <= len(split(NAMES, 0)) <= 45
    assert split(NAMES, 0) == split(NAMES[::-1], 0) == tuple(sorted(split(NAMES, 0)))
    assert split(NAMES, 0) != split(NAMES, 1)
    assert len(split(NAMES[:12], 0)) == 3
    assert len(split([f"{number}" for number in range(3000)], 0)) == 40


@pytest.mark.parametrize("seed", range(3))
def test_photos_added_later_move_none_from_training_to_held_out(seed: int) -> None:
    for fewer, more in ((12, 20), (20, 120), (120, 300)):
        before, after = set(split(NAMES[:fewer], seed)), set(split(NAMES[:more], seed))
        assert after & set(NAMES[:fewer]) <= before
    assert set(split(NAMES[:120], seed)) <= set(split(NAMES, seed))  # between the limits nothing moves at all


@pytest.mark.parametrize(
    ("sizes", "scale"),
    [
        ([(4000, 3000)] * 3, 768),
        ([(600, 300), (300, 500), (9000, 10)], 600),
        ([(300, 517)], 512),
        ([(3, 5)], 8),
    ],
)
def test_scale_is_that_of_the_photos_up_to_a_limit(sizes: list[tuple[int, int]], scale: int) -> None:
    assert choose_scale(sizes) == scale


@pytest.mark.parametrize("fast", [True, False])
def test_bf16_only_where_the_device_has_it(monkeypatch: pytest.MonkeyPatch, fast: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(module, "bf16_is_fast", lambda: fast)
    assert choose_precision() == ("bf16" if fast else "fp32")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: not fast)
    assert choose_precision() == ("fp32" if fast else "bf16")


@pytest.mark.parametrize(
    ("minutes", "size"), [(1, "small"), (9, "small"), (13, "medium"), (29, "large"), (600, "large")]
)
def test_minutes_choose_the_size_and_the_rounds(known_speed: list[Size], minutes: float, size: Size) -> None:
    plan = make_plan(request_of(minutes=minutes), NAMES, [(640, 480)])
    assert plan.size == size
    allowed = steps_within(minutes, SECONDS[size])
    assert 0.8 * allowed <= plan.max_total_steps <= allowed
    assert allowed >= MIN_STEPS or size == "small"
    assert known_speed == ["large", "medium", "small"][: len(known_speed)] and known_speed[-1] == size
    asked = make_plan(request_of(minutes=minutes, size="medium"), NAMES, [(640, 480)])
    assert asked.size == "medium" and asked.max_total_steps <= steps_within(minutes, SECONDS["medium"])


def test_without_limits(known_speed: list[Size]) -> None:
    plan = make_plan(request_of(), NAMES, [(4000, 3000)])
    assert (plan.size, plan.round_steps, plan.max_rounds) == ("medium", 500, 20)
    assert (plan.scale, plan.crop, plan.precision, plan.held_out) == (768, 224, "fp32", split(NAMES, 0))
    assert known_speed == ["medium"]


def test_what_is_asked_for_is_kept(known_speed: list[Size]) -> None:
    plan = make_plan(request_of(size="large", scale=130, precision="bf16", seed=3, max_steps=10), NAMES, [(640, 480)])
    assert (plan.size, plan.scale, plan.precision) == ("large", 130, "bf16")
    assert plan.crop == 128  # not larger than the pictures
    assert plan.held_out == split(NAMES, 3)
    assert plan.max_total_steps == 10
    assert make_plan(request_of(scale=20), NAMES, [(640, 480)]).crop == 32


@pytest.mark.parametrize("steps", [2, 3, 5, 10, 99, 1000, 12345])
def test_rounds_use_the_steps_up(steps: int) -> None:
    round_steps, rounds = rounds_within(steps)
    learnt = round_steps * rounds
    assert round_steps <= 500
    assert learnt + refining_steps(learnt) <= steps
    assert steps < 10 or rounds >= 4


def test_a_plan_describes_itself() -> None:
    scale, network, training = PLAN.describe()
    assert "768 pixels" in scale and "3 photos are held out" in scale
    assert "medium" in network and "fp32" in network and "0.5 s per step" in network
    assert "up to 20 rounds of 500 steps" in training and "2 h 33 min at most" in training
    short = replace(PLAN, round_steps=10, max_rounds=1).describe()
    assert "1 round of 10 steps" in short[2] and "16 steps: expect a rough style" in short[3]
    assert (duration(1), duration(60), duration(3601)) == ("1 min", "1 min", "1 h 1 min")


def test_the_plan_is_made_once(tmp_path: Path, known_speed: list[Size]) -> None:
    photos = {f"p{number}": tmp_path / f"p{number}.png" for number in range(4)}
    for number, path in enumerate(photos.values()):
        Image.fromarray(picture(number, width=200, height=90)).save(path)
    photos["p0"].write_bytes(b"broken")  # leaves the others to go by
    request = request_of(tmp_path)
    plan = load_or_make_plan(request, photos)
    assert plan.scale == 200 and len(plan.held_out) == 3
    assert load_or_make_plan(request, dict(photos, more=photos["p1"])) == plan
    assert load_or_make_plan(replace(request, scale=200, size="medium", precision="fp32"), photos) == plan
    assert known_speed == ["medium"]
    with pytest.raises(
        UserError, match=r"size is small, .*plan\.json has medium; minutes is 5, .*plan\.json has None; re"
    ):
        load_or_make_plan(replace(request, size="small", minutes=5), photos)


def test_photos_that_cannot_be_read_are_one_line(tmp_path: Path, known_speed: list[Size]) -> None:
    (tmp_path / "p.png").write_bytes(b"broken")
    with pytest.raises(UserError, match=r"no photo can be read: .*p\.png: not a picture"):
        load_or_make_plan(request_of(tmp_path), {"p": tmp_path / "p.png"})
    assert not (tmp_path / "style.distill").exists()


@pytest.mark.slow
def test_speed_is_measured_on_both_kinds_of_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(GENERATORS, "small", {"channels": 4, "wide_channels": 4, "dilations": [1]})
    taken = []
    original = Pix2Pix.step

    def counted(self: Pix2Pix, batch: Any, *, step: int, progress: float) -> dict[str, torch.Tensor]:
        metrics = original(self, batch, step=step, progress=progress)
        taken.append(("G/shift" in metrics, "D/loss" in metrics))
        return metrics

    monkeypatch.setattr(Pix2Pix, "step", counted)
    assert measured_speed("small", "fp32", 32, BATCH_SIZE) > 0
    assert set(taken) == {(False, False), (True, False), (False, True), (True, True)}
