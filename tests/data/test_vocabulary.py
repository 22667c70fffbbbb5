"""Which words of captions are learnt, and which pieces."""

from __future__ import annotations

import json

from translate.data.vocabulary import learnt_pieces, learnt_words
from translate.style.conditions import ConditionInfo
from translate.style.contract import MAX_TEXT


def test_words_used_once_are_not_learnt() -> None:
    assert learnt_words(["Red hair, glasses", "red-haired: red hair"]) == (["hair", "red"], ["glasses", "red-haired"])
    kept, left_out = learnt_words([f"word{number} " * 2 for number in range(5000)])
    assert len(kept) + len(left_out) == 5000 and len(json.dumps(kept)) < 16_000


def test_pieces_are_letters_and_what_words_share() -> None:
    words = ["haired", "hairy", "curly", "wavy", "wary"]
    pieces = learnt_pieces(words)
    assert pieces[:12] == sorted(
        set("".join(words)), key=lambda letter: (-sum(letter in word for word in words), letter)
    )
    assert pieces[12:] == ["ai", "air", "hair", "wa"]  # of two words each; r y is in one only
    assert learnt_pieces([*reversed(words), *words]) == pieces  # neither order nor frequency counts


def test_words_and_pieces_fit_into_the_metadata() -> None:
    words = [chr(0x4E00 + number) + chr(0x4E01 + number) for number in range(2000)]
    names, pieces = learnt_words([" ".join(words)] * 2)[0], learnt_pieces(words)
    info = ConditionInfo(kind="captions", shape=[64], names=names, usual=[], pieces=pieces, optional=True)
    assert len(names) > 900 and len(pieces) > 300 and len(info.to_json()) <= MAX_TEXT
