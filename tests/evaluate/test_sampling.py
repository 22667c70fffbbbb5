"""Samplers in evaluations: which conditions are drawn, and the command that draws them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.command_line import RunCli
from tests.helpers.pairs import write_pictures
from tests.helpers.samplers import CONDITIONS, sampler_info, write_sampler
from translate.errors import UserError
from translate.evaluate.sampling import by_conditions, rows_to_draw
from translate.media.images import load_rgb
from translate.style.conditions import ConditionInfo
from translate.style.latents import noise
from translate.style.sampler import Sampler


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """0.png, more/1.png, 2.png, ... of which a table names the first three, and one that is elsewhere."""
    lines = ["file,blue,red,green", "0.png,1,2,3", "more/1.png,2,3,-1", "2.png,0,0,0", "elsewhere.png,9,9,9"]
    (tmp_path / "table.csv").write_text("\n".join(lines))
    return write_pictures(tmp_path / "images")


@pytest.fixture
def conditional(tmp_path: Path) -> Path:
    return write_sampler(tmp_path / "conditional.onnx", info=sampler_info(condition=CONDITIONS.to_json()))


def test_conditions_are_those_of_the_real_pictures_or_of_the_run(images: Path, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    rows = rows_to_draw("some.onnx", CONDITIONS, images, table)
    assert np.array(rows).tolist() == [[2, 3, 1], [0, 0, 0], [3, -1, 2]]  # in the order of the sampler, by picture
    run = tmp_path / "run"
    run.mkdir()
    config = {"images": str(images), "attributes": str(table)}
    (run / "checkpoint.json").write_text(json.dumps({"step": 1, "config": config}))
    assert np.array_equal(rows_to_draw(str(run), CONDITIONS, tmp_path / "other", None), rows)
    (tmp_path / "classes" / "cat").mkdir(parents=True)
    (tmp_path / "classes" / "dog").mkdir()
    for number, name in enumerate(("cat/a.png", "cat/b.png", "dog/c.png", "dog/d.png")):
        (tmp_path / "classes" / name).write_bytes((images / f"{2 * number}.png").read_bytes())
    classes = ConditionInfo(kind="classes", shape=[2], names=["dog", "cat"], usual=[])
    assert np.array(rows_to_draw("x.onnx", classes, tmp_path / "classes", None)).tolist() == [[0, 1]] * 2 + [[1, 0]] * 2


def test_what_does_not_suit_the_sampler_is_refused(images: Path, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    more = ConditionInfo(kind="attributes", shape=[1], names=["hat"], usual=[0.0])
    with pytest.raises(UserError, match=r"conditions .*table.csv: the column hat is missing, which the sampler takes"):
        rows_to_draw("x.onnx", more, images, table)
    with pytest.raises(UserError, match=r"conditions: x.onnx makes pictures by attributes; give those of the pictures"):
        rows_to_draw("x.onnx", CONDITIONS, images, None)
    table.write_text("file,red,green,blue\nelsewhere.png,1,2,3\n")
    with pytest.raises(UserError, match="says nothing of the pictures in"):
        rows_to_draw("x.onnx", CONDITIONS, images, table)


def test_every_condition_is_drawn_as_often(conditional: Path) -> None:
    sampler = Sampler(conditional, device="cpu")
    rows = list(np.eye(3, dtype=np.float32))
    found = by_conditions(sampler, rows, 6)([0, 3, 5])
    for picture, seed, row in zip(found, (0, 3, 5), (0, 1, 2), strict=True):
        assert (picture == sampler.conditioned(noise([seed], 3), rows[row])[0]).all()
    spaced = by_conditions(sampler, rows, 2)([0, 1])
    assert (spaced[1] == sampler.conditioned(noise([1], 3), rows[1])[0]).all()


@pytest.mark.slow
def test_the_command_draws_them(images: Path, conditional: Path, tmp_path: Path, run_cli: RunCli) -> None:
    options = ("--real", images, "--count", 6, "--conditions", tmp_path / "table.csv")
    done = run_cli("evaluate", conditional, *options, "--save", tmp_path / "made", "--json")
    assert done.code == 0 and b'"kid"' in done.out, done.err
    expected = Sampler(conditional, device="cpu").conditioned(noise([1], 3), np.array([2, 3, 1], np.float32))[0]
    np.testing.assert_array_equal(load_rgb(tmp_path / "made" / "000001.png"), expected)
    for model in (write_sampler(tmp_path / "plain.onnx"), images):
        refused = run_cli("evaluate", model, *options)
        assert refused.code == 2 and "leave it out" in refused.err and len(refused.err.splitlines()) == 1
