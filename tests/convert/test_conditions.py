"""What the user asks for -> the rows that a sampler takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.sounds import write_tone
from translate.convert.conditions import folder_names, remarks_on, row_of, wanted
from translate.errors import UserError
from translate.style.conditions import ConditionInfo

CLASSES = ConditionInfo(kind="classes", shape=[2], names=["cat", "dog"], usual=[])
WORDS = ConditionInfo(kind="captions", shape=[4], names=["hair", "red", "blond"], usual=[])
SOUND = ConditionInfo(kind="audio", shape=[64, 5], names=[], usual=[])
VECTOR = ConditionInfo(kind="embeddings", shape=[3], names=[], usual=[])


def test_what_is_wanted_has_a_title_and_a_row() -> None:
    assert [each.title for each in wanted(CLASSES, [], None)] == ["cat", "dog"]  # each of them
    assert [each.title for each in wanted(WORDS, ["red hair", "hair"], None)] == ["red hair", "hair"]
    (first, second) = wanted(WORDS, ["{colour} hair"], "colour=red,blond")
    assert (first.title, second.title) == ("red", "blond")
    assert first.row is not None and first.row.tolist() == [3, 2, 0, 0]
    assert wanted(None, [], None)[0].row is None and wanted(replace(WORDS, optional=True), [], None)[0].row is None


def test_what_a_sampler_does_not_take_is_refused() -> None:
    for info, conditions, sweep, problem in (
        (None, ["red"], None, "condition: this sampler takes no condition"),
        (None, [], "a=b", "sweep: this sampler takes no condition"),
        (WORDS, [], None, "condition: this sampler needs one: it knows hair, red, blond"),
        (SOUND, [], None, "needs one: give a sound file"),
    ):
        with pytest.raises(UserError, match=problem):
            wanted(info, conditions, sweep)


def test_what_captions_lose_is_told_but_not_the_place_of_a_sweep() -> None:
    assert remarks_on(WORDS, ["{colour} hair, hat", "red hat"]) == ["words that were not learnt: hat"]
    assert remarks_on(WORDS, ["red hair"]) == remarks_on(None, ["hat"]) == remarks_on(CLASSES, ["hat"]) == []
    spelt = replace(WORDS, pieces=["a", "ha", "t"])
    assert remarks_on(spelt, ["red hat", "hüt hair", "hair " * 5]) == [
        "words that were not learnt, spelt by pieces: hat (ha t), hüt (hü t)",
        "parts of words that no piece covers, left out: hü",
        "only the first 4 words and pieces count of: hair hair hair hair hair ",
    ]


def test_sounds_and_vectors_come_from_files(tmp_path: Path) -> None:
    assert row_of(SOUND, str(write_tone(tmp_path / "a.wav"))).shape == (64, 5)
    np.savez(tmp_path / "one.npz", a=np.arange(3))
    np.savez(tmp_path / "two.npz", a=np.arange(3), b=np.ones(3), c=np.ones(3))
    assert row_of(VECTOR, str(tmp_path / "one.npz")).tolist() == [0, 1, 2]
    assert row_of(VECTOR, f"{tmp_path / 'two.npz'}:b").tolist() == [1, 1, 1]
    with pytest.raises(UserError, match=r"say which of 3 vectors, such as .*two\.npz:a"):
        row_of(VECTOR, str(tmp_path / "two.npz"))
    with pytest.raises(UserError, match="has 3 numbers, not 2"):
        row_of(replace(VECTOR, shape=[2]), str(tmp_path / "one.npz"))
    with pytest.raises(UserError, match=r"red hair: give an \.npz or \.safetensors file"):
        row_of(VECTOR, "red hair")


def test_folders_have_names_of_their_own() -> None:
    assert folder_names(["red hair, hat", "sounds/a.wav", "?"]) == ["red-hair-hat", "a.wav", "02-"]
    assert folder_names(["a/x", "b/x"]) == ["00-x", "01-x"]
