"""Pictures of any size become squares; what cannot is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.command_line import RunCli
from tests.helpers.pairs import picture, tiny_run
from translate.config import GanConfig
from translate.data.loader import Key
from translate.data.squares import load_squares, middle_square
from translate.errors import UserError


def config(folder: Path, **changes: object) -> GanConfig:
    found = tiny_run("gan", folder, folder / "run", **changes)
    assert isinstance(found, GanConfig)
    return found


def test_the_middle_square_is_scaled_by_areas() -> None:
    wide = np.zeros((8, 14, 3), np.uint8)
    wide[:, 3:11] = np.arange(64, dtype=np.uint8).reshape(8, 8, 1)
    wide[:, :3], wide[:, 11:] = 255, 255
    assert np.array_equal(middle_square(wide, 8), wide[:, 3:11])
    assert np.array_equal(middle_square(wide.transpose(1, 0, 2), 8), wide[:, 3:11].transpose(1, 0, 2))
    halved = middle_square(wide, 4)
    assert halved.shape == (4, 4, 3)
    assert abs(float(halved[0, 0, 0]) - wide[:2, 3:5, 0].mean()) <= 0.5


def test_pictures_of_any_size_become_samples(tmp_path: Path) -> None:
    data = load_squares(config(tmp_path, val_samples=2))
    assert (len(data.training), len(data.validation), len(data.train_subset)) == (10, 2, 2)
    sample = data.training[Key(3, 0)]
    assert sample["image"].shape == (3, 16, 16) and int(sample["index"]) == 3
    assert int(data.validation[Key(0, 0)]["index"]) == -1
    assert int(data.train_subset[Key(1, 0)]["index"]) == 1


def test_a_larger_resize_leaves_room_for_the_crop(tmp_path: Path) -> None:
    data = load_squares(config(tmp_path, resize=20, flip=False))
    crops = {data.training[Key(0, seed)]["image"].numpy().tobytes() for seed in range(20)}
    assert len(crops) > 5


def test_folders_that_cannot_be_used_are_refused(tmp_path: Path, run_cli: RunCli) -> None:
    with pytest.raises(
        UserError, match=r"crop 64: 12 of 12 pictures are smaller than that \(0\.png, 10\.png, 2\.png, "
    ):
        load_squares(config(tmp_path, crop=64))
    (tmp_path / "one" / "images").mkdir(parents=True)
    with pytest.raises(UserError, match="images: holds no pictures"):
        load_squares(config(tmp_path / "one"))
    Image.fromarray(picture(0)).save(tmp_path / "one" / "images" / "0.png")
    with pytest.raises(UserError, match="holds 1 picture; training needs at least 2"):
        load_squares(config(tmp_path / "one"))
    done = run_cli("data", "check", "--images", tmp_path / "one" / "images")
    assert done.code == 1 and b"holds 1 picture" in done.out
    done = run_cli("data", "check", "--images", tmp_path / "images")
    assert done.code == 0 and "12 pictures; 40x36 to 51x36 pixels; 0 problems" in done.err
