"""The comparison of objectives over seeds: its table, and a tiny one from end to end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.pairs import write_pictures
from tools.generation.compare_objectives import (
    RESULTS,
    Result,
    append_result,
    main,
    plot,
    read_results,
    settings,
    split,
    table,
)
from translate.media.images import load_rgb

RUNS = [
    Result("hinge", 0, 50.0, 0.020, 0.5, 0.4, 0.9),
    Result("hinge", 1, 60.0, 0.030, 0.7, 0.2, 0.3),
    Result("lsgan", 0, 40.0, 0.010, 0.8, 0.6, 1.0),
]


def test_the_table_has_means_spreads_and_the_share_that_collapsed() -> None:
    rows = [line.strip("| ").split(" | ") for line in table(RUNS).splitlines()[2:]]
    assert [row[0] for row in rows] == ["lsgan", "hinge"]  # the lowest KID first
    assert rows[1][1:4] == ["2", "55.0 ± 7.1", "25.0 ± 7.1"]
    assert (rows[0][-1], rows[1][-1]) == ("0%", "50%")
    assert len(plot(RUNS).axes) == 2


def test_results_survive_an_interruption(tmp_path: Path) -> None:
    for run in RUNS:
        append_result(tmp_path / RESULTS, run)
    assert read_results(tmp_path / RESULTS) == RUNS
    assert read_results(tmp_path / "none.csv") == []


def test_runs_differ_in_the_objective_only(tmp_path: Path) -> None:
    one, other = (settings(name, 1, tmp_path, tmp_path, {"steps": 5}).to_dict() for name in ("hinge", "vanilla"))
    assert {key for key in one if one[key] != other[key]} == {"objective"}


def test_held_out_pictures_are_not_trained_on(tmp_path: Path) -> None:
    images, test = split(write_pictures(tmp_path / "faces", 20), tmp_path / "out")
    trained, judging = ({path.resolve() for path in folder.iterdir()} for folder in (images, test))
    assert (len(trained), len(judging)) == (18, 2) and not trained & judging
    assert split(tmp_path / "faces", tmp_path / "out") == (images, test)  # again


@pytest.mark.slow
def test_a_tiny_comparison(tmp_path: Path) -> None:
    faces = write_pictures(tmp_path / "faces", 50)
    main(faces, tmp_path / "out", objectives="hinge,lsgan", seeds=2, steps=1, crop=16, device="cpu")
    assert len(read_results(tmp_path / "out" / RESULTS)) == 4
    assert load_rgb(tmp_path / "out" / "sheet.png").shape[0] > 3 * 16  # real, hinge, lsgan
    assert (tmp_path / "out" / "table.md").read_text().count("±") == 10
    assert (tmp_path / "out" / "plot.png").is_file()
