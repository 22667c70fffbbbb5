"""A table of captions -> samples of words as numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from models.sequences import END
from translate.config import SequenceConfig
from translate.data.attributes import read_table
from translate.data.datasets import TrainingData, hold_out
from translate.data.loader import Key, KeyedDataset
from translate.errors import UserError

TEXT_COLUMN = "text"
MAX_WORDS = 64  # of a caption, marks included
_WORD = re.compile(r"[\w'-]+|[^\w\s]")
_CLOSING = re.compile(r"\s+([,.;:!?])")


class Words:
    """The words of a language, in order: the number of the first is 1, as 0 is `END`."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self._numbers = {word: number for number, word in enumerate(words, 1)}

    @classmethod
    def of(cls, texts: Iterable[str]) -> Words:
        return cls(sorted({word for text in texts for word in split_words(text)}))

    def __len__(self) -> int:
        """The numbers in use, `END` included."""
        return len(self.words) + 1

    def numbers(self, text: str, length: int) -> Tensor:
        """int64 [length], filled up with `END`. Raises ``KeyError`` for a word that is not known."""
        numbers = [self._numbers[word] for word in split_words(text)]
        return torch.tensor(numbers + [END] * (length - len(numbers)))

    def text(self, numbers: Iterable[int]) -> str:
        """The words up to the first `END`, with spaces between them but not before closing marks."""
        found = []
        for number in numbers:
            if number == END:
                break
            found.append(self.words[number - 1])
        return _CLOSING.sub(r"\1", " ".join(found))


class SentenceDataset(KeyedDataset):
    """Captions; a sample is ``{"tokens": int64 [length]}``."""

    def __init__(self, texts: Sequence[str], words: Words, length: int) -> None:
        self.texts, self.words, self.length = list(texts), words, length

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, key: Key) -> dict[str, Tensor]:
        return {"tokens": self.words.numbers(self.texts[key.sample], self.length)}


def split_words(text: str) -> list[str]:
    """Words and marks of ``text`` in lower case."""
    return _WORD.findall(text.lower())


def read_texts(path: Path) -> list[str]:
    """The captions of a table. Raises ``UserError`` for another file, and for a caption that is empty or too long."""
    table = read_table(path)
    if TEXT_COLUMN not in table.columns:
        known = ", ".join(table.columns)
        raise UserError(f"<captions> {path}: has no column {TEXT_COLUMN!r} but {known}; give a header file,text")
    position = table.columns.index(TEXT_COLUMN)
    for row in table.rows:
        count = len(split_words(row.values[position]))
        if not 0 < count < MAX_WORDS:
            what = "is empty" if count == 0 else f"has {count} words, more than {MAX_WORDS - 1}"
            raise UserError(f"<captions> {path}, line {row.line}: the text of {row.file} {what}")
    return [row.values[position] for row in table.rows]


def load_sentences(config: SequenceConfig) -> TrainingData:
    """The captions of ``captions``, some held out. Raises ``UserError`` as `read_texts`, and for fewer than two."""
    assert config.captions is not None  # checked by the configuration
    texts = read_texts(config.captions)
    if len(set(texts)) < 2:
        raise UserError(f"<captions> {config.captions}: holds {len(set(texts))} different captions; give more")
    words, length = Words.of(texts), 1 + max(len(split_words(text)) for text in texts)
    training, validation, train_subset = (
        SentenceDataset(part, words, length) for part in hold_out(texts, config.val_samples)
    )
    return TrainingData(training, validation, train_subset, remarks=(f"{len(words.words)} words, up to {length - 1}",))
