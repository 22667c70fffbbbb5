"""Sheets of colours: plain fields and gentle gradients, the same each time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.helpers.pictures import files_below
from translate.distillation.colours import LEVELS, count_of_sheets, draw_sheet, write_sheets


def test_fields_are_plain_and_many_are_at_the_edges_of_the_gamut() -> None:
    sheets = [draw_sheet(number, 96) for number in range(0, 18, 3)]
    colours = {colour for sheet in sheets for colour in map(tuple, np.unique(sheet.reshape(-1, 3), axis=0).tolist())}
    at_edges = [colour for colour in colours if set(colour) <= set(LEVELS.tolist())]
    assert len(colours) > 40 and len(at_edges) > 20  # of 27
    for sheet in sheets:
        assert sheet.shape == (96, 96, 3) and sheet.dtype == np.uint8
        steps = np.abs(np.diff(sheet.astype(int), axis=1)).max(2)
        assert (steps > 0).mean() < 0.1


def test_gradients_are_gentle() -> None:
    for number in range(1, 18, 3):
        sheet = draw_sheet(number, 96).astype(int)
        assert len(np.unique(sheet.reshape(-1, 3), axis=0)) > 50
        assert max(np.abs(np.diff(sheet, axis=axis)).max() for axis in (0, 1)) <= 6  # 128 levels in 24 pixels or more
    assert np.array_equal(draw_sheet(4, 96), draw_sheet(4, 96))


def test_bands_are_gradients_along_themselves() -> None:
    uprights = []
    for number in range(2, 18, 3):
        sheet = draw_sheet(number, 96).astype(int)
        level_or_upright = (sheet, sheet.swapaxes(0, 1))
        borders = [np.count_nonzero(np.diff(bands, axis=0).any(axis=(1, 2))) for bands in level_or_upright]
        uprights.append(int(borders[1] < borders[0]))
        assert 2 <= min(borders) <= 7
        assert np.abs(np.diff(level_or_upright[uprights[-1]], axis=1)).max() <= 6
    assert 0 < sum(uprights) < len(uprights)


def test_sheets_are_written_once(tmp_path: Path) -> None:
    sheets = write_sheets(tmp_path, 64, 5)
    assert len(sheets) == 5 and len(files_below(tmp_path)) == 10
    before = {path: path.stat().st_mtime_ns for path in sheets.values()}
    assert write_sheets(tmp_path, 64, 5) == sheets
    assert {path: path.stat().st_mtime_ns for path in sheets.values()} == before
    path = min(sheets.values())
    path.write_bytes(b"cut short")
    write_sheets(tmp_path, 64, 5)
    assert Image.open(path).size == (64, 64)


def test_sheets_stay_a_small_share_of_what_is_learnt() -> None:
    assert [count_of_sheets(photos) for photos in (3, 36, 420)] == [6, 6, 70]
