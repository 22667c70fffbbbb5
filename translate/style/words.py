"""Texts as numbers: of their words, and of the pieces of words that were not learnt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

PADDING, UNKNOWN, FIRST_WORD = 0, 1, 2  # the numbers of no word, of a word without pieces, and of the first word learnt
LEAST_PART = 3  # letters of a learnt word that may be a part of another
_WORD = re.compile(r"\w+(?:['’-]\w+)*")


def words_of(text: str) -> list[str]:
    """The words of ``text`` in lower case, without punctuation."""
    return _WORD.findall(text.lower())


class Vocabulary:
    """The words that were learnt, numbered from `FIRST_WORD`, and after them the pieces of others.

    A word that was not learnt is spelt: by the longest piece, or learnt word of `LEAST_PART` letters or more, that it
    begins with, then in the same way what is left (longest match first, as BERT applies its WordPieces: Devlin et al.
    2019). Letters of no piece are left out. A learnt word may be spelt, too, by pieces only, see `spelt`.
    A vocabulary without pieces, of an older file, has the number `UNKNOWN` for words that were not learnt.
    """

    def __init__(self, words: Sequence[str], pieces: Sequence[str]) -> None:
        self._words = {word: number for number, word in enumerate(words, FIRST_WORD)}
        self._pieces = {piece: number for number, piece in enumerate(pieces, FIRST_WORD + len(words))}
        self._parts = self._pieces | {word: self._words[word] for word in words if len(word) >= LEAST_PART}
        self._piece, self._part = _any_of(self._pieces), _any_of(self._parts)

    def __len__(self) -> int:
        """The numbers in use, `PADDING` and `UNKNOWN` included."""
        return FIRST_WORD + len(self._words) + len(self._pieces)

    def __contains__(self, word: str) -> bool:
        return word in self._words

    def spelling(self, word: str) -> list[str]:
        """The parts of ``word`` in order: pieces, learnt words, and what neither covers."""
        if not self._pieces:
            return [word]
        return [part for part in (self._piece if word in self else self._part).split(word) if part]

    def unknown_parts(self, word: str) -> list[str]:
        """The parts of a word that was not learnt which are neither pieces nor learnt words."""
        return [] if word in self else [part for part in self.spelling(word) if part not in self._parts]

    def spelt(self, word: str) -> list[int]:
        """The numbers of the parts of ``word``."""
        if not self._pieces:
            return [UNKNOWN]
        numbers = self._pieces if word in self else self._parts
        return [numbers[part] for part in self.spelling(word) if part in numbers]

    def numbers_of(self, word: str) -> list[int]:
        """The number of ``word``, or of its parts where it was not learnt."""
        return [self._words[word]] if word in self else self.spelt(word)

    def knows_any(self, text: str) -> bool:
        """Whether a word of ``text``, or a part of one, was learnt."""
        return any(number != UNKNOWN for number in self.numbers(text))

    def numbers(self, text: str) -> list[int]:
        return [number for word in words_of(text) for number in self.numbers_of(word)]


def _any_of(parts: Iterable[str]) -> re.Pattern[str]:
    """Splits a text at ``parts``, at each place the longest, and keeps them."""
    return re.compile(f"({'|'.join(map(re.escape, sorted(parts, key=len, reverse=True)))})")
