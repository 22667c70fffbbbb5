"""The renderer of characters, as far as it needs neither the model nor a browser: its settings and error messages."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

TOOL = Path(__file__).parents[3] / "tools" / "known" / "render_characters.mjs"
SETTINGS = TOOL.parent / "characters" / "settings.mjs"
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed")


def run_node(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    assert NODE is not None
    return subprocess.run([NODE, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def evaluate(expression: str, folder: Path) -> Any:
    """The value of ``expression``, in which ``settings`` is the module of that name."""
    script = f"import * as settings from {json.dumps(SETTINGS.as_uri())}; console.log(JSON.stringify({expression}))"
    done = run_node("--input-type=module", "--eval", script, folder=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_settings_follow_from_the_numbers_of_character_and_picture(tmp_path: Path) -> None:
    columns, rows, again = evaluate(
        "[settings.COLUMNS, [0, 1, 2, 3].map((index) => settings.rowOf(7, index)), settings.rowOf(7, 2)]", tmp_path
    )
    assert again == rows[2]
    lines = [dict(zip(columns, row, strict=True)) for row in rows]
    assert [line["expression"] for line in lines[:2]] == ["neutral", "smile"]
    for name in ("character", "hair_colour", "hair_style", "eye_colour", "skin", "glasses"):
        assert len({line[name] for line in lines}) == 1
    assert len({line["yaw"] for line in lines}) == 4


def test_a_hat_leaves_no_room_for_ears_and_every_expression_occurs(tmp_path: Path) -> None:
    characters, expressions = evaluate(
        "[[...Array(300).keys()].map(settings.characterOf),"
        " [...Array(300).keys()].map((index) => settings.pictureOf(0, index).expression)]",
        tmp_path,
    )
    assert len({character["hair_colour"] for character in characters}) == 15
    hats = [character for character in characters if character["hat"]]
    assert hats and not any(character[other] for character in hats for other in ("ears", "bow", "band", "ahoge"))
    assert len(set(expressions)) == 17


def test_each_problem_is_reported_on_its_own_line(tmp_path: Path) -> None:
    done = run_node(str(TOOL), "model", "out", "--size", "0", "--chromium", "nowhere", folder=tmp_path)
    assert done.returncode == 2
    starts = ("--size 0", "--chromium nowhere", "packages are missing", "MODEL_DIR model")
    for line, start in zip(done.stderr.splitlines(), starts, strict=True):
        assert line.startswith(start)
    assert not (tmp_path / "out").exists()
