"""The words of captions -> those to learn, and pieces that spell the others."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from translate.style.words import words_of

MAX_WORDS, MAX_PIECES = 15_000, 4_000  # characters of all together: they have to fit into the metadata
LEAST = 2  # captions that use a word, or words that share a piece


def learnt_words(texts: Iterable[str]) -> tuple[list[str], list[str]]:
    """The words of ``texts`` to learn, most frequent first, and those left out: used once, or too many."""
    counted = Counter(word for text in texts for word in words_of(text))
    frequent = sorted(counted, key=lambda word: (-counted[word], word))
    kept = _fitting([word for word in frequent if counted[word] >= LEAST], MAX_WORDS)
    return kept, frequent[len(kept) :]


def learnt_pieces(words: Iterable[str]) -> list[str]:
    """All letters of ``words``, the most common first, and then pieces that several of them share.

    Byte-pair encoding (Sennrich et al. 2016, arXiv:1508.07909, algorithm 1): the pair of neighbours that is in most
    words becomes one piece, and again. Departures: each word counts once, however often captions use it, as a piece is
    worth learning for the words that share it; pairs of fewer than `LEAST` words are not merged; there is no mark for
    the end of a word. Of pairs that are equally common the first in the alphabet is merged.
    """
    spelt = [list(word) for word in sorted(set(words))]
    letters = Counter(letter for word in spelt for letter in set(word))
    pieces = sorted(letters, key=lambda letter: (-letters[letter], letter))
    pairs = Counter(pair for word in spelt for pair in set(pairwise(word)))
    room = MAX_PIECES - sum(map(_size, pieces))
    while pairs and room > 0:
        first, second = best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        if pairs[best] < LEAST:
            break
        for word in spelt:
            if first in word and best in (before := set(pairwise(word))):
                _merge(word, first, second)
                pairs.subtract(before)
                pairs.update(set(pairwise(word)))
        del pairs[best]
        if first + second not in pieces:
            pieces.append(first + second)
            room -= _size(first + second)
    return _fitting(pieces, MAX_PIECES)


def _merge(word: list[str], first: str, second: str) -> None:
    """Join each ``first`` and the ``second`` after it, in place, from the left."""
    place = 0
    while place < len(word) - 1:
        if word[place] == first and word[place + 1] == second:
            word[place : place + 2] = [first + second]
        place += 1


def _fitting(names: Sequence[str], room: int) -> list[str]:
    """The first of ``names`` that fit into ``room`` characters of JSON."""
    kept = []
    for name in names:
        room -= _size(name)
        if room < 0:
            break
        kept.append(name)
    return kept


def _size(name: str) -> int:
    return len(json.dumps(name)) + 2
