"""Words and pieces as numbers."""

from __future__ import annotations

from translate.style.words import UNKNOWN, Vocabulary

PIECES = ["g", "r", "e", "n", "ee", "een", "gr"]


def test_a_word_that_was_not_learnt_is_spelt_by_the_longest_pieces() -> None:
    vocabulary = Vocabulary(["hair", "red"], PIECES)
    assert vocabulary.spelling("greener") == ["gr", "een", "e", "r"]
    assert vocabulary.numbers("Red, greener hair") == [3, 10, 9, 6, 5, 2]
    assert vocabulary.numbers("redhair") == [3, 2]  # parts may be learnt words
    assert vocabulary.spelt("red") == [5, 6]  # by pieces, of which d is none
    assert len(vocabulary) == 11 and "red" in vocabulary and "green" not in vocabulary


def test_what_no_piece_covers_is_left_out_and_named() -> None:
    vocabulary = Vocabulary(["hair"], PIECES)
    assert vocabulary.unknown_parts("größer") == ["öß"] and vocabulary.unknown_parts("hair") == []
    assert vocabulary.numbers("größer öß") == [9, 5, 4]


def test_without_pieces_such_words_have_one_number() -> None:
    assert Vocabulary(["hair"], []).numbers("hair größer") == [2, UNKNOWN]
