"""The table of reconstructions, of a tiny run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.pairs import write_pictures
from tools.generation.reconstruct import main
from translate.config import GonConfig
from translate.media.images import load_rgb
from translate.train.loop import train


@pytest.mark.slow
def test_each_folder_gets_a_row_and_two_rows_of_the_sheet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen, held_out = (write_pictures(tmp_path / name, count) for name, count in (("seen", 9), ("held-out", 3)))
    options = {"channels": 8, "widest": 8}
    config = {"images": seen, "out": tmp_path / "run", "crop": 16, "steps": 1, "generator_options": options}
    train(GonConfig.resolve(config | {"device": "cpu", "batch_size": 2}))
    capsys.readouterr()
    main(tmp_path / "run", tmp_path / "sheet.png", [seen, held_out], count=4)
    rows = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines()[2:]]
    assert [row[:2] for row in rows] == [["seen", "4"], ["held-out", "3"]]
    assert all(float(row[3].split()[0]) <= float(row[2].split()[0]) < 40 for row in rows)  # an untrained network
    height, width, _ = load_rgb(tmp_path / "sheet.png").shape
    assert (height, width) >= (4 * 48, 4 * 48)
