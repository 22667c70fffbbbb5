"""The command that `translate distill` runs as its teacher."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.paths import ROOT
from tests.helpers.pictures import draw_photo
from tools.styles.teachers.__main__ import LOOKS

pytestmark = pytest.mark.slow


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.styles.teachers", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def test_a_photo_becomes_a_picture_of_its_size(tmp_path: Path) -> None:
    photo = draw_photo(61, 47)
    Image.fromarray(photo).save(tmp_path / "photo.png")
    done = run("poster", tmp_path / "photo.png", tmp_path / "picture.png")
    assert (done.returncode, done.stderr) == (0, "")
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "picture.png")), LOOKS["poster"](photo))


def test_an_unknown_look_is_refused(tmp_path: Path) -> None:
    done = run("cubism", tmp_path / "photo.png", tmp_path / "picture.png")
    assert done.returncode == 2 and "cubism" in done.stderr and "watercolour" in done.stderr


@pytest.mark.parametrize("look", LOOKS)
def test_every_look_draws_a_picture_of_its_own(look: str) -> None:
    photo = draw_photo(80, 60)
    picture = LOOKS[look](photo)
    assert picture.shape == photo.shape and picture.dtype == np.uint8
    others = [LOOKS[other](photo) for other in LOOKS if other != look]
    assert all(np.abs(picture.astype(int) - other).mean() > 5 for other in others)
