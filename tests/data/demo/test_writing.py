"""Drawn data sets: what is in them, and that the same settings draw the same pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from translate.data.demo.facades import MATERIALS, WINDOW
from translate.data.demo.writing import Demo, grade, write_demo
from translate.data.doubts import doubts
from translate.data.pairing import find_unpaired, match_pairs
from translate.errors import UserError


def read(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.png")}


@pytest.mark.parametrize("demo", ["facades", "grade", "seasons"])
def test_the_seed_determines_the_pictures(demo: Demo, tmp_path: Path) -> None:
    for folder, count, seed in (("one", 2, 0), ("same", 3, 0), ("other", 2, 1)):
        made = list(write_demo(demo, tmp_path / folder, count=count, size=32, seed=seed))
        assert sorted(made) == sorted((tmp_path / folder).rglob("*.png"))
    one, same, other = (below(tmp_path / folder) for folder in ("one", "same", "other"))
    assert len(set(one.values())) == len(one)
    assert {name: same[name] for name in one} == one
    assert not set(one.values()) & set(other.values())


def test_facades_are_pairs_of_labels_and_fronts(tmp_path: Path) -> None:
    *paths, to_convert = write_demo("facades", tmp_path / "facades", count=8, size=96)
    assert to_convert.parent.name == "test" and read(to_convert).shape == (96, 96, 3)
    found = match_pairs(data=tmp_path / "facades" / "train")
    assert len(found.pairs) == 8 and not found.problems and not list(doubts(found.pairs))
    walls = set()
    for path in paths:
        labels, front = np.split(read(path), 2, axis=1)
        colours = {tuple(colour) for colour in np.unique(labels.reshape(-1, 3), axis=0).tolist()}
        assert 6 <= len(colours) <= 14
        (material,) = (material for material in MATERIALS if material.label in colours)
        walls.add(material.label)
        glass, wall = (front[(labels == colour).all(axis=-1)].mean(axis=0) for colour in (WINDOW, material.label))
        assert np.abs(wall - material.colour).max() < 45  # the label tells the wall's colour
        assert glass.mean() < wall.mean() or glass[2] > glass[0]  # and glass is dark or blue
    assert len(walls) > 1


def test_a_grade_is_a_function_of_the_colour(tmp_path: Path) -> None:
    path, _ = write_demo("grade", tmp_path / "grade", count=1, size=64)
    picture, graded = np.split(read(path), 2, axis=1)
    assert (grade(picture) == graded).all() and np.abs(picture.astype(int) - graded).mean() > 4
    greys = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, axis=2)
    dark, light = grade(greys)[0, 20].astype(int), grade(greys)[0, 230].astype(int)
    assert dark[2] > dark[0] and light[0] > light[2]


def test_seasons_are_two_folders_without_pairs(tmp_path: Path) -> None:
    list(write_demo("seasons", tmp_path / "seasons", count=3, size=64))
    summer, winter = tmp_path / "seasons" / "trainA", tmp_path / "seasons" / "trainB"
    assert not find_unpaired(summer, winter).problems
    lower = {folder: np.mean([read(path)[40:].mean(axis=(0, 1)) for path in folder.iterdir()], axis=0)
             for folder in (summer, winter)}  # fmt: skip
    assert lower[summer][1] > lower[summer][2] + 20  # a green meadow
    assert lower[winter].min() > 130  # snow


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    for taken in (tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(UserError, match="exists already"):
            list(write_demo("facades", taken, count=1, size=32))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
