from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.helpers.paths import PHOTOS
from translate.distillation.drawn import Pixels, is_drawn
from translate.distillation.failures import Failure
from translate.distillation.pairing import MOST_SHOWN, PairError, align, draw_refused, match_pairs
from translate.errors import UserError
from translate.media.images import load_rgb, load_rgb_within
from translate.style.catalogue import find_style
from translate.style.translator import Translator

NAMES = ("colosseum", "lake", "otters", "portrait", "spices", "street")
LONG = 384  # pixels
Look = Callable[[Pixels], Pixels]


@pytest.fixture(scope="module")
def photos() -> dict[str, Pixels]:
    return {name: load_rgb_within(PHOTOS / f"{name}.jpg", LONG) for name in NAMES}


def moved(picture: Pixels, right: int, down: int) -> Pixels:
    matrix = np.array([[1, 0, right], [0, 1, down]], np.float32)
    return np.asarray(cv2.warpAffine(picture, matrix, picture.shape[1::-1], borderMode=cv2.BORDER_REPLICATE), np.uint8)


def mirrored(picture: Pixels) -> Pixels:
    return picture[:, ::-1].copy()


def pencil(photo: Pixels) -> Pixels:
    """Dark lines on white, by dividing the photo by its blur."""
    luma = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return grey((255 * luma / (cv2.GaussianBlur(luma, (0, 0), 3) + 1)).clip(0, 255))


def thin_lines(photo: Pixels) -> Pixels:
    return grey(255 - cv2.Canny(photo, 80, 160))


def grey(values: NDArray[Any]) -> Pixels:
    return np.dstack([values.astype(np.uint8)] * 3)


