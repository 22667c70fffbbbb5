"""`translate models pack`, `pull`, `remove` and `verify`."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from tests.helpers.command_line import RunCli
from tests.helpers.styles import style_info, write_style
from tests.helpers.toys import write_run
from translate.errors import ExitCode
from translate.style.catalogue import VARIABLE


@pytest.fixture
def style(tmp_path: Path) -> Path:
    return write_style(tmp_path / "dabs.onnx", info=style_info(title="Dabs", licence="CC BY 4.0"))


def test_packed_in_one_home_and_used_in_another(
    run_cli: RunCli, style: Path, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "first"))
    shared = tmp_path / "shared"
    shared.mkdir()
    packed = run_cli("models", "pack", style, "-o", shared / "dabs.zip", "--json")
    assert packed.code == ExitCode.OK, packed.err
    with zipfile.ZipFile(shared / "dabs.zip") as archive:
        assert sorted(archive.namelist()) == ["card.md", "licence.txt", "preview.jpg", "style.json", "style.onnx"]
        assert b"CC BY 4.0" in archive.read("card.md") and b"CC BY 4.0" in archive.read("licence.txt")
        with archive.open("preview.jpg") as preview:
            assert Image.open(preview).format == "JPEG"
    (shared / "index.json").write_text(json.dumps({"format": 1, "styles": [json.loads(packed.out)]}))

    monkeypatch.setenv(VARIABLE, str(tmp_path / "second"))
    assert b"dabs  Dabs  " in run_cli("models", "list", "--index", shared / "index.json").out
    assert run_cli("convert", photo, "--style", "dabs").code == ExitCode.UNUSABLE
    pulled = run_cli("models", "pull", "dabs", "--index", shared / "index.json")
    assert (pulled.code, pulled.err.splitlines()[0]) == (ExitCode.OK, "Dabs, licence: CC BY 4.0")
    assert run_cli("convert", photo, "--style", "dabs").code == ExitCode.OK
    assert photo.with_name("photo-dabs.jpg").is_file()
    assert "dabs" in [listed["name"] for listed in json.loads(run_cli("models", "list", "--json").out)]
    assert run_cli("models", "verify").out.endswith(b"dabs: sound\n")

    (tmp_path / "second" / "dabs" / "dabs.md").write_text("other")
    verified = run_cli("models", "verify", "dabs")
    assert (verified.code, verified.out) == (
        ExitCode.SOME_FAILED,
        b"dabs: dabs.md has changed; pull it again with --overwrite\n",
    )
    assert run_cli("models", "remove", "dabs").code == ExitCode.OK
    assert run_cli("convert", photo, "--style", "dabs").code == ExitCode.UNUSABLE


def test_what_cannot_be_packed(run_cli: RunCli, style: Path, tmp_path: Path) -> None:
    unlicensed = write_style(tmp_path / "none.onnx", info=style_info(licence="unspecified"))
    (tmp_path / "run").mkdir()
    (tmp_path / "note.txt").write_text("no picture")
    for arguments, problem in (
        (["models", "pack", unlicensed, "-o", tmp_path / "none.zip"], "none: states no licence"),
        (["models", "pack", style, "-o", tmp_path / "dabs.tar"], "ends in .zip"),
        (["models", "pack", style, "-o", tmp_path / "Dabs.zip"], "--name Dabs: give up to 64 lower-case letters"),
        (["models", "pack", style, "-o", tmp_path / "o.zip", "--licence", "MIT"], "are for runs"),
        (["models", "pack", style, "-o", tmp_path / "o.zip", "--card", tmp_path / "no.md"], "no such file"),
        (["models", "pack", style, "-o", tmp_path / "o.zip", "--preview", tmp_path / "note.txt"], "not a JPEG"),
        (["models", "pack", tmp_path / "run", "-o", tmp_path / "o.zip"], "give the licence of its weights"),
    ):
        done = run_cli(*arguments)
        assert done.code == ExitCode.USAGE and problem in done.err, done.err
        assert done.err.strip().count("\n") <= 1
    assert not list(tmp_path.glob("*.zip"))


@pytest.mark.slow  # it imports PyTorch
@pytest.mark.usefixtures("toy_generators")
def test_a_run_is_exported_and_packed(run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "styles"))
    run = write_run(tmp_path / "run", {1: {"generator_ema": 1.0}})
    packed = run_cli("models", "pack", run, "-o", tmp_path / "mine.zip", "--licence", "CC0-1.0", "--title", "My own")
    assert packed.code == ExitCode.OK, packed.err
    assert run_cli("models", "pull", tmp_path / "mine.zip").err.startswith("My own, licence: CC0-1.0\n")
    listed = json.loads(run_cli("models", "info", "mine", "--json").out)
    assert (listed["title"], listed["licence"]) == ("My own", "CC0-1.0")
