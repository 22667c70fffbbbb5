"""Texts as conditions: attributes, classes, words, sweeps; and descriptions that are none."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from translate.errors import UserError
from translate.style.conditions import ConditionInfo, swept
from translate.style.contract import ContractError

FACES = ConditionInfo(kind="attributes", shape=[3], names=["red_hair", "glasses", "age"], usual=[0.0, 0.0, 40.0])
CLASSES = ConditionInfo(kind="classes", shape=[2], names=["cat", "dog"], usual=[])
WORDS = ConditionInfo(kind="captions", shape=[4], names=["hair", "red", "glasses"], usual=[])  # of an older file
PIECES = ConditionInfo(kind="captions", shape=[6], names=["hair", "red"], usual=[], pieces=["r", "e", "d", "gr", "een"])


def test_attributes_that_are_not_mentioned_are_usual() -> None:
    assert FACES.row("Red hair, age = 31").tolist() == [1, 0, 31]
    assert FACES.row("glasses=0.5").tolist() == [0, 0.5, 40]
    assert CLASSES.row("dog").tolist() == [0, 1]


def test_words_are_numbered_and_filled_up() -> None:
    row = WORDS.row("RED hair,a hat")
    assert (row.tolist(), str(row.dtype)) == ([3, 2, 1, 1], "int64")
    assert WORDS.row("glasses").tolist() == [4, 0, 0, 0]
    assert WORDS.unknown_words("red hat") == ["hat"] and FACES.unknown_words("hat") == []
    assert PIECES.row("green hair").tolist() == [7, 8, 2, 0, 0, 0]  # gr een hair
    assert PIECES.row("deeeeeed").tolist() == [6, 5, 5, 5, 5, 5]  # as much as there is room for


@pytest.mark.parametrize(
    ("info", "text", "problem"),
    [
        (WORDS, " ", "condition ' ': is empty; it knows hair, red, glasses"),
        (WORDS, "ein Hut", "has no word that was learnt; it knows hair"),
        (PIECES, "Hut", "has no word that was learnt; it knows hair, red"),
        (FACES, "hat", "condition hat: is no attribute that was learnt; its attributes are red_hair, glasses, age"),
        (FACES, "age=old", "condition age=old: 'old' is no number"),
        (CLASSES, "cow", "condition cow: is no class that was learnt; its classes are cat, dog"),
    ],
)
def test_texts_that_say_nothing_are_refused(info: ConditionInfo, text: str, problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        info.row(text)


def test_a_sweep_fills_its_place_or_adds_its_value() -> None:
    assert swept("{hair} hair, smile", "hair=red,blond", "captions") == [
        ("red hair, smile", "red"),
        ("blond hair, smile", "blond"),
    ]
    assert swept("smile", "hair=red", "captions") == [("smile, red hair", "hair red")]
    assert swept("", "age=20, 30", "attributes") == [("age=20", "age 20"), ("age=30", "age 30")]
    assert swept("", "file=a.wav", "audio") == [("a.wav", "a.wav")]
    with pytest.raises(UserError, match="sweep hair: has to be NAME=VALUE,VALUE"):
        swept("", "hair", "captions")


def test_descriptions_come_back_and_others_are_refused() -> None:
    assert ConditionInfo.from_json(FACES.to_json()) == FACES and ConditionInfo.from_json(PIECES.to_json()) == PIECES
    older = {key: value for key, value in asdict(WORDS).items() if key != "pieces"}
    assert ConditionInfo.from_json(json.dumps(older)) == WORDS
    for change in (
        {"kind": "smell"},
        {"shape": [0]},
        {"shape": [2]},
        {"usual": ["x"]},
        {"shape": [10**9]},
        {"pieces": [""]},
        {"new": 1},
    ):
        with pytest.raises(ContractError, match="its condition is"):
            ConditionInfo.from_json(json.dumps(asdict(FACES) | change))
    for text in ("", "[]", "null"):
        with pytest.raises(ContractError):
            ConditionInfo.from_json(text)
