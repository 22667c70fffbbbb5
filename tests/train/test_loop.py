import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from PIL import Image

from tests.helpers.checkpoints import assert_same_checkpoint
from tests.helpers.pairs import tiny_config, write_pairs
from translate.errors import PictureError, UnusableError, UserError
from translate.media.sheet import GAP, LINE_HEIGHT
from translate.train.log import forget_after
from translate.train.loop import Interrupted, train
from translate.train.methods.pix2pix import Pix2Pix
from translate.train.run import AlarmError
from translate.train.schedule import learning_rate_factor
from translate.train.step import Batch
from translate.weights import checkpoint

pytestmark = pytest.mark.slow


@pytest.fixture
def pairs(tmp_path: Path) -> tuple[Path, Path]:
    return write_pairs(tmp_path)


# dropout, a batch that straddles two passes over the data, augmentation, both optimizers: all of it has to come back
EVERYTHING = {
    "generator": "unet",
    "generator_options": {"size": 128, "channels": 2},
    "crop": 128,
    "batch_size": 4,
    "flip": True,
    "quarter_turns": True,
    "jitter": 0.2,
    "warmup": 3,
}


def test_four_steps_equal_two_a_kill_a_resume_and_two(tmp_path: Path, pairs: tuple[Path, Path]) -> None:
    train(tiny_config(*pairs, tmp_path / "whole", **EVERYTHING))

    killed = tiny_config(*pairs, tmp_path / "killed", **EVERYTHING, workers=1)
    code = (
        "import json, os, signal, sys\n"
        "from translate.train import loop\n"
        "from translate.weights import checkpoint\n"
        "from translate.config import CONFIGS\n"
        "save = checkpoint.save\n"
        "def save_and_die(run, step, **rest):\n"
        "    save(run, step, **rest)\n"
        "    if step == 2: os.kill(os.getpid(), signal.SIGKILL)\n"
        "checkpoint.save = save_and_die\n"
        "settings = json.loads(sys.argv[1])\n"
        "loop.train(CONFIGS[settings.pop('method')].from_dict(settings))\n"
    )
    died = subprocess.run([sys.executable, "-c", code, json.dumps(killed.to_dict())], check=False, timeout=120)
    assert died.returncode == -signal.SIGKILL
    assert checkpoint.find(killed.out).step == 2

    train(killed)
    name = "checkpoints/step-000000004"
    assert_same_checkpoint(tmp_path / "whole" / name, killed.out / name)
    steps = [json.loads(line)["step"] for line in (killed.out / "metrics.jsonl").read_text().splitlines()]
    assert steps == [1, 2, 3, 4]


def test_killed_at_a_random_moment_the_run_resumes(tmp_path: Path, pairs: tuple[Path, Path]) -> None:
    config = tiny_config(*pairs, tmp_path / "run", steps=400)
    command = [sys.executable, "-m", "translate", "train", "pix2pix", "--config", str(tmp_path / "run.json")]
    (tmp_path / "run.json").write_text(json.dumps(config.to_dict()))
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while not checkpoint.checkpoints(config.out):
        assert process.poll() is None
        time.sleep(0.02)
    time.sleep(random.random())
    process.send_signal(signal.SIGKILL)
    process.wait()
    reached = checkpoint.find(config.out).step
    assert reached < 400
    last = reached + 3
    train(tiny_config(*pairs, config.out, steps=last))
    assert checkpoint.find(config.out).step == last
    assert not list((config.out / "checkpoints").glob(".*"))


