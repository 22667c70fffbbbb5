"""Sheets of pictures: everything is where it belongs, and text stays within its column."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from translate.media.sheet import GAP, LINE_HEIGHT, Cell, draw_sheet


def flat(grey: int, *, width: int, height: int) -> NDArray[np.uint8]:
    return np.full((height, width, 3), grey, np.uint8)


def test_pictures_lie_in_rows_and_columns() -> None:
    rows = [
        [Cell(flat(10, width=30, height=20)), Cell(flat(20, width=40, height=50))],
        [Cell(), Cell(flat(30, width=10, height=5))],
    ]
    sheet = draw_sheet(rows)
    assert sheet.shape == (GAP + 50 + GAP + 5 + GAP, GAP + 2 * (40 + GAP), 3)
    second = GAP + 40 + GAP
    expected = np.full_like(sheet, 255)
    expected[GAP : GAP + 20, GAP : GAP + 30] = 10
    expected[GAP : GAP + 50, second : second + 40] = 20
    expected[GAP + 50 + GAP : GAP + 50 + GAP + 5, second : second + 10] = 30
    np.testing.assert_array_equal(sheet, expected)


def test_text_stands_below_its_picture_and_within_its_column() -> None:
    picture = flat(128, width=120, height=20)
    sheet = draw_sheet([[Cell(picture, ["short", "far too long " * 20]), Cell(picture)]])
    assert sheet.shape == (GAP + 20 + 2 * LINE_HEIGHT + GAP, GAP + 2 * (120 + GAP), 3)
    below = sheet[GAP + 20 :]
    for line in (below[:LINE_HEIGHT], below[LINE_HEIGHT : 2 * LINE_HEIGHT]):
        assert (line[:, GAP : GAP + 120] < 100).any()
    assert (below[:, GAP + 120 :] == 255).all()


def test_what_does_not_fit_loses_its_beginning() -> None:
    cells = [[Cell(lines=[text])] for text in ("0123456789 folder/name.jpg", "another folder/name.jpg")]
    long, short = (draw_sheet([row], least_width=110) for row in cells)
    np.testing.assert_array_equal(long[:, -60:], short[:, -60:])


def test_columns_can_be_wider_than_their_pictures() -> None:
    assert draw_sheet([[Cell(flat(0, width=3, height=3))]], least_width=50).shape == (GAP + 3 + GAP, GAP + 50 + GAP, 3)
