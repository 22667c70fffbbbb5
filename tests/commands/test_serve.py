"""`translate serve` refuses what is unsafe or impossible in one line."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from tests.helpers.command_line import RunCli
from tests.helpers.styles import write_style


def test_other_machines_need_a_token(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRANSLATE_TOKEN", raising=False)
    done = run_cli("serve", "--host", "0.0.0.0")
    assert done.code == 2 and "set a --token" in done.err
    monkeypatch.setenv("TRANSLATE_TOKEN", "short")
    done = run_cli("serve", "--host", "0.0.0.0")
    assert done.code == 2 and "at least 16 characters" in done.err and "short" not in done.err


def test_styles_of_one_name(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    files = [write_style(folder / "same.onnx") for folder in (tmp_path, tmp_path / "other")]
    done = run_cli("serve", "--style", files[0], "--style", files[1])
    assert done.code == 2 and "another style is called same already" in done.err


def test_a_file_that_is_no_style(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "none.onnx").write_bytes(b"none")
    done = run_cli("serve", "--style", tmp_path / "none.onnx")
    assert done.code == 3 and "none.onnx" in done.err and "Traceback" not in done.err


def test_a_port_that_is_taken(run_cli: RunCli, tiny_style: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run_cli("serve", "--style", tiny_style, "--port", taken.getsockname()[1])
    assert done.code == 3


@pytest.mark.parametrize("library", ["uvicorn", "prometheus_client"])
def test_without_its_libraries_it_says_what_to_install(
    run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    for name in [name for name in sys.modules if name.startswith(("translate.web", f"{library}."))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    done = run_cli("serve")
    assert done.code == 3 and "pip install 'picture-translate[serve]'" in done.err
