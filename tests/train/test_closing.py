import shlex
from pathlib import Path

import pytest

from tests.helpers.command_line import RunCli
from tests.helpers.pairs import write_pairs
from translate.train.closing import next_steps

pytestmark = pytest.mark.slow


def test_a_finished_run_says_where_its_results_are_and_how_to_use_them(tmp_path: Path, run_cli: RunCli) -> None:
    a, b = write_pairs(tmp_path)
    out = tmp_path / "my run"
    done = run_cli(
        *("train", "pix2pix", "--a", a, "--b", b, "--out", out, "--preset", "light", "--crop", 32, "--steps", 1),
        *("--batch-size", 1, "--device", "cpu", "--workers", 0, "--generator-options", "channels=4"),
    )
    assert done.code == 0, done.err
    said = done.err
    assert str(out / "samples" / "step-000000001.png") in said
    assert f"--logdir {shlex.quote(str(out / 'tensorboard'))}" in said
    # the commands can be pasted
    export = next(line.partition(": ")[2] for line in said.splitlines() if "translate export" in line)
    program, *arguments = shlex.split(export)
    assert program == "translate" and arguments[:2] == ["export", str(out)]
    assert f"--style {shlex.quote(arguments[-1])}" in said


def test_nothing_is_said_of_what_is_not_there(tmp_path: Path) -> None:
    assert next_steps(tmp_path / "run", from_noise=False) == []


def test_a_run_from_noise_is_sampled_not_converted_with(tmp_path: Path) -> None:
    (tmp_path / "faces" / "checkpoints" / "step-000000001").mkdir(parents=True)
    said = next_steps(tmp_path / "faces", from_noise=True)
    assert any(line.strip().startswith("translate sample faces.onnx ") for line in said)
    assert not any("translate convert" in line for line in said)
