"""What the user says of the pictures to make -> the rows that a conditional sampler or style takes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from translate.errors import UserError
from translate.media.sound import log_mel, read_sound
from translate.media.vectors import read_vectors
from translate.style.conditions import ConditionInfo, Row, Wanted, swept

_VECTOR = re.compile(r"(?P<file>.+?\.(?:npz|safetensors))(?::(?P<name>.+))?", re.IGNORECASE)


def wanted(info: ConditionInfo | None, conditions: Sequence[str], sweep: str | None) -> list[Wanted]:
    """The conditions asked for: each of ``conditions``, for each value of the ``sweep`` where there is one.

    Where nothing is asked for, each class, or none. Raises ``UserError`` for what the sampler does not take.
    """
    if info is None:
        if conditions or sweep:
            raise UserError(
                f"<{'condition' if conditions else 'sweep'}>: this sampler takes no condition; leave it out"
            )
        return [Wanted("", None)]
    texts = [(text, text) for text in conditions]
    if sweep:
        named = [pair for text in conditions or [""] for pair in swept(text, sweep, info.kind)]
        texts = [(text, text if len(conditions) > 1 else title) for text, title in named]
    elif not conditions and info.kind == "classes":
        texts = [(name, name) for name in info.names]
    elif not conditions and info.optional:
        return [Wanted("", None)]
    elif not conditions:
        raise UserError(f"<condition>: this sampler needs one: {info.advice}")
    return [Wanted(title, row_of(info, text)) for text, title in texts]


def remarks_on(info: ConditionInfo | None, conditions: Sequence[str]) -> list[str]:
    """What captions lose on their way to the sampler, outside the places of a sweep: a line for each kind of loss."""
    if info is None or info.kind != "captions":
        return []
    texts = list(dict.fromkeys(re.sub(r"\{.*?\}", "", text) for text in conditions))
    unknown = list(dict.fromkeys(word for text in texts for word in info.unknown_words(text)))
    remarks = []
    if unknown and info.pieces:
        spelt = (f"{word} ({' '.join(info.vocabulary.spelling(word))})" for word in unknown)
        remarks.append(f"words that were not learnt, spelt by pieces: {', '.join(spelt)}")
    elif unknown:
        remarks.append(f"words that were not learnt: {', '.join(unknown)}")
    parts = dict.fromkeys(part for word in unknown for part in info.vocabulary.unknown_parts(word))
    if parts and info.pieces:
        remarks.append(f"parts of words that no piece covers, left out: {', '.join(parts)}")
    if cut := [text for text in texts if len(info.vocabulary.numbers(text)) > info.shape[0]]:
        remarks.append(f"only the first {info.shape[0]} words and pieces count of: {'; '.join(cut)}")
    return remarks


def folder_names(titles: Sequence[str]) -> list[str]:
    """The name of a folder for each of ``titles``, no two the same."""
    names = [re.sub(r"[^\w.=-]+", "-", Path(title).name).strip("-.")[:80] for title in titles]
    return [name if name and names.count(name) == 1 else f"{number:02}-{name}" for number, name in enumerate(names)]


def row_of(info: ConditionInfo, text: str) -> Row:
    """The row of ``text``: as `ConditionInfo.row`, or of a sound file, or of ``FILE`` or ``FILE:NAME`` with vectors.

    Raises ``UserError`` for a text or file that gives none.
    """
    if info.kind == "audio":
        return log_mel(read_sound(Path(text)).samples, info.shape[1])
    if info.kind == "embeddings":
        return _vector(info, text)
    return info.row(text)


def _vector(info: ConditionInfo, text: str) -> Row:
    parts = _VECTOR.fullmatch(text)
    if parts is None:
        raise UserError(f"<condition> {text}: {info.advice}")
    vectors = read_vectors(Path(parts["file"]))
    name = parts["name"] or (next(iter(vectors)) if len(vectors) == 1 else "")
    if name not in vectors:
        raise UserError(
            f"<condition> {text}: say which of {len(vectors)} vectors, such as {text}:{next(iter(vectors))}"
        )
    vector = np.atleast_2d(vectors[name])[0]
    if len(vector) != info.shape[0]:
        raise UserError(f"<condition> {text}: has {len(vector)} numbers, not {info.shape[0]}")
    return vector
