"""`translate convert`, through the command line."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import subprocess
import sys
import zlib
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from PIL import ExifTags, Image

from tests.helpers.command_line import Finished, RunCli
from tests.helpers.pictures import draw_photo, files_below
from tests.helpers.styles import style_info, write_style
from tests.media.test_images import png
from translate.commands import convert as command
from translate.commands.conversion_options import FILES, PICTURE, REPORT, SPEED, STYLE
from translate.errors import ExitCode
from translate.media.images import load_picture, load_rgb
from translate.style import catalogue as shipped
from translate.style import devices
from translate.style.translator import Translator


@pytest.fixture
def convert(run_cli: RunCli, tiny_style: Path) -> RunCli:
    """Run `translate convert ARGUMENTS...` with the tiny style on the CPU."""
    return partial(run_cli, "convert", "--style", tiny_style, "--device", "cpu")


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """A folder of four pictures, two of the same name in different subfolders."""
    folder = tmp_path / "album"
    for index, name in enumerate(("a.jpg", "b.png", "day/a.jpg", "day/c.webp")):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw_photo(30 + index, 21)).save(path)
    return folder


def lines(finished: Finished) -> list[str]:
    """The lines on standard error, without those about speed and the place of the results."""
    about_all = re.compile(r"[\d.]+ MP in [\d.]+ s: .* limited by|results: ")
    return [line for line in finished.err.splitlines() if not about_all.match(line)]


def refused(finished: Finished, code: ExitCode, *words: str) -> None:
    """One clear line on standard error, nothing on standard output."""
    assert finished.code == code
    assert finished.out == b""
    assert len(lines(finished)) == 1, finished.err
    for word in words:
        assert word in finished.err


def failed(finished: Finished, *words: str) -> None:
    """One picture failed: its line, then the summary."""
    assert finished.code == ExitCode.SOME_FAILED
    problem, summary = lines(finished)
    assert problem.startswith("failed: ")
    for word in words:
        assert word in problem
    assert "0 converted, 0 skipped, 1 failed" in summary


def test_a_photo(convert: RunCli, photo: Path, tmp_path: Path, tiny_style: Path) -> None:
    before = photo.read_bytes()
    done = convert(photo, "-o", tmp_path / "new.png")
    assert done.code == ExitCode.OK
    assert done.out == b""
    assert lines(done) == [f"1 converted, 0 skipped, 0 failed; style {tiny_style} on cpu"]
    expected = Translator(tiny_style, device="cpu")(load_rgb(photo)[np.newaxis])[0]
    np.testing.assert_array_equal(load_rgb(tmp_path / "new.png"), expected)
    assert photo.read_bytes() == before
    assert files_below(tmp_path) == {"photo.jpg", "new.png"}


def test_without_an_output_the_result_is_written_next_to_the_photo(
    convert: RunCli, photo: Path, tmp_path: Path, tiny_style: Path
) -> None:
    addition = f"-{tiny_style.stem}"
    assert convert(photo).code == ExitCode.OK
    assert convert(photo, "--suffix", "_new", "--format", "png").code == ExitCode.OK
    assert files_below(tmp_path) == {"photo.jpg", f"photo{addition}.jpg", "photo_new.png"}
    refused(convert(photo), ExitCode.USAGE, f"photo{addition}.jpg", "--overwrite")
    refused(convert(tmp_path), ExitCode.USAGE, "--output is missing")
    refused(convert("-"), ExitCode.USAGE, "--output is missing")


def test_a_tree_of_folders(convert: RunCli, album: Path, tmp_path: Path) -> None:
    done = convert(album, "-r", "-o", tmp_path / "out")
    assert done.code == ExitCode.OK
    assert "4 converted, 0 skipped, 0 failed" in done.err
    assert files_below(tmp_path / "out") == {"a.jpg", "b.png", "day/a.jpg", "day/c.webp"}
    for name in files_below(album):
        assert load_picture(tmp_path / "out" / name).size == load_picture(album / name).size


def test_shipped_style_by_name_and_the_default(
    run_cli: RunCli, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "FOLDERS", (tmp_path,))
    for name in (shipped.DEFAULT_STYLE, "other"):
        write_style(tmp_path / f"{name}.onnx")
    assert f"style {shipped.DEFAULT_STYLE} on" in run_cli("convert", photo, "-o", tmp_path / "1.png", "-d", "cpu").err
    assert "style other on" in run_cli("convert", photo, "-o", tmp_path / "2.png", "-d", "cpu", "-m", "other").err
    unknown = run_cli("convert", photo, "-o", tmp_path / "3.png", "-s", "nowhere")
    refused(unknown, ExitCode.UNUSABLE, "--style nowhere", f"shipped: {shipped.DEFAULT_STYLE}, other", ".onnx file")


@pytest.mark.parametrize("present", [False, True])
def test_the_device_is_told_where_a_gpu_is_not_used(
    run_cli: RunCli, album: Path, tmp_path: Path, tiny_style: Path, monkeypatch: pytest.MonkeyPatch, present: bool
) -> None:
    monkeypatch.setattr(devices.Cuda, "obstacle", lambda cuda, number=0: "the driver sleeps")
    monkeypatch.setattr(devices.Cuda, "present", present)
    line = "--device auto took cpu: the driver sleeps"
    done = run_cli("convert", album, "-o", tmp_path / "out", "-s", tiny_style)
    assert [said == line for said in lines(done)] == ([True, False] if present else [False])
    verbose = run_cli("convert", album, "-o", tmp_path / "verbose", "-s", tiny_style, "-v")
    assert verbose.err.count(line) == 1
    assert run_cli("convert", album, "-o", tmp_path / "quiet", "-s", tiny_style, "-q").err == ""


def test_the_last_line_says_where_the_results_are(convert: RunCli, album: Path, tmp_path: Path) -> None:
    def last(*arguments: object) -> str:
        return convert(*arguments).err.splitlines()[-1]

    assert last(album / "a.jpg", "-o", tmp_path / "new.png") == f"results: {tmp_path / 'new.png'}"
    assert last(album, "-o", tmp_path / "flat") == f"results: {tmp_path / 'flat'}"
    assert last(album, "-r", "-o", tmp_path / "tree") == f"results: {tmp_path / 'tree'}"
    assert "results" not in last(album, "-o", tmp_path / "flat", "--skip-existing")
    assert "results" not in last(album / "a.jpg", "-o", "-")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(convert: RunCli, tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[274], exif[271] = orientation, "Maker"
    Image.fromarray(draw_photo(40, 20)).save(tmp_path / "in.jpg", exif=exif.tobytes())
    assert convert(tmp_path / "in.jpg", "-o", tmp_path / "out.jpg").code == ExitCode.OK
    with Image.open(tmp_path / "out.jpg") as result:
        assert result.size == ((40, 20) if orientation <= 4 else (20, 40))
        assert result.getexif()[274] == 1
        assert result.getexif()[271] == "Maker"


def test_alpha_is_kept(convert: RunCli, tmp_path: Path) -> None:
    rgba = np.dstack((draw_photo(20, 15), draw_photo(20, 15)[..., 0]))
    Image.fromarray(rgba).save(tmp_path / "in.png")
    assert convert(tmp_path / "in.png", "-o", tmp_path / "out.webp").code == ExitCode.OK
    np.testing.assert_array_equal(load_picture(tmp_path / "out.webp").alpha, rgba[..., 3])


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_every_pixel_mode(convert: RunCli, tmp_path: Path, mode: str) -> None:
    if mode == "I;16":
        image = Image.fromarray(draw_photo(20, 15)[..., 0].astype(np.uint16) * 257)
    else:
        image = Image.fromarray(draw_photo(20, 15)).convert(mode)
    image.save(tmp_path / "in.tif")
    assert convert(tmp_path / "in.tif", "-o", tmp_path / "out.png").code == ExitCode.OK
    assert load_picture(tmp_path / "out.png").size == (20, 15)


@pytest.mark.parametrize("format", ["jpg", "png", "webp", "tif", "bmp", "avif", "gif"])
def test_every_output_format(convert: RunCli, photo: Path, tmp_path: Path, format: str) -> None:
    assert convert(photo, "-o", tmp_path / "out", "--format", format, "--quality", 80).code == ExitCode.OK
    assert convert(photo, "-o", tmp_path / f"named.{format}").code == ExitCode.OK
    assert load_picture(tmp_path / "out").format == load_picture(tmp_path / f"named.{format}").format


def test_strength_0_gives_the_photo(convert: RunCli, photo: Path, tmp_path: Path) -> None:
    assert convert(photo, "-o", tmp_path / "out.png", "--strength", 0).code == ExitCode.OK
    np.testing.assert_array_equal(load_rgb(tmp_path / "out.png"), load_rgb(photo))


def test_compare_doubles_the_width(convert: RunCli, photo: Path, tmp_path: Path) -> None:
    assert convert(photo, "-o", tmp_path / "out.png", "--compare").code == ExitCode.OK
    both = load_rgb(tmp_path / "out.png")
    assert both.shape == (47, 122, 3)
    np.testing.assert_array_equal(both[:, :61], load_rgb(photo))
    assert (both[:, 61:] != load_rgb(photo)).any()


def test_max_size(convert: RunCli, photo: Path, tmp_path: Path) -> None:
    assert convert(photo, "-o", tmp_path / "out.png", "--max-size", 30).code == ExitCode.OK
    assert load_picture(tmp_path / "out.png").size == (30, 23)


def test_detail(convert: RunCli, run_cli: RunCli, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    Image.fromarray(draw_photo(100, 75)).save(photo)
    made = []
    sized = write_style(tmp_path / "sized.onnx", info=style_info(working_size=64))
    for style, detail in (("tiny", []), ("tiny", ["--detail", 64]), (sized, []), (sized, ["--detail", "full"])):
        command = convert if style == "tiny" else partial(run_cli, "convert", "--style", style, "--device", "cpu")
        assert command(photo, "-o", tmp_path / "out.png", "--overwrite", *detail).code == ExitCode.OK
        made.append((tmp_path / "out.png").read_bytes())
    assert made[0] == made[3] and made[1] == made[2] and made[0] != made[1]


@pytest.mark.parametrize(
    ("detail", "words"),
    [(text, f"--detail {text}: has to be at least 64 pixels, or full") for text in ("63", "-5", "most", "9" * 5000)],
    ids=["small", "negative", "text", "huge"],
)
def test_a_detail_that_makes_no_sense(convert: RunCli, photo: Path, tmp_path: Path, detail: str, words: str) -> None:
    refused(convert(photo, "-o", tmp_path / "out.png", "--detail", detail), ExitCode.USAGE, words)
    assert not (tmp_path / "out.png").exists()


def test_tiles_equal_the_whole(convert: RunCli, photo: Path, tmp_path: Path) -> None:
    convert(photo, "-o", tmp_path / "whole.png", "--tile", 0)
    convert(photo, "-o", tmp_path / "tiled.png", "--tile", 17)
    whole, tiled = (load_rgb(tmp_path / f"{name}.png").astype(int) for name in ("whole", "tiled"))
    assert np.abs(whole - tiled).max() <= 1


def test_tiles_of_a_style_without_tiling(convert: RunCli, photo: Path, tmp_path: Path, whole_style: Path) -> None:
    done = convert(photo, "-o", tmp_path / "out.png", "-s", whole_style, "--tile", 64)
    refused(done, ExitCode.USAGE, "--tile 64", "--max-size")


def test_existing_files(convert: RunCli, album: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.jpg").write_bytes(b"old")
    refused(convert(album, "-o", out), ExitCode.USAGE, str(out / "a.jpg"), "--overwrite or --skip-existing")
    assert files_below(out) == {"a.jpg"}

    done = convert(album, "-o", out, "--skip-existing")
    assert (done.code, (out / "a.jpg").read_bytes()) == (ExitCode.OK, b"old")
    assert "1 converted, 1 skipped, 0 failed" in done.err

    done = convert(album, "-o", out, "--overwrite")
    assert "2 converted, 0 skipped, 0 failed" in done.err
    assert load_picture(out / "a.jpg").size == (30, 21)


def test_collisions_and_sources_are_refused_before_anything_is_written(
    convert: RunCli, album: Path, tmp_path: Path
) -> None:
    before = files_below(tmp_path)
    refused(convert(album / "a.jpg", album / "day/a.jpg", "-o", tmp_path / "out"), ExitCode.USAGE, "a.jpg", "one file")
    refused(convert(album, "-r", "-o", album, "--overwrite"), ExitCode.USAGE, "an input would be overwritten")
    assert files_below(tmp_path) == before


def test_photos_and_results_in_one_folder(convert: RunCli, album: Path) -> None:
    for converted, skipped in ((2, 0), (0, 2)):
        done = convert(album, "-o", album, "--suffix", "-tiny", "--skip-existing")
        assert f"{converted} converted, {skipped} skipped, 0 failed" in done.err
    assert files_below(album) == {"a.jpg", "a-tiny.jpg", "b.png", "b-tiny.png", "day/a.jpg", "day/c.webp"}


def test_dry_run_writes_nothing(convert: RunCli, album: Path, tmp_path: Path) -> None:
    before = files_below(tmp_path)
    done = convert(album, "-r", "-o", tmp_path / "out", "-n")
    assert done.code == ExitCode.OK
    assert f"{album / 'day' / 'a.jpg'} -> {tmp_path / 'out' / 'day' / 'a.jpg'}" in done.out.decode().splitlines()
    assert lines(done) == ["4 to convert, 0 to skip; nothing written"]
    assert files_below(tmp_path) == before

    done = convert(album, "-o", tmp_path / "out", "-n", "--json")
    assert [file["status"] for file in json.loads(done.out)["files"]] == ["planned", "planned"]


def test_json(convert: RunCli, album: Path, tmp_path: Path, tiny_style: Path) -> None:
    (album / "bad.png").write_bytes(b"no picture")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "b.png").touch()
    done = convert(album, "-o", tmp_path / "out", "--json", "--skip-existing")
    assert done.code == ExitCode.SOME_FAILED
    report: dict[str, Any] = json.loads(done.out)
    first, second, third = report["files"]
    assert first.pop("seconds") > 0
    assert set(first["stages"]) == {"decode", "wait", "translate", "encode"}
    assert all(seconds >= 0 for seconds in first.pop("stages").values())
    assert first == {
        "source": str(album / "a.jpg"),
        "output": str(tmp_path / "out" / "a.jpg"),
        "domain": None,
        "condition": None,
        "status": "converted",
        "error": None,
        "size": [30, 21],
    }
    assert (second["status"], second["size"]) == ("skipped", None)
    assert third["status"] == "failed"
    assert third["error"].startswith(f"{album / 'bad.png'}: not a picture")
    assert report["summary"].pop("seconds") > 0
    assert report["summary"].pop("megapixels_per_s") > 0
    assert report["summary"].pop("stages").keys() == {"decode", "wait", "translate", "encode"}
    assert report["summary"].pop("limited_by") in ("decode", "translate", "encode")
    assert report["summary"].pop("peak_memory_mb") > 10
    assert report["summary"] == {
        "megapixels": 0.001,
        "converted": 1,
        "skipped": 1,
        "failed": 1,
        "interrupted": False,
        "style": str(tiny_style),
        "device": "cpu",
    }


def test_quiet_and_verbose(convert: RunCli, album: Path, tmp_path: Path) -> None:
    (album / "bad.png").write_bytes(b"no picture")
    done = convert(album, "-o", tmp_path / "quiet", "-q")
    assert [line.partition(str(album))[0] for line in lines(done)] == ["failed: "]
    done = convert(album, "-o", tmp_path / "verbose", "-v")
    assert f"{album / 'a.jpg'} -> {tmp_path / 'verbose' / 'a.jpg'} (30 x 21, " in done.err
    assert len(lines(done)) == 4
    done = convert(album, "-o", tmp_path / "verbose", "-v", "--skip-existing")
    assert f"skipped: {tmp_path / 'verbose' / 'a.jpg'} exists" in lines(done)


def test_standard_input_and_output(convert: RunCli, photo: Path, tmp_path: Path, tiny_style: Path) -> None:
    done = convert("-", "-o", "-", stdin=photo.read_bytes())
    assert done.code == ExitCode.OK
    with Image.open(io.BytesIO(done.out)) as image:
        assert (image.format, image.size) == ("JPEG", (61, 47))
    assert "1 converted" in done.err

    done = convert("-", "-o", tmp_path / "out.png", stdin=photo.read_bytes())
    expected = Translator(tiny_style, device="cpu")(load_rgb(photo)[np.newaxis])[0]
    np.testing.assert_array_equal(load_rgb(tmp_path / "out.png"), expected)

    done = convert(photo, "-o", "-", "--format", "webp")
    assert load_picture(done.out).format == "WEBP"

    failed(convert("-", "-o", "-", stdin=b""), "standard input: empty")
    refused(convert("-", "-o", "-", "--json"), ExitCode.USAGE, "--json and --output -")


def test_pipe_of_processes(photo: Path, tiny_style: Path) -> None:
    command = [sys.executable, "-m", "translate", "convert", "-", "-o", "-", "-s", str(tiny_style), "-d", "cpu"]
    done = subprocess.run(command, input=photo.read_bytes(), capture_output=True, check=False)
    assert done.returncode == ExitCode.OK
    assert load_picture(done.stdout).size == (61, 47)


def test_interrupt(convert: RunCli, album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0

    def interrupted(self: Translator, images: np.ndarray, domain: None) -> np.ndarray:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        return images

    monkeypatch.setattr(Translator, "__call__", interrupted)
    done = convert(album, "-r", "-o", tmp_path / "out", "--json")
    assert done.code == ExitCode.INTERRUPTED
    assert lines(done)[-1].startswith("interrupted: ")
    assert json.loads(done.out)["summary"]["interrupted"] is True
    assert len(files_below(tmp_path / "out")) <= 2


# Damaged, strange or impossible input: one line, the right exit code, nothing half-written, no traceback.


def test_empty_folder(convert: RunCli, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = convert(tmp_path / "empty", "-o", tmp_path / "out")
    refused(done, ExitCode.USAGE, str(tmp_path / "empty"), "holds no picture", ".jpg", "-r")
    assert not (tmp_path / "out").exists()


def test_missing_path(convert: RunCli, tmp_path: Path) -> None:
    done = convert(tmp_path / "none.jpg", "-o", tmp_path / "out.jpg")
    refused(done, ExitCode.USAGE, f"{tmp_path / 'none.jpg'}: no such file")


@pytest.mark.parametrize("kind", ["text", "empty", "truncated"])
def test_bad_files(convert: RunCli, photo: Path, tmp_path: Path, kind: str) -> None:
    bad = tmp_path / "bad.jpg"
    content, problem = {
        "text": (b"Dear diary,\n", "not a picture"),
        "empty": (b"", "empty, 0 bytes"),
        "truncated": (photo.read_bytes()[:-100], "damaged or cut short"),
    }[kind]
    bad.write_bytes(content)
    failed(convert(bad, "-o", tmp_path / "out" / "new.jpg"), f"{bad}: {problem}")
    assert files_below(tmp_path) == {"photo.jpg", "bad.jpg"}


def test_a_bad_file_among_good_ones(convert: RunCli, album: Path, tmp_path: Path) -> None:
    (album / "aa.jpg").write_bytes(b"no picture")
    done = convert(album, "-r", "-o", tmp_path / "out")
    assert done.code == ExitCode.SOME_FAILED
    assert "4 converted, 0 skipped, 1 failed" in done.err
    assert files_below(tmp_path / "out") == files_below(album) - {"aa.jpg"}


def test_a_decompression_bomb_is_refused_by_its_header(convert: RunCli, tmp_path: Path) -> None:
    squeeze = zlib.compressobj(9)
    rows = b"".join(squeeze.compress(bytes(3751 * 1000)) for _ in range(30)) + squeeze.flush()
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(png(30000, 30000, depth=1, colour_type=0, rows=rows))
    assert bomb.stat().st_size < 200_000
    failed(convert(bomb, "-o", tmp_path / "out.png"), str(bomb), "900000000 pixels", "--max-pixels 900000000")
    assert not (tmp_path / "out.png").exists()


def test_the_pixel_limit_can_be_raised(convert: RunCli, photo: Path, tmp_path: Path) -> None:
    failed(convert(photo, "-o", tmp_path / "out.png", "--max-pixels", 61 * 47 - 1), f"--max-pixels {61 * 47}")
    assert convert(photo, "-o", tmp_path / "out.png", "--max-pixels", 61 * 47).code == ExitCode.OK


def test_a_single_pixel(convert: RunCli, tmp_path: Path) -> None:
    Image.new("RGB", (1, 1), "teal").save(tmp_path / "one.png")
    assert convert(tmp_path / "one.png", "-o", tmp_path / "out.png").code == ExitCode.OK
    assert load_picture(tmp_path / "out.png").size == (1, 1)


def test_a_style_that_is_not_onnx(convert: RunCli, photo: Path, tmp_path: Path) -> None:
    style = tmp_path / "style.onnx"
    style.write_bytes(np.random.default_rng(0).bytes(5000))
    done = convert(photo, "-o", tmp_path / "out.png", "-s", style)
    refused(done, ExitCode.UNUSABLE, str(style), "cannot be loaded as ONNX", "translate export")
    assert not (tmp_path / "out.png").exists()


def test_a_style_without_the_contract(convert: RunCli, photo: Path, tmp_path: Path) -> None:
    style = write_style(tmp_path / "style.onnx", metadata={"author": "somebody"})
    done = convert(photo, "-o", tmp_path / "out.png", "-s", style)
    refused(done, ExitCode.UNUSABLE, str(style), "not a style of this program", "translate export")


def test_an_output_that_cannot_be_written(convert: RunCli, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = convert(photo, "-o", tmp_path / "file" / "out.png")
    refused(done, ExitCode.USAGE, f"{tmp_path / 'file'} is a file, not a folder", "name another output")


def test_an_output_that_is_a_folder(convert: RunCli, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "photo.jpg").mkdir(parents=True)
    failed(
        convert(photo, "-o", tmp_path / "out", "--overwrite"), f"{tmp_path / 'out' / 'photo.jpg'}: cannot be written"
    )
    assert files_below(tmp_path / "out") == set()


def test_a_name_that_is_too_long(convert: RunCli, photo: Path, tmp_path: Path) -> None:
    refused(convert(photo, "-o", tmp_path / ("x" * 300 + ".png")), ExitCode.USAGE, "xxx.png")


@pytest.mark.parametrize("device", ["cuda", "cuda:0"])
def test_a_missing_device(
    convert: RunCli, photo: Path, tmp_path: Path, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("translate.style.devices.cuda_obstacle", lambda number=0: "no NVIDIA driver is installed")
    done = convert(photo, "-o", tmp_path / "out.png", "-d", device)
    refused(done, ExitCode.UNUSABLE, f"--device {device}", "no NVIDIA driver is installed", "--device cpu")


def test_names_with_control_characters_do_not_reach_the_terminal(convert: RunCli, tmp_path: Path) -> None:
    bad = tmp_path / "evil\x1b[31m\n[bold].jpg"
    bad.write_bytes(b"no picture")
    done = convert(bad, "-o", f"{tmp_path}/out/")
    failed(done, "evil\\x1b[31m [bold].jpg: not a picture")
    Image.new("RGB", (4, 4)).save(bad)
    done = convert(bad, "-o", f"{tmp_path}/out/", "-v")
    assert done.code == ExitCode.OK
    assert "\x1b" not in done.err
    assert "\x1b" not in convert(bad, "-o", f"{tmp_path}/out2/", "-n").out.decode()


@pytest.mark.parametrize(
    "arguments", [["--strength", "1.5"], ["--quality", "0"], ["--tile", "-1"], ["--format", "doc"], ["-q", "-v"]]
)
def test_options_out_of_range(convert: RunCli, photo: Path, tmp_path: Path, arguments: list[str]) -> None:
    done = convert(photo, "-o", tmp_path / "out.png", *arguments)
    assert done.code == ExitCode.USAGE
    assert "Traceback" not in done.err
    assert not (tmp_path / "out.png").exists()


def test_every_option_is_in_a_panel() -> None:
    app = typer.Typer(add_completion=False)
    app.command()(command.convert)
    options: list[Any] = [each for each in typer.main.get_command(app).params if each.param_type_name == "option"]
    panels = dict.fromkeys(option.rich_help_panel for option in options)
    assert list(panels) == [FILES, STYLE, PICTURE, SPEED, REPORT]


def album_with_place(folder: Path) -> Path:
    """A folder with a photo that says where it was taken, and how large it is."""
    folder.mkdir()
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Maker"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[1] = "N"
    directory = exif.get_ifd(ExifTags.IFD.Exif)
    directory[ExifTags.Base.ExifImageWidth], directory[ExifTags.Base.ExifImageHeight] = 61, 47
    Image.fromarray(draw_photo(61, 47)).save(folder / "photo.jpg", exif=exif)
    return folder


def exif_of(path: Path) -> Image.Exif:
    with Image.open(path) as image:
        exif = image.getexif()
        for directory in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
            exif.get_ifd(directory)  # read before the file is closed
        return exif


def test_exif_states_the_size_of_the_result(convert: RunCli, tmp_path: Path) -> None:
    album = album_with_place(tmp_path / "album")
    assert convert(album, "-o", tmp_path / "out", "--max-size", "30").code == ExitCode.OK
    exif = exif_of(tmp_path / "out" / "photo.jpg")
    directory = exif.get_ifd(ExifTags.IFD.Exif)
    assert exif[ExifTags.Base.Make] == "Maker"
    assert (directory[ExifTags.Base.ExifImageWidth], directory[ExifTags.Base.ExifImageHeight]) == (30, 23)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".avif"])
def test_metadata_is_stripped_on_request(convert: RunCli, tmp_path: Path, suffix: str) -> None:
    photo = album_with_place(tmp_path / "album") / "photo.jpg"
    kept, stripped = tmp_path / f"kept{suffix}", tmp_path / f"stripped{suffix}"
    assert convert(photo, "-o", kept).code == ExitCode.OK
    assert convert(photo, "-o", stripped, "--strip-metadata").code == ExitCode.OK
    assert exif_of(kept)[ExifTags.Base.Make] == "Maker" and exif_of(kept).get_ifd(ExifTags.IFD.GPSInfo)
    exif = exif_of(stripped)
    assert ExifTags.Base.Make not in exif and not exif.get_ifd(ExifTags.IFD.GPSInfo)
    assert not exif.get_ifd(ExifTags.IFD.Exif)


def test_a_folder_with_its_results_is_converted_again_without_them(
    convert: RunCli, album: Path, tmp_path: Path, tiny_style: Path
) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "green")]
    frames[0].save(album / "moving.gif", save_all=True, append_images=frames[1:])
    for name in ("a.jpg", "b.png", "moving.gif"):
        assert convert(album / name).code == ExitCode.OK
    assert f"moving-{tiny_style.stem}.gif" in files_below(album)
    again = convert(album, "-o", tmp_path / "out")
    assert files_below(tmp_path / "out") == {"a.jpg", "b.png", "moving.gif"}
    assert lines(again)[0] == (
        f"{album}: holds files that are left out: 3 made by this program; --again takes those too"
    )
    assert len(lines(convert(album, "-o", tmp_path / "quiet", "-q"))) == 0
    assert convert(album, "-o", tmp_path / "all", "--again").code == ExitCode.OK
    assert len(files_below(tmp_path / "all")) == 6


def test_pictures_that_would_become_one_file_are_numbered_on_request(convert: RunCli, album: Path) -> None:
    (album / "b.gif").write_bytes((album / "b.png").read_bytes())
    refused(convert(album, "-o", album / "out"), ExitCode.USAGE, "b.gif and", "--on-clash number tells them apart")
    assert convert(album, "-o", album / "out", "--on-clash", "number").code == ExitCode.OK
    assert files_below(album / "out") == {"a.jpg", "b.png", "b-2.png"}


def test_a_full_disk_is_said_once(
    convert: RunCli, album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flush(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", flush)
    done = convert(album, "-r", "-o", tmp_path / "out", "--workers", "1")
    assert done.code == ExitCode.SOME_FAILED
    *problems, stopped, summary = lines(done)
    assert 1 <= len(problems) <= 3 and all("No space left on device" in line for line in problems)
    assert stopped == "stopped, as there is no room for results; make some and repeat with --skip-existing"
    assert f"0 converted, 0 skipped, {len(problems)} failed" in summary


@pytest.mark.slow
@pytest.mark.usefixtures("toy_generators")
def test_a_run_in_the_place_of_a_style(
    run_cli: RunCli, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.helpers.toys import write_run  # brings PyTorch

    monkeypatch.setenv("TRANSLATE_CACHE", str(tmp_path / "cache"))
    run = write_run(tmp_path / "mine", {7: {"generator_ema": 1.0}})
    done = run_cli("convert", photo, "--style", run, "--device", "cpu")
    said = [line for line in done.err.splitlines() if "exported" in line]
    assert done.code == 0 and len(said) == 1 and said[0].startswith(f"{run}: exported step 7 to ")
    assert (load_rgb(photo.with_name("photo-mine.jpg")) != load_rgb(photo)).any()
    again = run_cli("convert", photo, "-o", tmp_path / "again.png", "--style", run, "--device", "cpu")
    assert again.code == 0 and "exported" not in again.err
    assert json.loads(run_cli("models", "info", run, "--json").out)["training_size"] == 64
    empty = run_cli("convert", photo, "--style", tmp_path / "cache", "--device", "cpu")
    assert empty.code == ExitCode.UNUSABLE and "neither a file nor a shipped style" in empty.err