def test_a_stop_signal_saves_first(tmp_path: Path, pairs: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    step = Pix2Pix.step

    def step_then_interrupt(self: Pix2Pix, batch: Batch, **arguments: object) -> object:
        os.kill(os.getpid(), signal.SIGINT)
        return step(self, batch, **arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Pix2Pix, "step", step_then_interrupt)
    with pytest.raises(Interrupted, match="saved at step 1"):
        train(tiny_config(*pairs, tmp_path / "run", save_every=100))
    assert checkpoint.find(tmp_path / "run").step == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_all_processes_saves_and_ends(tmp_path: Path, pairs: tuple[Path, Path], number: int) -> None:
    """Terminals and service managers signal the whole group: workers go on until the run has saved, then end."""
    config = tiny_config(*pairs, tmp_path / "run", steps=100_000, workers=1, save_every=10)
    (tmp_path / "run.json").write_text(json.dumps(config.to_dict()))
    command = [sys.executable, "-m", "translate", "train", "pix2pix", "--config", str(tmp_path / "run.json")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while not checkpoint.checkpoints(config.out):
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped and saved at step" in err and "Traceback" not in err


def test_one_bad_picture_is_replaced_and_resuming_repeats_that(
    tmp_path: Path, pairs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever meets it: the same other sample takes its place."""
    bad = pairs[0] / "0.png"
    bad.write_bytes(bad.read_bytes()[:100])
    allowed = {"bad_pictures": 0.2, "val_samples": 0, "save_every": 2, "steps": 6}
    train(tiny_config(*pairs, tmp_path / "whole", **allowed))
    assert capsys.readouterr().err.count(f"WARNING: {bad}") == 1
    train(tiny_config(*pairs, tmp_path / "two", **allowed | {"steps": 2}, schedule="constant"))
    for out, workers in ((tmp_path / "one", 0), (tmp_path / "two", 1)):
        train(tiny_config(*pairs, out, **allowed, schedule="constant", workers=workers))
    name = "checkpoints/step-000000006"
    assert_same_checkpoint(tmp_path / "one" / name, tmp_path / "two" / name)


def test_too_many_bad_pictures_end_the_run_after_saving(
    tmp_path: Path, pairs: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Pix2Pix.step

    def step_and_damage(self: Pix2Pix, batch: Batch, /, **arguments: object) -> object:
        if arguments["step"] == 2:
            for path in pairs[0].rglob("*.png"):
                path.write_bytes(path.read_bytes()[:100])
        return step(self, batch, **arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Pix2Pix, "step", step_and_damage)
    with pytest.raises(PictureError, match=r"\.png: .*data check"):
        train(tiny_config(*pairs, tmp_path / "run", save_every=100, steps=9))
    assert checkpoint.find(tmp_path / "run").step == 3


def test_a_failed_run_leaves_no_worker_behind(tmp_path: Path, pairs: tuple[Path, Path]) -> None:
    for path in pairs[0].rglob("*.png"):
        path.write_bytes(path.read_bytes()[:100])
    config = tiny_config(*pairs, tmp_path / "run", workers=1, val_samples=0)
    (tmp_path / "run.json").write_text(json.dumps(config.to_dict()))
    command = [sys.executable, "-m", "translate", "train", "pix2pix", "--config", str(tmp_path / "run.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "data check" in done.stderr and "Traceback" not in done.stderr


def test_changed_settings_are_refused_by_name(tmp_path: Path, pairs: tuple[Path, Path]) -> None:
    train(tiny_config(*pairs, tmp_path / "run", steps=1))
    with pytest.raises(UserError, match=r"cannot be resumed: lr is 0\.5, the run has 0\.0002.*another out"):
        train(tiny_config(*pairs, tmp_path / "run", steps=2, lr=0.5))
    train(tiny_config(*pairs, tmp_path / "run", steps=2, keep=1))
    assert [found.step for found in checkpoint.checkpoints(tmp_path / "run")] == [2]


def test_damaged_settings_are_named(tmp_path: Path, pairs: tuple[Path, Path]) -> None:
    train(tiny_config(*pairs, tmp_path / "run", steps=1))
    (tmp_path / "run" / "config.json").write_text('{"method": "pix')
    with pytest.raises(UserError, match=r"config\.json: is damaged; remove it"):
        train(tiny_config(*pairs, tmp_path / "run", steps=2))


def test_what_a_resumed_run_repeats_is_not_logged_twice(tmp_path: Path) -> None:
    metrics = tmp_path / "metrics.jsonl"
    lines = [{"step": 1}, {"step": 2}, {"step": 3, "alarm": "G/l1"}, {"step": 2, "rollback": "G/l1"}, {"step": 3}]
    for step, kept in ((2, lines[:2]), (3, lines)):
        metrics.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"step": 4, "G/l')
        forget_after(metrics, step)
        assert [json.loads(line) for line in metrics.read_text().splitlines()] == kept


def test_a_link_in_place_of_the_log_is_not_followed(tmp_path: Path, pairs: tuple[Path, Path]) -> None:
    (tmp_path / "thesis.txt").write_text("a year's work\n")
    train(tiny_config(*pairs, tmp_path / "run", steps=1))
    (tmp_path / "run" / "metrics.jsonl").unlink()
    (tmp_path / "run" / "metrics.jsonl").symlink_to(tmp_path / "thesis.txt")
    with pytest.raises(UserError, match=r"metrics\.jsonl is a link, which is not followed; remove it"):
        train(tiny_config(*pairs, tmp_path / "run", steps=2))
    assert (tmp_path / "thesis.txt").read_text() == "a year's work\n"


def test_a_finished_run_is_left_as_it_is(tmp_path: Path, pairs: tuple[Path, Path]) -> None:
    config = tiny_config(*pairs, tmp_path / "run", steps=2)
    train(config)
    before = (checkpoint.find(config.out).path / "state.pt").stat().st_mtime_ns
    train(config)
    assert (checkpoint.find(config.out).path / "state.pt").stat().st_mtime_ns == before


def test_non_finite_loss_keeps_and_names_the_last_good_checkpoint(
    tmp_path: Path, pairs: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Pix2Pix.step
    taken = 0

    def turns_bad(self: Pix2Pix, batch: Batch, **arguments: object) -> dict[str, torch.Tensor]:
        nonlocal taken
        taken += 1
        metrics = step(self, batch, **arguments)  # type: ignore[arg-type]
        return metrics | {"G/l1": metrics["G/l1"] * float("nan")} if taken == 3 else metrics

    monkeypatch.setattr(Pix2Pix, "step", turns_bad)
    with pytest.raises(AlarmError, match=r"step 3: G/l1 is not finite.*step-000000002"):
        train(tiny_config(*pairs, tmp_path / "run"))
    assert checkpoint.find(tmp_path / "run").step == 2


def test_rollback_goes_on_from_the_checkpoint_with_half_the_rate(
    tmp_path: Path, pairs: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Pix2Pix.step
    taken: list[int] = []

    def turns_bad(self: Pix2Pix, batch: Batch, /, **arguments: object) -> dict[str, torch.Tensor]:
        taken.append(arguments["step"])  # type: ignore[arg-type]
        metrics = step(self, batch, **arguments)  # type: ignore[arg-type]
        return metrics | {"G/l1": metrics["G/l1"] * float("inf")} if taken == [0, 1, 2] else metrics

    monkeypatch.setattr(Pix2Pix, "step", turns_bad)
    out = tmp_path / "run"
    train(tiny_config(*pairs, out, on_alarm="rollback", schedule="constant", lr=1e-3))
    assert taken == [0, 1, 2, 2, 3]
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "alarm" in line] == [3]
    assert [line["step"] for line in lines if "rollback" in line] == [2]
    assert [line["lr"] for line in lines if "lr" in line] == [1e-3, 1e-3, 5e-4, 5e-4]
    train(tiny_config(*pairs, out, on_alarm="rollback", schedule="constant", lr=1e-3, steps=5))
    assert json.loads((out / "metrics.jsonl").read_text().splitlines()[-1])["lr"] == 5e-4  # a resumed run keeps it


def test_a_run_that_always_goes_wrong_ends(
    tmp_path: Path, pairs: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Pix2Pix.step

    def is_bad(self: Pix2Pix, batch: Batch, /, **arguments: object) -> dict[str, torch.Tensor]:
        metrics = step(self, batch, **arguments)  # type: ignore[arg-type]
        return metrics | {"G/l1": metrics["G/l1"] * float("inf")} if arguments["step"] == 2 else metrics

    monkeypatch.setattr(Pix2Pix, "step", is_bad)
    with pytest.raises(AlarmError, match="G/l1 is not finite"):
        train(tiny_config(*pairs, tmp_path / "run", on_alarm="rollback"))
    assert checkpoint.find(tmp_path / "run").step == 2


def test_run_leaves_metrics_grid_and_tensorboard(tmp_path: Path, pairs: tuple[Path, Path]) -> None:
    out = tmp_path / "run"
    train(tiny_config(*pairs, out, sample_every=2, val_samples=3))
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    trained = [line for line in lines if "G/l1" in line]
    assert [line["step"] for line in trained] == [1, 2, 3, 4]
    assert all({"D/loss", "G/gan", "lr", "images_per_s", "waiting_share"} <= line.keys() for line in trained)
    if sys.platform == "linux":
        assert all({"memory_mb", "open_files", "threads"} <= line.keys() for line in trained)
    validated = [line for line in lines if "val/l1" in line]
    assert [line["step"] for line in validated] == [0, 2, 4]
    assert all({"val/l1", "val/l1_of_input", "train/l1", "train/l1_of_input"} <= line.keys() for line in validated)
    assert all(line["train/l1"] != line["val/l1"] for line in validated)  # they are of different pictures
    grid = Image.open(out / "samples" / "step-000000004.png")  # one pair of six held out, 24 pixels wide, eight-fold
    assert grid.width == 3 * 8 * 24 + 4 * GAP and grid.height == LINE_HEIGHT + 8 * 24 + 3 * GAP
    assert list((out / "tensorboard").glob("events*"))


def test_a_run_that_begins_again_logs_its_first_grid_once(tmp_path: Path, pairs: tuple[Path, Path]) -> None:
    """A life that was killed before its first checkpoint has left the grid of step 0."""
    config = tiny_config(*pairs, tmp_path / "run", steps=1, sample_every=2)
    config.out.mkdir()
    (config.out / "config.json").write_text(json.dumps(config.to_dict()))
    (config.out / "metrics.jsonl").write_text('{"step": 0, "val/l1": 1.0}\n')
    train(config)
    lines = [json.loads(line) for line in (config.out / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "val/l1" in line] == [0, 1]


def test_spread_of_the_outputs_relative_to_inputs_and_targets(tmp_path: Path) -> None:
    a, b = write_pairs(tmp_path, 10)
    for path in b.rglob("*.webp"):
        Image.open(path).point(lambda level: 64 + level // 2).save(path, lossless=True)  # half as far apart
    train(tiny_config(a, b, tmp_path / "run", sample_every=2, val_samples=2))
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    last = next(line for line in reversed(lines) if "val/diversity" in line)
    assert last["val/variety"] == pytest.approx(2 * last["val/diversity"], rel=0.05)


def test_schedules() -> None:
    def factors(**changes: object) -> list[float]:
        config = tiny_config(Path("a"), Path("b"), Path("r"), **changes)
        return [learning_rate_factor(config, step, 8) for step in range(8)]

    assert factors(schedule="linear") == [1, 1, 1, 1, 1, 0.75, 0.5, 0.25]
    assert factors(schedule="constant") == [1] * 8
    cosine = factors(schedule="cosine")
    assert cosine[0] == 1 and cosine[4] == pytest.approx(0.5) and cosine == sorted(cosine, reverse=True)
    assert factors(schedule="constant", warmup=4)[:5] == [0.25, 0.5, 0.75, 1, 1]


def test_unavailable_devices_are_refused(tmp_path: Path, pairs: tuple[Path, Path]) -> None:
    with pytest.raises(UserError, match="device tpu: give"):
        train(tiny_config(*pairs, tmp_path, device="tpu"))
    if not torch.cuda.is_available():
        with pytest.raises(UnusableError, match="finds no CUDA device"):
            train(tiny_config(*pairs, tmp_path, device="cuda:1"))


def test_more_processes_than_devices_are_refused(
    tmp_path: Path, pairs: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    with pytest.raises(UnusableError, match="--nproc_per_node 4: there are 2 CUDA devices"):
        train(tiny_config(*pairs, tmp_path, device="auto"))


@pytest.mark.parametrize("workers", [0, 1])
def test_an_unreadable_picture_is_named_with_the_remedy(tmp_path: Path, pairs: tuple[Path, Path], workers: int) -> None:
    for path in pairs[0].rglob("*.png"):
        path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(PictureError) as caught:
        train(tiny_config(*pairs, tmp_path / "run", workers=workers, val_samples=0))
    assert len(str(caught.value).splitlines()) == 1
    assert str(pairs[0]) in str(caught.value) and "data check" in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_an_output_that_cannot_be_written_is_named(tmp_path: Path, pairs: tuple[Path, Path]) -> None:
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(UserError, match=f"out {out}: cannot be written"):
            train(tiny_config(*pairs, out))


def test_half_precision_trains_and_resumes(tmp_path: Path, pairs: tuple[Path, Path]) -> None:
    """In a process of its own: Accelerate fixes the precision once per process."""
    config = tiny_config(*pairs, tmp_path / "run", precision="bf16", lambda_edge=1.0)
    for steps in (2, 4):
        (tmp_path / "run.json").write_text(json.dumps(config.to_dict() | {"steps": steps}))
        command = [sys.executable, "-m", "translate", "train", "pix2pix", "--config", str(tmp_path / "run.json")]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
    assert checkpoint.find(config.out).step == 4
    weights = checkpoint.find(config.out).weights("generator")
    assert all(tensor.dtype == torch.float32 and tensor.isfinite().all() for tensor in weights.values())


def test_a_run_may_go_on_without_fast_kernels(
    tmp_path: Path, pairs: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []

    @contextmanager
    def counted(device: torch.device) -> Iterator[None]:
        steps.append(device)
        yield

    monkeypatch.setattr("translate.train.cpu.kernels.fast_kernels", counted)
    train(tiny_config(*pairs, tmp_path / "run", steps=1))
    train(tiny_config(*pairs, tmp_path / "run", steps=2, fast_kernels=False))
    assert len(steps) == 1
