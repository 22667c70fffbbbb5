"""Photos in every style, on one sheet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.pictures import draw_photo
from tests.helpers.styles import style_info, write_style
from translate.convert.preview import draw_styles
from translate.media.sheet import GAP, LINE_HEIGHT
from translate.style.translator import Translator


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    paths = []
    for name, size in {"wide": (60, 30), "tall": (32, 64)}.items():
        paths.append(tmp_path / f"{name}.png")
        Image.fromarray(draw_photo(*size)).save(paths[-1])
    return paths


def test_a_photo_and_its_styles_fill_a_square(photos: list[Path], tiny_style: Path, whole_style: Path) -> None:
    styles = {"one": tiny_style, "two": whole_style, "three": tiny_style, "four": tiny_style}
    sheet = draw_styles(photos[:1], styles, side=60)
    row = 30 + LINE_HEIGHT + GAP
    assert sheet.shape == (GAP + 2 * row, GAP + 3 * (60 + GAP), 3)
    photo = draw_photo(60, 30)
    for number, path in enumerate([None, *styles.values()]):
        top, left = GAP + number // 3 * row, GAP + number % 3 * (60 + GAP)
        expected = photo if path is None else Translator(path, device="cpu")(photo[np.newaxis])[0]
        np.testing.assert_array_equal(sheet[top : top + 30, left : left + 60], expected)
        assert (sheet[top + 30 : top + 30 + LINE_HEIGHT, left : left + 60] < 100).any()  # its name


def test_several_photos_have_a_row_each(photos: list[Path], tiny_style: Path) -> None:
    sheet = draw_styles(photos, {"one": tiny_style}, side=32)
    assert sheet.shape == (GAP + 16 + 32 + 2 * (LINE_HEIGHT + GAP), GAP + 2 * (32 + GAP), 3)


def test_a_photo_is_translated_at_the_size_the_style_was_made_for(photos: list[Path], tmp_path: Path) -> None:
    info = style_info(working_size=30)
    style = write_style(tmp_path / "style.onnx", info=info)
    sheet = draw_styles(photos[:1], {"one": style}, side=60)
    assert sheet.shape[1] == GAP + 2 * (60 + GAP)
    small = sheet[GAP : GAP + 15, GAP + 60 + GAP :][:, :30]
    assert (small != 255).any() and (sheet[GAP : GAP + 30, 3 * GAP + 60 + 30 :] == 255).all()


def test_domains_are_shown_by_the_first(photos: list[Path], season_style: Path) -> None:
    photo = draw_photo(60, 30)
    spring = Translator(season_style, device="cpu")(photo[np.newaxis], "spring")[0]
    sheet = draw_styles(photos[:1], {"seasons": season_style}, side=60)
    np.testing.assert_array_equal(sheet[GAP : GAP + 30, GAP + 60 + GAP :][:, :60], spring)
