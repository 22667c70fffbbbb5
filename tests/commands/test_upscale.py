"""`translate upscale`, through the command line."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.command_line import RunCli
from tests.helpers.pictures import draw_photo, files_below
from tests.helpers.styles import style_info, write_style
from translate.errors import ExitCode
from translate.media.images import load_picture, load_rgb
from translate.style import catalogue as shipped
from translate.style.translator import Translator


@pytest.fixture(scope="module")
def style(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A style that doubles the sides."""
    return write_style(tmp_path_factory.mktemp("enlargers") / "twice.onnx", info=style_info(scale=2))


@pytest.fixture
def upscale(run_cli: RunCli, style: Path) -> RunCli:
    return partial(run_cli, "upscale", "--model", style, "--device", "cpu")


@pytest.fixture
def album(tmp_path: Path) -> Path:
    folder = tmp_path / "album"
    (folder / "day").mkdir(parents=True)
    Image.fromarray(draw_photo(30, 21)).save(folder / "a.jpg")
    Image.fromarray(draw_photo(31, 21)).save(folder / "day" / "b.png")
    return folder


def test_a_folder_at_twice_and_four_times_its_size(upscale: RunCli, album: Path, style: Path, tmp_path: Path) -> None:
    out = tmp_path / "large"
    done = upscale(album, "-o", out, "--recursive", "--json")
    assert done.code == 0, done.err
    assert [file["size"] for file in json.loads(done.out)["files"]] == [[60, 42], [62, 42]]
    assert files_below(out) == {"a.jpg", "day/b.png"}
    once = Translator(style, device="cpu")
    drawn = once(load_rgb(album / "day" / "b.png")[np.newaxis])
    assert np.array_equal(load_rgb(out / "day" / "b.png"), drawn[0])

    again = upscale(album, "-o", out, "--recursive", "--scale", 4)
    assert again.code == ExitCode.USAGE and "exists already" in again.err
    assert upscale(album, "-o", out, "--recursive", "--scale", 4, "--overwrite", "--format", "png").code == 0
    assert np.array_equal(load_rgb(out / "day" / "b.png"), once(drawn)[0])
    assert load_rgb(out / "a.png").shape == (84, 120, 3)


def test_transparency_and_exif_are_kept(upscale: RunCli, tmp_path: Path) -> None:
    pixels = np.dstack([draw_photo(24, 16), np.full((16, 24), 255, np.uint8)])
    pixels[:, :8, 3] = 0
    exif = Image.Exif()
    exif[0x010E] = "a cat"
    Image.fromarray(pixels).save(tmp_path / "cut.png", exif=exif)
    assert upscale(tmp_path / "cut.png", "-o", tmp_path / "large.png", "--scale", 3).code == 0
    large = load_picture(tmp_path / "large.png")
    assert large.size == (72, 48) and large.alpha is not None
    assert (large.alpha[:, :21] == 0).all() and (large.alpha[:, 27:] == 255).all()
    assert Image.open(tmp_path / "large.png").getexif()[0x010E] == "a cat"


def test_what_cannot_be_enlarged_is_named_and_the_rest_done(upscale: RunCli, album: Path, tmp_path: Path) -> None:
    (album / "broken.jpg").write_bytes(b"no picture")
    frames = [Image.fromarray(draw_photo(20, 20 + number)) for number in range(2)]
    frames[0].save(album / "moving.gif", save_all=True, append_images=frames[1:])
    Image.fromarray(draw_photo(90, 60)).save(album / "wide.png")
    done = upscale(album, "-o", tmp_path / "out", "--max-pixels", 6000)
    assert done.code == ExitCode.SOME_FAILED
    assert files_below(tmp_path / "out") == {"a.jpg"}
    assert "broken.jpg: " in done.err
    assert "moving.gif: is a video or an animation, which cannot be enlarged" in done.err
    assert "wide.png: 90 x 60 pixels are too many to be enlarged 2 times; choose a smaller --scale" in done.err


def test_the_included_network_names_the_result(
    run_cli: RunCli, album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "enlargers").mkdir()
    write_style(tmp_path / "enlargers" / "upscale.onnx", info=style_info(scale=2))
    monkeypatch.setattr(shipped, "FOLDERS", (tmp_path,))
    done = run_cli("upscale", album / "a.jpg", "--device", "cpu")
    assert done.code == 0, done.err
    assert "style upscale on cpu" in done.err
    assert load_rgb(album / "a-upscale.jpg").shape == (42, 60, 3)


def test_a_dry_run_writes_nothing(upscale: RunCli, album: Path, tmp_path: Path) -> None:
    done = upscale(album, "-o", tmp_path / "out", "--dry-run")
    assert done.code == 0 and b"a.jpg -> " in done.out
    assert not (tmp_path / "out").exists()


def test_networks_that_do_not_enlarge(
    run_cli: RunCli, tiny_style: Path, style: Path, album: Path, tmp_path: Path
) -> None:
    done = run_cli("upscale", album, "-o", tmp_path / "out", "--model", tiny_style, "--device", "cpu")
    assert done.code == ExitCode.UNUSABLE and "does not enlarge pictures" in done.err
    done = run_cli("convert", album, "-o", tmp_path / "out", "--style", style, "--device", "cpu")
    assert done.code == ExitCode.USAGE and "use it with `translate upscale --model FILE`" in done.err
    assert not (tmp_path / "out").exists()
