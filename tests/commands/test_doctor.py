"""`translate doctor`."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from tests.helpers.command_line import RunCli
from tests.helpers.styles import style_info, write_style
from translate import __version__
from translate.commands import doctor
from translate.errors import ExitCode, UnusableError
from translate.machine import processor_features, usable_cores
from translate.storage.cache import VARIABLE
from translate.style import catalogue as shipped
from translate.style import devices
from translate.style import translator as inference


@pytest.fixture(autouse=True)
def without_a_gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(devices.Cuda, "_driver", None)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))


@pytest.fixture
def style(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny style in place of the default one."""
    path = write_style(tmp_path / f"{shipped.DEFAULT_STYLE}.onnx", info=style_info(title="Tiny\x1b[2J"))
    monkeypatch.setattr(shipped, "FOLDERS", (tmp_path,))
    return path


def test_as_text(run_cli: RunCli, style: Path, tmp_path: Path) -> None:
    done = run_cli("doctor")
    assert (done.code, done.err) == (ExitCode.OK, "")
    lines = done.out.decode().splitlines()
    assert lines[0].startswith(f"translate {__version__}, Python {platform.python_version()}, ")
    assert lines[1].startswith(f"onnxruntime {onnxruntime.__version__} (onnxruntime")
    assert lines[1].endswith("CPUExecutionProvider")
    for start in ("numpy ", "Pillow ", "torch ", "processor: ", "CUDA"):
        assert any(line.startswith(start) for line in lines)
    assert f"style anime: Tiny\\x1b[2J, fp32, {style.stat().st_size / 1e6:.1f} MB" in lines
    assert f"cache: {tmp_path / 'cache'}, 0 files, 0.0 MB" in lines
    assert any(line.startswith("self-test of anime on cpu: passed, differs by 0.") for line in lines)
    assert lines[-1].startswith("--device auto takes cpu: ")
    assert b"\x1b" not in done.out


def test_as_json(run_cli: RunCli, style: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "1.0-key-sum.onnx").write_bytes(b"12345")
    done = run_cli("doctor", "--json")
    assert done.code == ExitCode.OK
    report = json.loads(done.out)
    assert report["numpy"] == np.__version__
    assert report["torch"] == version("torch")
    assert report["onnxruntime"]["providers"] == onnxruntime.get_available_providers()
    assert list(report["onnxruntime"]["packages"].values()) == [onnxruntime.__version__]
    assert report["pillow"].keys() == {"pillow", "libjpeg_turbo", "webp", "avif"}
    assert report["processor"]["cores"] == usable_cores()
    assert report["processor"]["avx2"] == ("AVX2" in processor_features())
    assert report["cuda"]["gpus"] == []
    assert [(found["name"], found["title"], found["file"]) for found in report["styles"]] == [
        (shipped.DEFAULT_STYLE, "Tiny\x1b[2J", str(style))
    ]
    assert report["cache"] == {"folder": str(tmp_path / "cache"), "files": 1, "bytes": 5}
    assert report["self_test"]["passed"]
    assert [test["device"] for test in report["self_test"]["devices"]] == ["cpu"]
    assert report["auto"] == {"device": "cpu", "why_cpu": report["cuda"]["obstacle"]}


def test_a_cpu_with_wrong_results(run_cli: RunCli, style: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference.Translator, "__call__", lambda self, images: 255 - images)
    done = run_cli("doctor")
    assert done.code == ExitCode.UNUSABLE
    assert b"self-test of anime on cpu: FAILED, differs by " in done.out


@pytest.mark.parametrize(
    ("content", "problem"), [(None, "neither a file nor a shipped style"), (b"", "cannot be loaded")]
)
def test_a_default_style_that_cannot_be_used(run_cli: RunCli, style: Path, content: bytes | None, problem: str) -> None:
    style.unlink()
    if content is not None:
        style.write_bytes(content)
    done = run_cli("doctor")
    assert done.code == ExitCode.UNUSABLE
    assert done.err == ""
    (line,) = [
        line for line in done.out.decode().splitlines() if line.startswith("self-test of anime on cpu: FAILED, ")
    ]
    assert problem in line
    assert b"--device auto takes cpu" in done.out


def test_a_gpu(run_cli: RunCli, style: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU that works is used, one that fails is reported, and only the CPU decides the exit code."""
    translator = inference.Translator

    def fake(path: Path, device: str = "auto") -> inference.Translator:
        assert devices.Cuda().obstacle() is None
        if device == "cuda:1":
            raise UnusableError("--device cuda:1: onnxruntime could not start CUDA")
        made = translator(path, device="cpu")
        made.device = "cuda:0" if device == "auto" else device
        return made

    monkeypatch.setattr(devices.Cuda, "built", True)
    monkeypatch.setattr(devices.Cuda, "_driver", object())
    monkeypatch.setattr(devices.Cuda, "driver_version", "13.0")
    monkeypatch.setattr(devices.Cuda, "gpu_count", 2)
    monkeypatch.setattr(devices.Cuda, "gpus", ["Fast \x1b[2J", "Slow"])
    monkeypatch.setattr(devices.Cuda, "libraries", {"libcudnn.so.9": True})
    monkeypatch.setattr(inference, "Translator", fake)
    done = run_cli("doctor")
    assert done.code == ExitCode.OK
    lines = done.out.decode().splitlines()
    for line in (
        "CUDA driver: for CUDA 13.0",
        "cuda:0: Fast \\x1b[2J",
        "cuda:1: Slow",
        "CUDA libraries: libcudnn.so.9 found",
        "self-test of anime on cuda:1: FAILED, --device cuda:1: onnxruntime could not start CUDA",
        "--device auto takes cuda:0",
    ):
        assert line in lines
    assert any(line.startswith("self-test of anime on cuda:0: passed") for line in lines)


def test_without_cuda_torch_or_a_cache(run_cli: RunCli, style: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_torch(name: str) -> str:
        if name == "torch":
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(doctor, "version", without_torch)
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    monkeypatch.setenv(VARIABLE, "")
    lines = run_cli("doctor").out.decode().splitlines()
    assert "torch not installed; only training and export need it" in lines
    assert "CUDA: the installed onnxruntime is built without CUDA (onnxruntime-gpu has it)" in lines
    assert "cache: switched off: TRANSLATE_CACHE is empty, or other users may write to the folder" in lines


def test_two_packages_of_onnxruntime(run_cli: RunCli, style: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "ONNXRUNTIMES", ("numpy", "pillow"))
    assert b"one breaks the other: pip uninstall numpy pillow, then install one\n" in run_cli("doctor").out


def test_an_onnxruntime_that_does_not_load(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.delitem(sys.modules, "translate.style.devices")
    done = run_cli("doctor")
    assert (done.code, done.out, done.err.count("\n")) == (ExitCode.UNUSABLE, b"", 1)
    assert "cannot be loaded" in done.err
    assert "pip install --force-reinstall onnxruntime" in done.err


def test_the_shipped_style_works_without_importing_torch(tmp_path: Path) -> None:
    program = (
        "import sys; from translate.commands.doctor import _examine; report = _examine();"
        "sys.exit('torch' in sys.modules or not report['self_test']['passed'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