def waves(photo: Pixels, most: float) -> Pixels:
    """Everything moved by up to ``most`` pixels across and along, in waves of 160."""
    y, x = np.mgrid[: photo.shape[0], : photo.shape[1]].astype(np.float32)
    across, along = x + most * np.sin(15 * y / LONG + 1), y + most * np.cos(15 * x / LONG)
    return np.asarray(cv2.remap(photo, across, along, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


LOOKS: dict[str, Look] = {
    "the photo itself": lambda photo: photo,
    "inverted": lambda photo: 255 - photo,
    "4 levels": lambda photo: photo // 64 * 85,
    "blurred": lambda photo: np.asarray(cv2.GaussianBlur(photo, (0, 0), 4), np.uint8),
    "pencil": pencil,
    "thin lines": thin_lines,
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
@pytest.mark.parametrize("name", NAMES)
def test_other_colours_and_lines_agree_and_mirrored_ones_are_recognised(
    photos: dict[str, Pixels], name: str, look: Look
) -> None:
    picture = look(photos[name])
    found = align(photos[name], picture)
    assert found.agreement >= 0.35
    assert max(map(abs, found.shift)) <= 2
    with pytest.raises(PairError, match="its picture is mirrored"):
        align(photos[name], mirrored(picture))


@pytest.mark.parametrize("style", ["anime", "cel"])
@pytest.mark.parametrize("name", ["lake", "portrait"])
def test_the_pictures_of_styles_stay_as_they_are_and_are_moved_back(
    photos: dict[str, Pixels], name: str, style: str
) -> None:
    picture = Translator(find_style(style), device="cpu")(photos[name][np.newaxis])[0]
    found = align(photos[name], picture)
    assert found.shift == (0, 0) and found.agreement > 0.85
    np.testing.assert_array_equal(found.picture, picture)

    found = align(photos[name], moved(picture, 4, -7))
    assert found.shift == (4, -7)
    np.testing.assert_array_equal(found.picture[7:, :-4], picture[7:, :-4])  # but for what the shift lost
    assert (found.picture[:7] == found.picture[7]).all()


@pytest.mark.parametrize("shift", [(0, 2), (-5, 0), (7, 7)])
def test_small_shifts_are_undone(photos: dict[str, Pixels], shift: tuple[int, int]) -> None:
    found = align(photos["street"], moved(255 - photos["street"], *shift))
    assert found.shift == shift


@pytest.mark.parametrize("shift", [(8, 0), (-20, 3), (0, -30)])
def test_large_shifts_are_refused(photos: dict[str, Pixels], shift: tuple[int, int]) -> None:
    right, down = map(abs, shift)
    with pytest.raises(PairError, match=f"shifted by {right} x {down} pixels"):
        align(photos["street"], moved(photos["street"], *shift))


@pytest.mark.parametrize("name", NAMES)
def test_other_photos_are_refused(photos: dict[str, Pixels], name: str) -> None:
    height, width = photos[name].shape[:2]
    for other in set(NAMES) - {name}:
        picture = cv2.resize(photos[other], (width, height)).astype(np.uint8)
        with pytest.raises(PairError, match="shows another photo"):
            align(photos[name], picture)


def test_pictures_that_move_things_are_refused(photos: dict[str, Pixels]) -> None:
    align(photos["spices"], waves(photos["spices"], 2))
    with pytest.raises(PairError, match="moves what is in it"):
        align(photos["spices"], waves(photos["spices"], 16))


def test_pictures_of_another_size_are_resized_and_of_another_aspect_refused(photos: dict[str, Pixels]) -> None:
    photo = photos["otters"]  # 384 x 216
    found = align(photo, cv2.resize(255 - photo, (768, 430)).astype(np.uint8))
    assert found.picture.shape == photo.shape and found.shift == (0, 0)
    assert np.abs(found.picture.astype(int) - (255 - photo.astype(int))).mean() < 6
    with pytest.raises(PairError, match="another aspect ratio: 384x230, the photo 384x216"):
        align(photo, cv2.resize(photo, (384, 230)).astype(np.uint8))


def test_plain_pictures_are_refused(photos: dict[str, Pixels]) -> None:
    plain = np.full_like(photos["lake"], 77)
    with pytest.raises(PairError, match="its picture shows no edges"):
        align(photos["lake"], plain)
    with pytest.raises(PairError, match="the photo shows no edges"):
        align(plain, photos["lake"])


def test_symmetric_photos_are_not_taken_for_mirrored(photos: dict[str, Pixels]) -> None:
    half = photos["street"][:, :180]
    symmetric = np.concatenate((half, mirrored(half)), axis=1)
    assert align(symmetric, 255 - symmetric).shift == (0, 0)


@pytest.mark.parametrize(("height", "width"), [(9, 90), (90, 9), (20, 21)])
def test_tiny_pictures_are_compared_too(height: int, width: int) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    assert align(photo, 255 - photo).shift == (0, 0)


def save(path: Path, pixels: Pixels) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, lossless=True)
    return path


def test_pictures_are_found_by_name_and_aligned(tmp_path: Path, photos: dict[str, Pixels]) -> None:
    pairs, drawn = tmp_path / "pairs", tmp_path / "drawn"
    names = {
        "walks/lake": "lake",
        "walks/otters": "otters",
        "street": "street",
        "spices": "spices",
        "a/portrait": "portrait",
    }
    files = {name: save(tmp_path / "photos" / f"{name}.png", photos[source]) for name, source in names.items()}
    pictures = {name: 255 - photos[source] for name, source in names.items()}
    save(pairs / "walks" / "lake.webp", pictures["walks/lake"])
    save(pairs / "otters.png", moved(pictures["walks/otters"], 5, 0))  # by its last part
    save(pairs / "street.png", mirrored(pictures["street"]))
    save(pairs / "a" / "portrait.png", pictures["a/portrait"])
    save(pairs / "a" / "portrait.bmp", pictures["a/portrait"])
    progress: list[tuple[int, int]] = []
    failures = match_pairs(files, pairs, drawn, on_done=lambda *counts: progress.append(counts))
    several = f"{pairs / 'a' / 'portrait.bmp'}, {pairs / 'a' / 'portrait.png'}"
    assert failures == [
        Failure("a/portrait", f"several pictures have its name: {several}"),
        Failure("spices", "no picture has its name"),
        Failure("street", "its picture is mirrored"),
    ]
    assert progress == [(number, 5) for number in range(1, 6)]
    np.testing.assert_array_equal(load_rgb(drawn / "walks" / "lake.png"), pictures["walks/lake"])
    np.testing.assert_array_equal(load_rgb(drawn / "walks" / "otters.png")[:, :-5], pictures["walks/otters"][:, :-5])
    assert not (drawn / "street.png").exists()


def test_a_last_part_that_two_photos_share_finds_nothing(tmp_path: Path, photos: dict[str, Pixels]) -> None:
    files = {name: save(tmp_path / "photos" / f"{name}.png", photos["lake"]) for name in ("a/lake", "b/lake", "c")}
    for name in ("lake", "c"):
        save(tmp_path / "pairs" / f"{name}.png", photos["lake"])
    failures = match_pairs(files, tmp_path / "pairs", tmp_path / "drawn")
    assert failures == [Failure(name, "no picture has its name") for name in ("a/lake", "b/lake")]


def test_only_changed_pairs_are_aligned_again(tmp_path: Path, photos: dict[str, Pixels]) -> None:
    files = {name: save(tmp_path / "photos" / f"{name}.png", photos[name]) for name in ("lake", "otters")}
    for name in files:
        save(tmp_path / "pairs" / f"{name}.png", photos[name])
    drawn = tmp_path / "drawn"
    assert match_pairs(files, tmp_path / "pairs", drawn) == []
    before = {name: (drawn / f"{name}.png").stat().st_mtime_ns for name in files}
    save(tmp_path / "pairs" / "otters.png", 255 - photos["otters"])
    assert match_pairs(files, tmp_path / "pairs", drawn) == []
    assert (drawn / "lake.png").stat().st_mtime_ns == before["lake"]
    np.testing.assert_array_equal(load_rgb(drawn / "otters.png"), 255 - photos["otters"])
    assert not is_drawn(drawn, "lake", "another key")


def test_damaged_pictures_are_refused_in_one_line(tmp_path: Path, photos: dict[str, Pixels]) -> None:
    files = {name: save(tmp_path / "photos" / f"{name}.png", photos[name]) for name in ("lake", "otters")}
    save(tmp_path / "pairs" / "lake.png", photos["lake"])
    damaged = tmp_path / "pairs" / "otters.png"
    damaged.write_bytes((tmp_path / "pairs" / "lake.png").read_bytes()[:2000])
    (failure,) = match_pairs(files, tmp_path / "pairs", tmp_path / "drawn")
    assert failure.name == "otters" and str(damaged) in failure.reason and "\n" not in failure.reason


def test_where_no_picture_fits_the_error_says_why(tmp_path: Path, photos: dict[str, Pixels]) -> None:
    files = {name: save(tmp_path / "photos" / f"{name}.png", photos[name]) for name in ("lake", "otters")}
    pairs = tmp_path / "pairs"
    with pytest.raises(UserError, match="no such folder"):
        match_pairs(files, pairs, tmp_path / "drawn")
    save(pairs / "1.png", photos["lake"])
    with pytest.raises(UserError, match="pairs: no picture is named like a photo"):
        match_pairs(files, pairs, tmp_path / "drawn")
    save(pairs / "otters.png", photos["lake"])
    failures = match_pairs(files, pairs, tmp_path / "drawn")
    assert [failure.name for failure in failures] == ["lake", "otters"]
    assert "no picture has its name" in str(failures[0]) and "shows another photo" in str(failures[1])


def test_the_sheet_shows_refused_pairs_with_a_picture(tmp_path: Path, photos: dict[str, Pixels]) -> None:
    files = {f"{number}": save(tmp_path / "photos" / f"{number}.png", photos["lake"]) for number in range(9)}
    for name in list(files)[1:]:
        save(tmp_path / "pairs" / f"{name}.png", mirrored(photos["lake"]))
    failures = [Failure(name, "any") for name in files]
    assert draw_refused(files, tmp_path / "pairs", failures[:1]) is None  # without a picture
    sheet = draw_refused(files, tmp_path / "pairs", failures)
    assert sheet is not None
    assert sheet.shape == (8 + MOST_SHOWN * (180 + 8), 8 + 3 * (320 + 8), 3)
    shown = sheet[8:188, 664:984].astype(int)
    assert (shown[..., 1] == shown[..., 2]).all()  # cyan
    assert shown[..., 0].max() == shown[..., 1].max() == 255
    assert np.abs(shown[..., 0] - shown[:, ::-1, 1]).mean() < 3  # the picture's edges are the photo's, mirrored


def test_equal_edges_are_white_on_the_sheet(tmp_path: Path, photos: dict[str, Pixels]) -> None:
    files = {"lake": save(tmp_path / "photos" / "lake.png", photos["lake"])}
    save(tmp_path / "pairs" / "lake.png", 255 - photos["lake"])
    sheet = draw_refused(files, tmp_path / "pairs", [Failure("lake", "any")])
    assert sheet is not None
    shown = sheet[8:188, 664:984].astype(int)
    assert np.abs(shown[..., 0] - shown[..., 1]).max() <= 3
