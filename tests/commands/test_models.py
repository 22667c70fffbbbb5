"""`translate models`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.helpers.command_line import RunCli
from tests.helpers.samplers import write_sampler
from tests.helpers.styles import style_info, write_style
from translate.commands import models
from translate.errors import ExitCode, UnusableError
from translate.media.sheet import GAP, LINE_HEIGHT
from translate.style import catalogue as shipped

EVIL = "Fine\x1b[2J\n[red]style[/red]"


@pytest.fixture
def styles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of shipped styles: one plain, one whose metadata hold terminal escape sequences."""
    write_style(tmp_path / "plain.onnx", info=style_info(title="Plain", licence="MIT"))
    write_style(tmp_path / "evil.onnx", info=style_info(title=EVIL))
    monkeypatch.setattr(shipped, "FOLDERS", (tmp_path / "absent", tmp_path))
    return tmp_path


def test_list(run_cli: RunCli, styles: Path) -> None:
    done = run_cli("models", "list")
    assert done.code == ExitCode.OK
    evil, plain = done.out.decode().splitlines()
    assert plain.split() == ["plain", "Plain", "0.0", "MB", "MIT"]
    assert "Fine\\x1b[2J\\n[red]style[/red]" in evil
    assert b"\x1b" not in done.out


def test_list_as_json(run_cli: RunCli, styles: Path) -> None:
    listed = json.loads(run_cli("models", "list", "--json").out)
    assert [style["name"] for style in listed] == ["evil", "plain"]
    assert listed[0]["title"] == EVIL
    assert listed[1]["bytes"] == (styles / "plain.onnx").stat().st_size


def test_domains(run_cli: RunCli, styles: Path, face_style: Path) -> None:
    (styles / "faces.onnx").write_bytes(face_style.read_bytes())
    assert b"CC0-1.0  smiling, blond, glasses\n" in run_cli("models", "list").out
    assert run_cli("models", "info", "plain").out.count(b"domains: []\n") == 1
    out = run_cli("models", "info", "faces").out
    assert b'domains: ["smiling", "blond", "glasses"]\nexclusive: false\n' in out
    assert b'"domain"' in out


def test_list_without_styles(run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "FOLDERS", (tmp_path,))
    done = run_cli("models", "list")
    assert (done.code, done.out) == (ExitCode.OK, b"")


@pytest.mark.parametrize("by", ["name", "path"])
def test_info(run_cli: RunCli, styles: Path, by: str) -> None:
    done = run_cli("models", "info", "plain" if by == "name" else styles / "plain.onnx")
    assert done.code == ExitCode.OK
    facts = dict(line.split(": ", 1) for line in done.out.decode().splitlines())
    assert facts["title"] == "Plain"
    assert facts["receptive_field"] == "11"
    assert facts["tile_safe"] == "true"
    assert "tensor(uint8)" in facts["inputs"]
    assert "image_out" in facts["outputs"]


def test_info_of_a_sampler(run_cli: RunCli, tmp_path: Path) -> None:
    done = run_cli("models", "info", write_sampler(tmp_path / "flat.onnx"), "--json")
    facts = json.loads(done.out)
    assert (facts["title"], facts["z_dim"], facts["size"]) == ("Flat", 3, 8)
    assert facts["inputs"] == [{"name": "z", "type": "tensor(float)", "shape": ["N", 3]}]


def test_info_as_json(run_cli: RunCli, styles: Path) -> None:
    facts = json.loads(run_cli("models", "info", "plain", "--json").out)
    assert facts["stride"] == 2
    assert facts["inputs"] == [{"name": "image", "type": "tensor(uint8)", "shape": ["N", "H", "W", 3]}]
    assert facts["outputs"][0]["name"] == "image_out"


def test_info_escapes_terminal_sequences_in_metadata(run_cli: RunCli, styles: Path) -> None:
    out = run_cli("models", "info", "evil").out
    assert b"title: Fine\\x1b[2J\\n[red]style[/red]\n" in out
    assert b"\x1b" not in out


def test_info_of_a_style_with_more_inputs(run_cli: RunCli, tmp_path: Path) -> None:
    path = write_style(tmp_path / "domains.onnx", extra_input=True)
    facts = json.loads(run_cli("models", "info", path, "--json").out)
    assert [port["name"] for port in facts["inputs"]] == ["image", "domain"]


def test_info_of_a_file_that_is_not_a_style(run_cli: RunCli, styles: Path) -> None:
    (styles / "bad.bin").write_bytes(b"nothing")
    done = run_cli("models", "info", styles / "bad.bin")
    assert done.code == ExitCode.UNUSABLE
    assert done.err.count("\n") == 1
    assert "cannot be loaded as ONNX" in done.err
    done = run_cli("models", "info", "nobody")
    assert done.code == ExitCode.UNUSABLE
    assert "shipped: evil, plain" in done.err


def test_find_style(styles: Path) -> None:
    assert shipped.list_styles() == {"evil": styles / "evil.onnx", "plain": styles / "plain.onnx"}
    assert shipped.find_style("plain") == styles / "plain.onnx"
    assert shipped.find_style(str(styles / "evil.onnx")) == styles / "evil.onnx"
    with pytest.raises(UnusableError, match="neither a file nor a shipped style"):
        shipped.find_style(str(styles))


def test_a_preview_shows_every_shipped_style(run_cli: RunCli, styles: Path, photo: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    done = run_cli("models", "preview", photo, "-o", sheet, "--side", 61)
    assert (done.code, done.out) == (ExitCode.OK, b"")
    assert Image.open(sheet).size == (GAP + 2 * (61 + GAP), GAP + 2 * (47 + LINE_HEIGHT + GAP))  # photo, evil, plain
    assert run_cli("models", "preview", photo, "--style", "plain", "-o", sheet, "--side", 61).code == ExitCode.OK
    assert Image.open(sheet).size == (GAP + 2 * (61 + GAP), GAP + 47 + LINE_HEIGHT + GAP)


def test_a_preview_in_a_terminal_that_shows_pictures(
    run_cli: RunCli, styles: Path, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "protocol_of", lambda environment: "kitty")
    assert run_cli("models", "preview", photo).code == ExitCode.USAGE  # standard output is a file
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    done = run_cli("models", "preview", photo)
    assert done.code == ExitCode.OK and done.out.startswith(b"\x1b_Ga=T,f=100,")


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        ([], ExitCode.USAGE, "this terminal shows no pictures; give --output FILE"),
        (["-o", "sheet.txt"], ExitCode.USAGE, "--output sheet.txt: give the name of a picture"),
        (["-o", "sheet.png", "--style", "dabs"], ExitCode.UNUSABLE, "--style dabs: neither a file nor a shipped style"),
    ],
)
def test_a_preview_that_cannot_be_drawn(
    run_cli: RunCli, styles: Path, photo: Path, arguments: list[str], code: ExitCode, error: str
) -> None:
    done = run_cli("models", "preview", photo, *arguments)
    assert done.code == code and error in done.err and done.err.count("\n") == 1


def test_a_preview_of_a_broken_photo(run_cli: RunCli, styles: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"nothing")
    done = run_cli("models", "preview", tmp_path / "broken.jpg", "-o", tmp_path / "sheet.png")
    assert done.code == ExitCode.SOME_FAILED and "broken.jpg" in done.err and not (tmp_path / "sheet.png").exists()
