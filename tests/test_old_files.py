"""Runs and styles from before the code was split into packages still work."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.command_line import RunCli
from tests.helpers.pairs import write_pairs
from tests.helpers.paths import DATA
from tests.helpers.pictures import draw_photo
from translate.style.translator import Translator

pytestmark = pytest.mark.slow

OLD = DATA / "before-packages"  # two steps of pix2pix with tiny networks, and the style exported from them


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return Path(shutil.copytree(OLD / "run", tmp_path / "run"))


def test_an_old_run_trains_on(run: Path, run_cli: RunCli, tmp_path: Path) -> None:
    a, b = write_pairs(tmp_path)
    done = run_cli("train", "pix2pix", "--config", run / "config.json", "--a", a, "--b", b, "--out", run, "--steps", 3)
    assert done.code == 0, done.err
    assert "steps 2 to 3" in done.err + done.out.decode()
    assert (run / "checkpoints" / "step-000000003").is_dir()


def test_an_old_run_exports_to_what_it_was_exported_to(run: Path, run_cli: RunCli, tmp_path: Path) -> None:
    done = run_cli("export", run, "-o", tmp_path / "new.onnx")
    assert done.code == 0, done.err
    photo = draw_photo(40, 32)[np.newaxis]
    old, new = Translator(OLD / "style.onnx"), Translator(tmp_path / "new.onnx")
    assert old.info.title == "Old" and old.info.method == new.info.method == "pix2pix"
    assert np.abs(old(photo).astype(int) - new(photo)).max() <= 1
    assert not np.array_equal(old(photo), photo)
