import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.pairs import picture, tiny_config, write_pairs
from translate import __version__, cli
from translate.data import load_pairs
from translate.training import train


def translate(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str, str]:
    """Run the command line in this process; its exit code, standard output and standard error."""
    monkeypatch.setattr(sys, "argv", ["translate", *arguments])
    try:
        cli.main()
        code = 0
    except SystemExit as stop:
        code = int(stop.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize("arguments", [["--help"], ["convert", "--help"], ["train", "pix2pix", "--help"], ["--version"]])
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


def test_data_check_names_every_problem_and_exits_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = write_pairs(tmp_path, 3)
    folders = ("--a", str(a), "--b", str(b))
    assert translate(capsys, monkeypatch, "data", "check", *folders) == (0, "", "3 pairs, 0 problems\n")
    (b / "0.webp").unlink()
    (b / "2.webp").write_bytes((b / "2.webp").read_bytes()[:40])
    Image.fromarray(picture(1, height=20)).save(b / "sub" / "1.webp")
    code, out, err = translate(capsys, monkeypatch, "data", "check", *folders)
    assert code == 1
    assert len(out.splitlines()) == 3
    for name in ("0.png", "2.webp", "1.webp"):
        assert name in out
    assert err == "2 pairs, 3 problems\n"
    code, _, err = translate(capsys, monkeypatch, "data", "check", "--a", str(a))
    assert code == 2 and "--b DIR" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--data", "missing"], "missing: no such folder"),
        (["--data", "pairs", "--a", "pairs"], "give either --data DIR"),
        (["--data", "pairs", "--lr", "0", "--ema", "1.5"], "--lr 0.0: has to be above 0; --ema 1.5"),
        (["--data", "pairs", "--preset", "best"], "--preset best: pix2pix knows paper, filter"),
        (["--data", "pairs", "--config", "none.toml"], "none.toml: cannot be read"),
        (["--data", "pairs", "--generator-options", "size"], "'size' is not of the form key=value"),
        (["--data", "pairs", "--device", "tpu"], "--device tpu: choose auto, cpu, cuda or cuda:N"),
        (["--data", "pairs", "--objective", "best"], "--objective best: no objective is called 'best': choose one of"),
        (["--data", "empty"], "empty: holds no picture"),
    ],
)
def test_training_refuses_in_one_line(
    arguments: list[str],
    told: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "pairs").mkdir()
    (tmp_path / "empty").mkdir()
    Image.fromarray(picture(1)).save(tmp_path / "pairs" / "1.png")
    monkeypatch.chdir(tmp_path)
    code, out, err = translate(capsys, monkeypatch, "train", "pix2pix", "--out", "run", *arguments)
    assert code == 2
    assert told in err and len(err.splitlines()) == 1 and not out
    assert not (tmp_path / "run").exists()


def test_a_run_exports_to_a_style_that_converts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny_config(*write_pairs(tmp_path), tmp_path / "run", steps=1)
    train(config, *load_pairs(config))
    style = tmp_path / "mine.onnx"
    code, _, err = translate(capsys, monkeypatch, "export", str(config.out), "-o", str(style), "--licence", "CC0-1.0")
    assert code == 0, err
    assert err.count("against PyTorch") == 5
    code, out, _ = translate(capsys, monkeypatch, "models", "info", str(style))
    assert code == 0 and "CC0-1.0" in out and "pix2pix" in out and "mobile" in out
    Image.fromarray(picture(1)).save(tmp_path / "photo.png")
    code, _, err = translate(
        capsys, monkeypatch, "convert", str(tmp_path / "photo.png"), "-o", str(tmp_path / "out.png"), "-s", str(style)
    )
    assert code == 0, err
    assert Image.open(tmp_path / "out.png").size == (40, 36)


def test_export_refuses_what_it_cannot_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny_config(*write_pairs(tmp_path), tmp_path / "run", steps=1)
    train(config, *load_pairs(config))
    capsys.readouterr()
    style = tmp_path / "style.onnx"
    description = config.out / "checkpoints" / "step-000000001" / "checkpoint.json"
    content = description.read_text()
    description.write_text(content.replace('"channels": 4', '"channels": 8', 1))
    for arguments, exit_code, told in (
        ([str(config.out)], 3, "another architecture"),
        ([str(tmp_path)], 2, "holds no checkpoint"),
        ([str(tmp_path / "none")], 2, "no such run"),
    ):
        code, _, err = translate(capsys, monkeypatch, "export", *arguments, "-o", str(style))
        assert (code, len(err.splitlines())) == (exit_code, 1) and told in err, err
    description.write_text(content)
    code, _, err = translate(capsys, monkeypatch, "export", str(config.out), "-o", str(tmp_path / "style.pth"))
    assert code == 2 and "ends in .onnx" in err
    code, _, err = translate(capsys, monkeypatch, "export", str(config.out), "-o", str(style), "--opset", "3")
    assert code == 2 and "--opset 3: choose one of" in err
    (tmp_path / "file").touch()
    code, _, err = translate(capsys, monkeypatch, "export", str(config.out), "-o", str(tmp_path / "file" / "style.onnx"))
    assert code != 0 and len(err.splitlines()) == 1 and "cannot be written" in err
    assert not list(tmp_path.glob("*.onnx")) and not list(tmp_path.glob(".*.tmp"))
