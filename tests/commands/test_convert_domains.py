"""`translate convert` with styles that have several domains."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.commands.test_convert import lines, refused
from tests.helpers.command_line import RunCli
from tests.helpers.pictures import draw_photo, files_below
from tests.helpers.styles import style_info, write_style
from translate.convert import pipeline
from translate.errors import ExitCode
from translate.media.compose import blend
from translate.media.images import Picture, Upright, load_frugally, load_picture, load_rgb
from translate.style.translator import Translator

SEASONS = ("spring", "late_summer", "autumn")  # as in file names


@pytest.fixture
def seasons(run_cli: RunCli, season_style: Path) -> RunCli:
    """Run `translate convert ARGUMENTS...` with a style of exclusive domains."""
    return partial(run_cli, "convert", "--style", season_style, "--device", "cpu")


@pytest.fixture
def faces(run_cli: RunCli, face_style: Path) -> RunCli:
    """Run `translate convert ARGUMENTS...` with a style of attributes."""
    return partial(run_cli, "convert", "--style", face_style, "--device", "cpu")


def translated(style: Path, photo: Path, *domain: str) -> np.ndarray:
    return Translator(style, device="cpu")(load_rgb(photo)[np.newaxis], domain)[0]


def test_one_domain(seasons: RunCli, season_style: Path, photo: Path, tmp_path: Path) -> None:
    done = seasons(photo, "-o", tmp_path / "new.png", "--domain", "late summer")
    assert done.code == ExitCode.OK, done.err
    np.testing.assert_array_equal(load_rgb(tmp_path / "new.png"), translated(season_style, photo, "late summer"))


def test_without_an_output_the_name_holds_the_domain(seasons: RunCli, photo: Path, tmp_path: Path) -> None:
    assert seasons(photo, "--domain", "late summer").code == ExitCode.OK
    assert seasons(photo, "--domain", "autumn", "--suffix", "-x").code == ExitCode.OK
    assert files_below(tmp_path) == {"photo.jpg", "photo-season_late_summer.jpg", "photo-x.jpg"}
    assert seasons(photo, "--all-domains", "--skip-existing").err.startswith("2 converted, 1 skipped, 0 failed")


def test_attributes_are_given_all_together(faces: RunCli, face_style: Path, photo: Path, tmp_path: Path) -> None:
    for name, domain in (("two", ("glasses", "smiling")), ("one", ("blond",)), ("none", ("",))):
        options = [text for one in domain for text in ("--domain", one)]
        assert faces(photo, "-o", tmp_path / f"{name}.png", *options).code == ExitCode.OK
        expected = translated(face_style, photo, *filter(None, domain))
        np.testing.assert_array_equal(load_rgb(tmp_path / f"{name}.png"), expected)


def test_all_domains_of_a_folder(
    seasons: RunCli, season_style: Path, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    album = tmp_path / "album"
    (album / "day").mkdir(parents=True)
    Image.fromarray(draw_photo(30, 21)).save(album / "a.png")
    Image.fromarray(draw_photo(31, 21)).save(album / "day" / "b.png")
    decoded = []

    def load(source: Path, **limits: Any) -> Picture | Upright:
        decoded.append(source)
        return load_frugally(source, **limits)

    monkeypatch.setattr(pipeline, "load_frugally", load)
    done = seasons(album, "-r", "-o", tmp_path / "out", "--all-domains")
    assert done.code == ExitCode.OK, done.err
    assert lines(done) == [f"6 converted, 0 skipped, 0 failed; style {season_style} on cpu"]
    assert sorted(decoded) == [album / "a.png", album / "day" / "b.png"]
    assert files_below(tmp_path / "out") == {f"{name}_{season}.png" for name in ("a", "day/b") for season in SEASONS}
    for season in SEASONS:
        expected = translated(season_style, album / "a.png", season.replace("_", " "))
        np.testing.assert_array_equal(load_rgb(tmp_path / "out" / f"a_{season}.png"), expected)


def test_all_attributes_one_by_one(faces: RunCli, face_style: Path, photo: Path, tmp_path: Path) -> None:
    assert faces(photo, "-o", tmp_path / "new.png", "--all-domains").code == ExitCode.OK
    for name in ("smiling", "blond", "glasses"):
        np.testing.assert_array_equal(load_rgb(tmp_path / f"new_{name}.png"), translated(face_style, photo, name))


def test_compare_and_strength_of_each_domain(seasons: RunCli, season_style: Path, photo: Path, tmp_path: Path) -> None:
    seasons(photo, "-o", tmp_path / "new.png", "--all-domains", "--compare", "--strength", 0.5)
    for season in SEASONS:
        left, right = np.split(load_rgb(tmp_path / f"new_{season}.png"), 2, axis=1)
        np.testing.assert_array_equal(left, load_rgb(photo))
        full = translated(season_style, photo, season.replace("_", " "))
        np.testing.assert_array_equal(right, blend(left, full, 0.5))


def test_dry_run_and_json_show_the_domains(seasons: RunCli, photo: Path, tmp_path: Path) -> None:
    done = seasons(photo, "-o", tmp_path / "new.png", "--all-domains", "-n")
    assert done.out.decode().splitlines() == [f"{photo} -> {tmp_path / f'new_{season}.png'}" for season in SEASONS]
    assert lines(done) == ["3 to convert, 0 to skip; nothing written"]
    planned = json.loads(seasons(photo, "-o", tmp_path / "new.png", "--all-domains", "-n", "--json").out)["files"]
    assert files_below(tmp_path) == {"photo.jpg"}
    written = json.loads(seasons(photo, "-o", tmp_path / "new.png", "--all-domains", "--json").out)["files"]
    for files, status in ((planned, "planned"), (written, "converted")):
        assert [file["domain"] for file in files] == [["spring"], ["late summer"], ["autumn"]]
        assert {file["status"] for file in files} == {status}


def test_streams(seasons: RunCli, season_style: Path, photo: Path, tmp_path: Path) -> None:
    done = seasons("-", "-o", "-", "--domain", "autumn", "--format", "png", stdin=photo.read_bytes())
    assert done.code == ExitCode.OK
    np.testing.assert_array_equal(load_picture(done.out).rgb, translated(season_style, photo, "autumn"))
    for source, output in (("-", "-"), ("-", tmp_path / "new.png"), (photo, "-")):
        done = seasons(source, "-o", output, "--all-domains", stdin=photo.read_bytes())
        refused(done, ExitCode.USAGE, "takes one picture", "--all-domains")


def test_a_bad_photo_fails_for_every_domain(seasons: RunCli, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    done = seasons(tmp_path / "bad.jpg", "-o", tmp_path / "new.png", "--all-domains")
    assert done.code == ExitCode.SOME_FAILED
    assert lines(done)[-1].startswith("0 converted, 0 skipped, 3 failed")
    assert files_below(tmp_path) == {"bad.jpg"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--domain; it knows spring, late summer, autumn"),
        (["--domain", "winter"], "--domain winter: 'Tiny' knows spring, late summer, autumn"),
        (["--domain", "spring", "--domain", "autumn"], "exactly one of spring, late summer, autumn"),
        (["--domain", ""], "exactly one of"),
        (["--domain", "spring", "--all-domains"], "--domain and --all-domains exclude each other"),
    ],
)
@pytest.mark.parametrize("dry", [[], ["-n"]])
def test_unsuitable_domains_are_refused_before_converting(
    seasons: RunCli, photo: Path, tmp_path: Path, options: list[str], message: str, dry: list[str]
) -> None:
    refused(seasons(photo, "-o", tmp_path / "new.png", *options, *dry), ExitCode.USAGE, message)
    assert files_below(tmp_path) == {"photo.jpg"}


def test_a_style_without_domains(run_cli: RunCli, tiny_style: Path, photo: Path, tmp_path: Path) -> None:
    convert = partial(run_cli, "convert", photo, "-o", tmp_path / "new.png", "-s", tiny_style)
    refused(convert("--domain", "spring"), ExitCode.USAGE, "--domain spring: 'Tiny' has no domains")
    refused(convert("--all-domains"), ExitCode.USAGE, "--all-domains: 'Tiny' has no domains")


def test_domains_that_would_share_a_file(run_cli: RunCli, photo: Path, tmp_path: Path) -> None:
    style = write_style(tmp_path / "style.onnx", info=style_info(domains=["blond hair", "blond/hair"]))
    done = run_cli("convert", photo, "-o", tmp_path / "out", "-s", style, "--all-domains", "--format", "png")
    refused(done, ExitCode.USAGE, "photo.jpg as blond hair and ", "photo.jpg as blond/hair -> ", "one file")
    assert not (tmp_path / "out").exists()


def test_untrusted_domain_names_are_escaped_in_the_terminal(run_cli: RunCli, photo: Path, tmp_path: Path) -> None:
    style = write_style(tmp_path / "style.onnx", info=style_info(domains=["\x1b[31mred\n", "../up"]))
    out = tmp_path / "out"
    done = run_cli("convert", photo, "-o", f"{out}/", "-s", style, "-d", "cpu", "--all-domains", "-v")
    assert done.code == ExitCode.OK
    assert "\x1b" not in done.err
    assert files_below(tmp_path) == {"photo.jpg", "style.onnx", "out/photo__31mred_.jpg", "out/photo_.._up.jpg"}
    refused(run_cli("convert", photo, "-o", f"{out}/", "-s", style), ExitCode.USAGE, "\\x1b[31mred")
