"""The whole way from photos to a style, with a teacher of a few lines and training of a few steps."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.pictures import draw_photo, files_below
from translate.distillation.colours import draw_sheet
from translate.distillation.pipeline import LOCK, REFUSED, Distilled, distill, explain
from translate.distillation.request import GENERATORS, MIN_PHOTOS, DistillRequest
from translate.errors import UserError
from translate.storage.lock import LockFile
from translate.style.session import read_style
from translate.style.translator import Translator

pytestmark = pytest.mark.slow

SIDE = 72  # of the photos' longer side, and of the sheets
DISLIKED = [(0, 255, 0), tuple(draw_sheet(0, SIDE)[0, -1].tolist())]  # the second is that of a sheet of colours
TEACHER = f"""
import sys
from PIL import Image, ImageOps
photo = Image.open(sys.argv[1])
if photo.getpixel((photo.width - 1, 0)) in {DISLIKED}:
    sys.exit("not this colour, please")
ImageOps.invert(photo).save(sys.argv[2])
"""
MOMENTS = ("teacher: 13 photos", "round 2", "exporting")  # at which the kills come


@pytest.fixture(scope="module", autouse=True)
def tiny_networks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for size in GENERATORS:
            patch.setitem(GENERATORS, size, {"channels": 4, "wide_channels": 4, "dilations": [1]})
        yield


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two photos more than are needed: one is green, which the teacher dislikes, one is cut short."""
    folder = tmp_path_factory.mktemp("photos")
    for number in range(MIN_PHOTOS):
        path = folder / ("walks" if number % 2 else ".") / f"{number:02d}.jpg"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.roll(draw_photo(72, 48), 5 * number, axis=1)).save(path)
    Image.new("RGB", (72, 48), (0, 255, 0)).save(folder / "green.png")
    (folder / "broken.jpg").write_bytes((folder / "00.jpg").read_bytes()[:400])
    return folder


