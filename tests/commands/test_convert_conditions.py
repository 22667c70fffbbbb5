"""`translate convert` with styles that take a condition, and what else uses such styles."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.commands.test_convert import refused
from tests.helpers.command_line import RunCli
from tests.helpers.pictures import draw_photo, files_below
from translate import load_style
from translate.convert import pipeline
from translate.convert.planning import domain_suffix
from translate.convert.watching import Watcher
from translate.errors import ExitCode, UserError
from translate.media.images import load_rgb
from translate.style.conditions import Wanted
from translate.style.lanes import Lane, Lanes
from translate.style.session import first_target, read_style
from translate.style.translator import Translator
from translate.web.style_entry import draw_preview

NIGHT = Wanted("night", np.array([1, 0], np.float32))
FOG = Wanted("fog=0.5", np.array([0, 0.5], np.float32))


@pytest.fixture
def looks(run_cli: RunCli, look_style: Path) -> RunCli:
    """Run `translate convert ARGUMENTS...` with a style with a condition."""
    return partial(run_cli, "convert", "--style", look_style, "--device", "cpu")


def translated(style: Path, photo: Path, condition: Wanted) -> NDArray[np.uint8]:
    return Translator(style, device="cpu")(load_rgb(photo)[np.newaxis], condition)[0]


def test_each_condition_gives_a_result_of_its_own(looks: RunCli, look_style: Path, photo: Path, tmp_path: Path) -> None:
    done = looks(photo, "-o", f"{tmp_path}/out/", "--format", "png", "--condition", "night", "--condition", "fog=0.5")
    assert done.code == ExitCode.OK, done.err
    assert files_below(tmp_path) == {"photo.jpg", "out/photo_night.png", "out/photo_fog_0.5.png"}
    for condition in (NIGHT, FOG):
        found = load_rgb(tmp_path / "out" / f"photo{domain_suffix(condition)}.png")
        np.testing.assert_array_equal(found, translated(look_style, photo, condition))
    assert not np.array_equal(translated(look_style, photo, NIGHT), translated(look_style, photo, FOG))
    assert looks(photo, "--condition", "night").code == ExitCode.OK
    assert (tmp_path / "photo-look_night.jpg").is_file()
    planned = json.loads(looks(photo, "-o", tmp_path / "new.png", "-n", "--json", "--condition", "fog=0.5").out)
    assert [(file["domain"], file["condition"]) for file in planned["files"]] == [(None, "fog=0.5")]


def test_tiles_strips_and_frames_have_the_same_condition(
    looks: RunCli, look_style: Path, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = translated(look_style, photo, NIGHT)
    assert looks(photo, "-o", tmp_path / "tiles.png", "--tile", 16, "--condition", "night").code == ExitCode.OK
    np.testing.assert_array_equal(load_rgb(tmp_path / "tiles.png"), whole)
    frames = [Image.fromarray(draw_photo(40, 30 + number)).resize((40, 30)) for number in range(3)]
    frames[0].save(tmp_path / "moving.png", save_all=True, append_images=frames[1:], duration=50)
    for name, text in (("night", "night"), ("day", "night=0")):
        done = looks(tmp_path / "moving.png", "-o", tmp_path / f"{name}.png", "--condition", text)
        assert done.code == ExitCode.OK, done.err
    with Image.open(tmp_path / "night.png") as moving, Image.open(tmp_path / "day.png") as other:
        moving.seek(2)
        other.seek(2)
        expected = Translator(look_style, device="cpu")(np.asarray(frames[2])[np.newaxis], NIGHT)[0]
        np.testing.assert_array_equal(np.asarray(moving.convert("RGB")), expected)
        assert not np.array_equal(np.asarray(other.convert("RGB")), expected)
    monkeypatch.setattr(pipeline, "LARGE", 1000)  # the photo is translated in strips now
    assert looks(photo, "-o", tmp_path / "strips.png", "--condition", "night").code == ExitCode.OK
    np.testing.assert_array_equal(load_rgb(tmp_path / "strips.png"), whole)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--condition: 'Tiny' needs one: its attributes are night, fog; such as --condition night=1"),
        (["--condition", "snow"], "--condition snow: is no attribute that was learnt; its attributes are night, fog"),
        (["--condition", " "], "is empty; its attributes are night, fog"),
        (["--condition", "fog=thick"], "--condition fog=thick: 'thick' is no number"),
        (["--domain", "night"], "--condition: 'Tiny' needs one"),
        (["--domain", "night", "--condition", "fog"], "--condition does not go with domains"),
        (["--all-domains"], "--all-domains: 'Tiny' has no domains"),
    ],
)
def test_what_is_refused(looks: RunCli, photo: Path, tmp_path: Path, options: list[str], message: str) -> None:
    refused(looks(photo, "-o", tmp_path / "new.png", *options), ExitCode.USAGE, message)


def test_a_style_without_a_condition_refuses_one(run_cli: RunCli, tiny_style: Path, photo: Path) -> None:
    refused(
        run_cli("convert", photo, "--style", tiny_style, "--condition", "night"),
        ExitCode.USAGE,
        "--condition night: 'Tiny' takes no condition; leave it out",
    )
    with pytest.raises(UserError, match="condition: 'Tiny' takes no condition"):
        Translator(tiny_style, device="cpu")(draw_photo(9, 9)[np.newaxis], NIGHT)


def test_in_python(look_style: Path, photo: Path) -> None:
    style = load_style(look_style, device="cpu")
    expected = translated(look_style, photo, FOG)
    np.testing.assert_array_equal(np.asarray(style(photo, condition="fog=0.5")), expected)
    for picture in style([photo, photo], condition="fog=0.5"):
        np.testing.assert_array_equal(np.asarray(picture), expected)
    with pytest.raises(UserError, match="condition: 'Tiny' needs one"):
        style([photo])


def test_pictures_of_different_conditions_are_not_one_batch(look_style: Path, photo: Path) -> None:
    lanes = Lanes([Lane(Translator(look_style, device="cpu"), batch=4)])
    pixels = load_rgb(photo)[np.newaxis]
    for condition in (NIGHT, FOG):
        np.testing.assert_array_equal(lanes(pixels, condition)[0], translated(look_style, photo, condition))
    lanes.close()


def test_lists_and_previews_show_the_condition(run_cli: RunCli, look_style: Path, photo: Path, tmp_path: Path) -> None:
    shown = json.loads(run_cli("models", "info", look_style, "--json").out)
    assert "night" in shown["condition"] and [port["name"] for port in shown["inputs"]] == ["image", "condition"]
    sheet = tmp_path / "sheet.png"
    assert run_cli("models", "preview", photo, "--style", look_style, "-o", sheet).code == ExitCode.OK
    assert draw_preview(Translator(look_style, device="cpu"))
    usual = first_target(read_style(look_style))
    assert isinstance(usual, Wanted) and usual.row is not None and usual.row.tolist() == [0, 0]


def test_commands_without_an_option_for_a_condition_say_so(run_cli: RunCli, look_style: Path, photo: Path) -> None:
    done = run_cli("compare", look_style, "--photos", photo.parent)
    assert done.code == ExitCode.USAGE
    assert "'Tiny' needs a condition, and `translate compare` has no option for one" in done.err


def test_a_watched_folder(look_style: Path, photo: Path, tmp_path: Path) -> None:
    from translate.convert.conversion import ConvertRequest

    folder = tmp_path / "in"
    folder.mkdir()
    photo.rename(folder / "photo.jpg")
    request = ConvertRequest(inputs=[folder], output=tmp_path / "out", format="png", condition=["night"])
    watcher = Watcher(request, Translator(look_style, device="cpu"), settle=0)
    for _ in range(2):
        list(watcher.look())
    expected = translated(look_style, folder / "photo.jpg", NIGHT)
    np.testing.assert_array_equal(load_rgb(tmp_path / "out" / "photo.png"), expected)
