import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.helpers.command_line import RunCli
from tests.helpers.pairs import picture, tiny_config, write_pairs
from translate import __version__
from translate.train.loop import train


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["convert", "--help"],
        ["train", "pix2pix", "--help"],
        ["evaluate", "--help"],
        ["compare", "--help"],
        ["diagnose", "--help"],
    ],
)
def test_help_loads_no_heavy_library(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom translate.cli import main\n"
        f"sys.argv = ['translate', *{arguments!r}]\n"
        "try: main()\nexcept SystemExit as stop: assert not stop.code\n"
        "heavy = {'torch', 'onnxruntime', 'numpy', 'PIL', 'cv2', 'albumentations'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout or __version__ in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--data", "missing"], "missing: no such folder"),
        (["--data", "pairs", "--a", "pairs"], "give either --data DIR"),
        (["--data", "pairs", "--lr", "0", "--ema", "1.5"], "--lr 0.0: has to be above 0; --ema 1.5"),
        (["--data", "pairs", "--preset", "best"], "--preset best: pix2pix knows paper, light, filter"),
        (["--data", "pairs", "--config", "none.toml"], "none.toml: cannot be read"),
        (["--data", "pairs", "--generator-options", "size"], "'size' is not of the form key=value"),
        (["--data", "pairs", "--device", "tpu"], "--device tpu: give auto, cpu, cuda or cuda:N"),
        (["--data", "pairs", "--objective", "best"], "--objective best: no objective is called 'best': choose one of"),
        (["--data", "empty"], "empty: holds no picture"),
    ],
)
def test_training_refuses_in_one_line(
    arguments: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_cli: RunCli
) -> None:
    (tmp_path / "pairs").mkdir()
    (tmp_path / "empty").mkdir()
    Image.fromarray(picture(1)).save(tmp_path / "pairs" / "1.png")
    monkeypatch.chdir(tmp_path)
    done = run_cli("train", "pix2pix", "--out", "run", *arguments)
    assert done.code == 2
    assert told in done.err and len(done.err.splitlines()) == 1 and not done.out
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_run_exports_to_a_style_that_converts(tmp_path: Path, run_cli: RunCli) -> None:
    config = tiny_config(*write_pairs(tmp_path), tmp_path / "run", steps=1)
    train(config)
    style = tmp_path / "mine.onnx"
    done = run_cli("export", config.out, "-o", style, "--licence", "CC0-1.0")
    assert done.code == 0, done.err
    assert done.err.count("against PyTorch") == 5
    done = run_cli("models", "info", style)
    assert done.code == 0
    for word in (b"CC0-1.0", b"pix2pix", b"mobile"):
        assert word in done.out
    Image.fromarray(picture(1)).save(tmp_path / "photo.png")
    done = run_cli("convert", tmp_path / "photo.png", "-s", style)
    assert done.code == 0, done.err
    assert Image.open(tmp_path / "photo-mine.png").size == (40, 36)


@pytest.mark.slow
def test_export_refuses_what_it_cannot_use(tmp_path: Path, run_cli: RunCli) -> None:
    config = tiny_config(*write_pairs(tmp_path), tmp_path / "run", steps=1)
    train(config)
    style = tmp_path / "style.onnx"

    def refused(code: int, told: str, *arguments: object) -> None:
        done = run_cli("export", *arguments)
        assert (done.code, len(done.err.splitlines())) == (code, 1), done.err
        assert told in done.err

    description = config.out / "checkpoints" / "step-000000001" / "checkpoint.json"
    content = description.read_text()
    description.write_text(content.replace('"channels": 4', '"channels": 8', 1))
    refused(3, "another architecture", config.out, "-o", style)
    description.write_text(content)
    refused(2, "holds no checkpoint", tmp_path, "-o", style)
    refused(2, "no such run", tmp_path / "none", "-o", style)
    refused(2, "ends in .onnx", config.out, "-o", tmp_path / "style.pth")
    refused(2, "--opset 3: choose one of", config.out, "-o", style, "--opset", 3)
    (tmp_path / "file").touch()
    refused(1, "cannot be written", config.out, "-o", tmp_path / "file" / "style.onnx")
    assert not list(tmp_path.glob("*.onnx")) and not list(tmp_path.glob(".*.tmp"))