@pytest.fixture(scope="module")
def request_(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> DistillRequest:
    folder = tmp_path_factory.mktemp("teacher")
    (folder / "invert.py").write_text(TEACHER)
    command = f"{shlex.quote(sys.executable)} {shlex.quote(str(folder / 'invert.py'))} {{input}} {{output}}"
    return DistillRequest(
        photos=photos, output=folder / "inverted.onnx", teacher=command, max_steps=20, workers=2, precision="fp32"
    )


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def made(request_: DistillRequest, said: list[str]) -> Distilled:
    return distill(request_, say=said.append)


def test_a_style_with_its_variant_card_and_preview(made: Distilled, request_: DistillRequest) -> None:
    info, photo = read_style(made.style), draw_photo(50, 30)
    assert (info.title, info.method, info.precision, info.working_size) == ("inverted", "pix2pix", "fp32", 72)
    assert read_style(made.int8).precision == "int8"
    assert Translator(made.int8, device="cpu")(photo[None]).shape == (1, 30, 50, 3)
    card = made.card.read_text()
    assert "invert.py" in card and f"{made.measures.psnr_db:.2f} dB" in card and "answers the same each time" in card
    assert Image.open(made.preview).size[0] > 3 * 72
    assert made.measures.count == 3 and made.measures.teacher_seconds
    assert {path.parent for path in (made.style, made.int8, made.card, made.preview)} == {request_.output.parent}


def test_photos_without_a_picture_are_named_and_left_out(made: Distilled, said: list[str], photos: Path) -> None:
    assert {failure.name for failure in made.failures} == {"green", "broken"}
    assert any(line.startswith("left out: green: exit code 1: not this colour, please") for line in said)
    tiles = files_below(made.style.with_suffix(".distill") / "pairs" / "A")
    assert tiles and not any("green" in tile or "broken" in tile for tile in tiles)


def test_colours_that_photos_lack_are_learnt_too_where_the_teacher_draws_them(made: Distilled, said: list[str]) -> None:
    work = made.style.with_suffix(".distill")
    assert "teacher: 6 sheets of plain colours and gradients" in said
    sheets = {tile for tile in files_below(work / "pairs" / "A") if tile.startswith("plain-colours-and-gradients/")}
    assert len(sheets) == 5 and "left out: plain-colours-and-gradients/00: exit code 1: not this colour, please" in said
    assert "sheets of plain colours and gradients beside the photos" in made.card.read_text()
    sheet = min(sheets)
    learnt, drawn = (np.array(Image.open(work / "pairs" / half / sheet)) for half in "AB")
    assert np.array_equal(drawn, 255 - learnt)


def test_held_out_photos_are_not_trained_on(made: Distilled) -> None:
    work = made.style.with_suffix(".distill")
    held_out = json.loads((work / "plan.json").read_text())["held_out"]
    trained_on = {tile.rsplit("_", 2)[0] for tile in files_below(work / "pairs" / "A")}
    assert len(held_out) == 3 and not trained_on & set(held_out)


def test_killed_at_three_moments_it_ends_with_the_same_files(made: Distilled, request_: DistillRequest) -> None:
    class KilledError(BaseException):
        pass

    def kill_at(moment: str) -> None:
        def listen(line: str) -> None:
            if line.startswith(moment):
                raise KilledError

        with pytest.raises(KilledError):
            distill(again, say=listen)
        assert not again.output.exists()

    again = replace(request_, work=request_.output.parent / "killed", output=request_.output.parent / "again.onnx")
    again = replace(again, title="inverted")
    for moment in MOMENTS:
        kill_at(moment)
    resumed = distill(again)
    assert resumed.style.read_bytes() == made.style.read_bytes()
    assert resumed.int8.read_bytes() == made.int8.read_bytes()


def test_the_plan_is_explained_and_nothing_kept(request_: DistillRequest, tmp_path: Path) -> None:
    lines = explain(replace(request_, output=tmp_path / "style.onnx"))
    assert lines[0] == f"photos: 14 in {request_.photos}"
    assert "s for a picture, 2 at a time" in lines[1] and lines[2].startswith("scale: 72 pixels")
    assert files_below(tmp_path) == set()


def by_pairs(photos: Path, finished: Path, folder: Path) -> DistillRequest:
    return DistillRequest(photos=photos, output=folder / "finished.onnx", pairs=finished, max_steps=5, precision="fp32")


def test_finished_pictures_instead_of_a_teacher(photos: Path, tmp_path: Path) -> None:
    finished = tmp_path / "finished"
    for path in photos.rglob("*.jpg"):
        if path.stem != "broken":
            (finished / path.relative_to(photos)).parent.mkdir(parents=True, exist_ok=True)
            dark = Image.open(path).point(lambda value: value // 2)
            dark.resize((144, 96)).save((finished / path.relative_to(photos)).with_suffix(".png"))
    made = distill(by_pairs(photos, finished, tmp_path))
    assert {failure.name for failure in made.failures} == {"green", "broken"}
    assert f"finished pictures in {finished}" in made.card.read_text()
    assert made.measures.teacher_seconds is None


def test_pictures_of_other_photos_are_shown(photos: Path, tmp_path: Path) -> None:
    finished = tmp_path / "finished"
    for number, path in enumerate(sorted(photos.rglob("*.jpg"))):
        if path.stem != "broken":
            (finished / path.relative_to(photos)).parent.mkdir(parents=True, exist_ok=True)
            other = np.random.default_rng(number).integers(0, 255, (12, 18, 3), np.uint8)
            Image.fromarray(other).resize((72, 48)).save((finished / path.relative_to(photos)).with_suffix(".png"))
    request = by_pairs(photos, finished, tmp_path)
    with pytest.raises(UserError, match=r"photos with a picture: 0; .*14 are left out, such as broken: .*cut short"):
        distill(request)
    assert Image.open(request.work_folder / REFUSED).size[0] > 72


def test_what_cannot_be_distilled_is_one_line(request_: DistillRequest, photos: Path, tmp_path: Path) -> None:
    few = tmp_path / "few"
    few.mkdir()
    for number in range(3):
        Image.new("RGB", (64, 64)).save(few / f"{number}.png")
    with pytest.raises(UserError, match=r"photos in .*few: 3; give 12 at least"):
        distill(replace(request_, photos=few, output=tmp_path / "style.onnx"))
    (few / "2.jpg").write_bytes((few / "2.png").read_bytes())
    with pytest.raises(UserError, match=r"2\.jpg and 2\.png differ only in suffix; rename one of them"):
        distill(replace(request_, photos=few, output=tmp_path / "style.onnx"))
    with pytest.raises(UserError, match=r"give a name that ends in \.onnx; .*give either teacher"):
        distill(DistillRequest(photos=photos, output=tmp_path / "style.pt"))
    lock = LockFile(tmp_path / "style.distill" / LOCK)
    try:
        with pytest.raises(UserError, match=r"work .*style\.distill: in use \(process \d+"):
            distill(replace(request_, output=tmp_path / "style.onnx"))
    finally:
        lock.release()
