"""`translate export`: which generator of a run is written, and under which domains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.helpers.command_line import RunCli
from tests.helpers.networks import lively_mobile
from tests.helpers.pictures import draw_photo
from tests.helpers.toys import write_run
from translate.export.to_onnx import load_run
from translate.style.session import read_style
from translate.style.translator import Translator
from translate.weights import checkpoint

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("toy_generators")]

GREY = np.full((1, 2, 2, 3), 100, np.uint8)


def test_the_direction_chooses_the_generator(run_cli: RunCli, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {1: {"generator_ema": 1.0, "generator_BA_ema": 0.0}})
    for options, value in (([], 100), (["--direction", "BtoA"], 128)):
        style = tmp_path / "style.onnx"
        done = run_cli("export", run, "-o", style, "--overwrite", *options)
        assert done.code == 0, done.err
        assert (Translator(style, device="cpu")(GREY) == value).all()
        name = "generator_BA_ema" if value == 128 else "generator_ema"
        assert read_style(style).checkpoint_sha256 == checkpoint.find(run).weights_sha256(name)


def test_an_existing_file_is_kept_without_overwrite(run_cli: RunCli, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {1: {"generator_ema": 1.0}})
    style = tmp_path / "style.onnx"
    style.write_text("precious")
    done = run_cli("export", run, "-o", style)
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert f"{style}: exists already; use --overwrite" in done.err and style.read_text() == "precious"


def test_a_run_of_one_direction_refuses_the_other(run_cli: RunCli, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {1: {"generator_ema": 1.0}})
    done = run_cli("export", run, "-o", tmp_path / "style.onnx", "--direction", "BtoA")
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert f"--direction BtoA: {run} has no generator in that direction" in done.err
    assert not (tmp_path / "style.onnx").exists()


def test_strength_scales_what_is_added_to_the_photo(run_cli: RunCli, tmp_path: Path) -> None:
    options = {"channels": 8, "wide_channels": 8, "dilations": [1], "fine_dilations": [1]}
    weights = lively_mobile(**options).state_dict()
    config = {"method": "toy", "generator": "mobile", "generator_options": options, "crop": 64}
    checkpoint.save(tmp_path / "run", 1, config=config, weights={"generator_ema": weights}, state={}, keep=1)
    photo = draw_photo(40, 36)[np.newaxis] // 2 + 64  # grey enough not to be clipped
    changes = []
    for strength in (1, 2):
        style = tmp_path / f"{strength}.onnx"
        done = run_cli("export", tmp_path / "run", "-o", style, "--strength", strength)
        assert done.code == 0, done.err
        changes.append(Translator(style, device="cpu")(photo).astype(np.int16) - photo)
    assert np.abs(changes[0]).max() > 3
    assert np.abs(changes[1] - 2 * changes[0]).max() <= 2

    run = write_run(tmp_path / "toy", {1: {"generator_ema": 1.0}})
    done = run_cli("export", run, "-o", tmp_path / "style.onnx", "--strength", 1.5)
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert "--strength 1.5: this generator adds nothing to its photo" in done.err
    assert not (tmp_path / "style.onnx").exists()


@pytest.mark.parametrize(
    ("config", "given", "size"),
    [
        ({}, None, 0),
        ({"working_size": 768}, None, 768),
        ({"working_size": 768}, 512, 512),
        ({"working_size": 768}, 0, 0),
    ],
)
def test_working_size_is_the_runs_or_what_is_given(
    tmp_path: Path, config: dict[str, Any], given: int | None, size: int
) -> None:
    run = write_run(tmp_path / "run", {1: {"generator_ema": 1.0}}, **config)
    assert load_run(run, "AtoB", title="Toy", working_size=given)[1].working_size == size


@pytest.mark.parametrize("exclusive", [True, False])
def test_the_run_names_the_domains(run_cli: RunCli, tmp_path: Path, exclusive: bool) -> None:
    names = ["red", "green", "blue"]
    config = {"domain_names": names, "exclusive_domains": exclusive}
    run = write_run(tmp_path / "run", {1: {"generator_ema": 1.0}}, generator="shifted", **config)
    done = run_cli("export", run, "-o", tmp_path / "style.onnx")
    assert done.code == 0, done.err
    info = read_style(tmp_path / "style.onnx")
    assert (info.domains, info.exclusive) == (names, exclusive)


def test_a_run_that_names_too_few_domains(run_cli: RunCli, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {1: {"generator_ema": 1.0}}, generator="shifted", domain_names=["red"])
    done = run_cli("export", run, "-o", tmp_path / "style.onnx")
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert "generator shifted has 3 domains, but 1 domain names are given" in done.err
    assert not (tmp_path / "style.onnx").exists()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of five photos."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(5):
        Image.fromarray(draw_photo(40 + number, 30)).save(folder / f"{number}.png")
    return folder


def test_int8(run_cli: RunCli, tmp_path: Path, photos: Path) -> None:
    run = write_run(tmp_path / "run", {1: {"generator_ema": 1.0}})
    style = tmp_path / "style.onnx"
    done = run_cli("export", run, "-o", style, "--int8", "--calibration", photos, "--working-size", 512)
    assert done.code == 0, done.err
    assert "int8 against float32 on photos it was not calibrated with: PSNR" in done.err
    info = read_style(style)
    assert (info.precision, info.title, info.working_size) == ("int8", "style", 512)
    assert b"working_size: 512\n" in run_cli("models", "info", style).out
    assert info.psnr_to_fp32 is not None and info.psnr_to_fp32 >= 35
    assert np.abs(Translator(style, device="cpu")(GREY).astype(int) - 100).max() <= 2


@pytest.mark.parametrize("more", [[], ["--int8"]])
def test_prune(run_cli: RunCli, tmp_path: Path, photos: Path, more: list[str]) -> None:
    options: dict[str, Any] = {"channels": 16, "wide_channels": 48, "dilations": [1], "fine_dilations": [1]}
    generator = lively_mobile(**options)
    idle = generator.get_parameter("body.0.spread.bias")
    with torch.no_grad():
        idle[5:] = -1e4
    config = {"method": "cut", "generator": "mobile", "generator_options": options, "crop": 64, "working_size": 640}
    weights = {"generator_ema": generator.state_dict()}
    checkpoint.save(tmp_path / "run", 1, config=config, weights=weights, state={}, keep=1)
    styles = [tmp_path / "whole.onnx", tmp_path / "pruned.onnx"]
    assert run_cli("export", tmp_path / "run", "-o", styles[0]).code == 0
    done = run_cli("export", tmp_path / "run", "-o", styles[1], "--prune", "--calibration", photos, *more)
    assert done.code == 0, done.err
    assert "pruned: 32 of 64 hidden channels left, judged by 5 photos" in done.err
    assert styles[1].stat().st_size < styles[0].stat().st_size
    assert read_style(styles[1]).working_size == 640
    whole, pruned = (Translator(style, device="cpu")(draw_photo(50, 40)[None]).astype(int) for style in styles)
    assert np.abs(whole - pruned).mean() < (2 if more else 0.01)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--prune"], "--int8 and --prune need --calibration DIR"),
        (["--int8"], "--int8 and --prune need --calibration DIR"),
        (["--calibration", "photos"], "--int8 and --prune need --calibration DIR"),
        (["--int8", "--fp16", "--calibration", "photos"], "--int8 and --fp16 exclude each other"),
        (["--int8", "--calibration", "nowhere"], "nowhere: no such folder"),
        (["--int8", "--calibration", "empty"], "--calibration: 0 photos; give a folder of at least 5"),
    ],
)
def test_int8_options_that_do_not_go_together(
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photos: Path, options: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    run = write_run(tmp_path / "run", {1: {"generator_ema": 1.0}})
    done = run_cli("export", run, "-o", "style.onnx", *options)
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert message in done.err
    assert not Path("style.onnx").exists()
