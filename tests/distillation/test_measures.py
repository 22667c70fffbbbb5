"""The measures of a style against target pictures whose distance is known."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.pictures import draw_photo
from tests.helpers.styles import write_style
from translate.distillation.measures import FRAMES, HeldOut, flicker_ratio, measure
from translate.errors import PictureError
from translate.evaluate.comparison import Pixels
from translate.evaluate.flicker import BORDER, DIAGONAL, SIDE, flicker
from translate.evaluate.pair_metrics import MAX_PSNR_DB, compare_pictures
from translate.style.translator import Translator

DISTANCES = {"near": 2, "sub/far": 16, "middle": 4}  # name -> of each value of the style's picture to its target


def shifted(picture: Pixels, distance: int) -> Pixels:
    """Each value off by ``distance``, towards the middle."""
    return np.where(picture < 128, picture + distance, picture - distance).astype(np.uint8)


def save(picture: Pixels, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path)
    return path


def hold_out(folder: Path, style: Path, distances: dict[str, int]) -> HeldOut:
    """Photos, no two of one size, and targets at a known distance from what ``style`` makes of them."""
    translator = Translator(style, device="cpu")
    held_out = {}
    for number, (name, distance) in enumerate(distances.items()):
        photo = draw_photo(60 + 2 * number, 44)
        target = shifted(translator(photo[np.newaxis])[0], distance)
        held_out[name] = (save(photo, folder / f"photos/{name}.png"), save(target, folder / f"drawn/{name}.png"))
    return held_out


def psnr(one: Pixels, other: Pixels) -> float:
    return float(10 * np.log10(255**2 / np.mean((one.astype(float) - other) ** 2)))


def pictures_of(held_out: HeldOut) -> list[tuple[Pixels, Pixels]]:
    return [(np.asarray(Image.open(photo)), np.asarray(Image.open(target))) for photo, target in held_out.values()]


def test_distances_are_those_of_the_style_its_int8_variant_and_the_photos(tmp_path: Path) -> None:
    style = write_style(tmp_path / "style.onnx")
    other = write_style(tmp_path / "style-int8.onnx", whole_picture=True)
    held_out = hold_out(tmp_path, style, DISTANCES)
    found = measure(style, other, held_out, 7.5)
    levels = {name: 20 * math.log10(255 / distance) for name, distance in DISTANCES.items()}
    assert found.psnr_db == pytest.approx(np.mean(list(levels.values())), abs=1e-3)
    assert found.worst[0] == "sub/far"
    assert found.worst[1] == pytest.approx(levels["sub/far"], abs=1e-3)
    pictures = pictures_of(held_out)
    assert found.photo_psnr_db == pytest.approx(np.mean([psnr(*pair) for pair in pictures]), abs=1e-3)
    int8 = Translator(other, device="cpu")
    expected = [psnr(int8(photo[np.newaxis])[0], target) for photo, target in pictures]
    assert found.psnr_int8_db == pytest.approx(np.mean(expected), abs=1e-3)
    translator = Translator(style, device="cpu")
    similarities = [compare_pictures(translator(photo[np.newaxis])[0], target).ssim for photo, target in pictures]
    assert found.ssim == pytest.approx(np.mean(similarities))
    assert (found.count, found.teacher_seconds) == (3, 7.5)
    assert found.seconds_per_photo > 0 and found.seconds_int8 is not None and found.seconds_int8 > 0
    assert (found.file_bytes, found.int8_bytes) == (style.stat().st_size, other.stat().st_size)


def test_equal_pictures_leave_a_finite_mean(tmp_path: Path) -> None:
    style = write_style(tmp_path / "style.onnx")
    found = measure(style, None, hold_out(tmp_path, style, {"equal": 0, "far": 16}), None)
    assert found.psnr_db == pytest.approx((MAX_PSNR_DB + 20 * math.log10(255 / 16)) / 2, abs=1e-3)
    assert (found.psnr_int8_db, found.seconds_int8, found.int8_bytes, found.teacher_seconds) == (None,) * 4


def test_pictures_that_cannot_be_compared_are_named(tmp_path: Path) -> None:
    style = write_style(tmp_path / "style.onnx")
    held_out = dict(hold_out(tmp_path, style, {"one": 4}))
    photo, _ = held_out["one"]
    held_out["one"] = (photo, save(draw_photo(30, 22), tmp_path / "small.png"))
    with pytest.raises(PictureError, match=r"small\.png: is 30x22"):
        measure(style, None, held_out, None)
    with pytest.raises(ValueError, match="no photo is held out"):
        measure(style, None, {}, None)


def test_flicker_is_that_of_a_diagonal_pan(tmp_path: Path) -> None:
    style = write_style(tmp_path / "style.onnx")
    photo = draw_photo(240, 224)
    path = save(photo, tmp_path / "photo.png")
    translator = Translator(style, device="cpu")
    found = measure(style, None, {"photo": (path, path)}, None).flicker_ratio
    side = 224 - math.ceil((FRAMES - 1) * DIAGONAL[1])  # all that the pan leaves of the height
    expected = flicker(
        photo, lambda frame: translator(frame[np.newaxis])[0], DIAGONAL, frames=FRAMES, side=side, border=BORDER
    )
    assert found == pytest.approx(expected.ratio)
    assert found != 1


def test_photos_themselves_flicker_by_one_in_windows_of_limited_size(tmp_path: Path) -> None:
    path = save(draw_photo(480, 440), tmp_path / "photo.png")
    sides = set()

    def unchanged(frame: Pixels) -> Pixels:
        sides.add(frame.shape[:2])
        return frame

    assert flicker_ratio(unchanged, [path]) == 1
    assert sides == {(SIDE, SIDE), (440, 480)}  # the frames, and the whole photo for the still


def test_flicker_is_measured_on_photos_that_are_large_enough(tmp_path: Path) -> None:
    small = save(draw_photo(150, 120), tmp_path / "small.png")
    large = save(draw_photo(240, 224), tmp_path / "large.png")
    assert math.isnan(flicker_ratio(lambda frame: frame, [small]))
    assert flicker_ratio(lambda frame: frame, [small, large, small]) == 1
