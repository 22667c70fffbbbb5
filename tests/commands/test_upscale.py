"""`translate upscale`, through the command line."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.helpers.command_line import RunCli
from tests.helpers.pictures import draw_photo, files_below
from tests.helpers.styles import style_info, write_style
from tests.media.video.test_convert import CLOSE, difference, film, frames_of, packets_of, times_of, write_video
from translate.errors import ExitCode
from translate.media.images import load_picture, load_rgb
from translate.media.mark import made_by
from translate.media.video import convert as video
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


def test_videos_keep_sound_and_times(
    upscale: RunCli, style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "SEGMENT_SECONDS", 4 / 25)
    source, out = write_video(tmp_path / "in.mp4", film(10, 34, 22), audio="aac"), tmp_path / "out"
    run, runs = Translator.__call__, 0

    def stopping(translator: Translator, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        nonlocal runs
        runs += 1
        if runs == 2:
            raise KeyboardInterrupt
        return run(translator, images)

    monkeypatch.setattr(Translator, "__call__", stopping)
    assert upscale(source, "-o", f"{out}/", "--quality", 100).code == ExitCode.INTERRUPTED
    done = upscale(source, "-o", f"{out}/", "--quality", 100, "--json")
    assert done.code == 0 and json.loads(done.out)["files"][0]["size"] == [68, 44], done.err
    assert files_below(out) == {"in.mp4"}
    expected = Translator(style, device="cpu")(np.stack(frames_of(source)))
    assert difference(frames_of(out / "in.mp4"), list(expected)) < 2 * CLOSE
    assert times_of(out / "in.mp4") == times_of(source)
    assert packets_of(out / "in.mp4", "audio") == packets_of(source, "audio")
    assert made_by(out / "in.mp4") == "upscale"
    assert upscale(out, "-o", tmp_path / "again").code == ExitCode.USAGE  # nothing but a result is there


def test_animations_keep_times_and_transparency(upscale: RunCli, tmp_path: Path) -> None:
    frames = []
    for number in range(2):
        pixels = np.dstack([draw_photo(20, 14 + number)[:14], np.full((14, 20), 255, np.uint8)])
        pixels[:, :10, 3] = 0
        frames.append(Image.fromarray(pixels))
    frames[0].save(tmp_path / "in.png", save_all=True, append_images=frames[1:], duration=[40, 80])
    assert upscale(tmp_path / "in.png", "-o", tmp_path / "out.png").code == 0
    with Image.open(tmp_path / "out.png") as large:
        assert large.size == (40, 28)
        for duration in (40, 80):
            alpha = np.asarray(large.convert("RGBA"))[..., 3]
            assert (alpha[:, :17] == 0).all() and (alpha[:, 23:] == 255).all()
            assert large.info["duration"] == duration
            large.seek(large.tell() + (duration == 40))


def test_what_cannot_be_enlarged_is_named_and_the_rest_done(upscale: RunCli, album: Path, tmp_path: Path) -> None:
    (album / "broken.jpg").write_bytes(b"no picture")
    frames = [Image.fromarray(photo) for photo in (draw_photo(90, 60), 255 - draw_photo(90, 60))]
    frames[0].save(album / "moving.gif", save_all=True, append_images=frames[1:])
    write_video(album / "moving.mp4", film(1, 64, 16))
    Image.fromarray(draw_photo(90, 60)).save(album / "wide.png")
    done = upscale(album, "-o", tmp_path / "out", "--max-pixels", 6000)
    assert done.code == ExitCode.SOME_FAILED
    assert files_below(tmp_path / "out") == {"a.jpg"}
    assert "broken.jpg: " in done.err
    assert "moving.gif: 90 x 60 pixels are too many to be enlarged 2 times" in done.err
    assert "moving.mp4: frames of 64 x 16 pixels are too many to be enlarged 2 times" in done.err
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
