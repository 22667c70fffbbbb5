"""What a condition says of the picture that a sampler or style makes, and how a text states it.

A condition reaches the networks as a row, whose type and shape `ConditionInfo` gives; the networks hold everything
after that, also the encoder of words. Rows of sounds and vectors come from files, see `translate.convert.conditions`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from math import isfinite
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from translate.errors import UserError, parse_nested
from translate.style.contract import ContractError
from translate.style.words import PADDING, Vocabulary, words_of

Kind = Literal["attributes", "classes", "captions", "audio", "embeddings"]
Row = NDArray[Any]  # float32, or int64 for captions, of the shape that `ConditionInfo` gives

MAX_ROW = 1_000_000  # numbers
MAX_NAMED = 5  # names in a message; the rest are only counted


@dataclass(frozen=True, kw_only=True)
class ConditionInfo:
    """What conditions a sampler or style takes.

    ``names``: the columns of attributes, the classes, or the words of captions; ``pieces`` spell other words, see
    `Vocabulary`. ``shape`` of a row: [K] values of attributes or an embedding, one-hot for classes; [T] numbers of
    words and pieces, filled up with `PADDING`; [bands, frames] of a sound. ``usual``: the value of each attribute that
    a text does not mention. ``optional``: it was trained without the condition, too, so the sampler takes ``strength``.
    """

    kind: Kind
    shape: list[int]
    names: list[str]
    usual: list[float]
    optional: bool = False
    pieces: list[str] = field(default_factory=list)  # older files have none

    @property
    def dtype(self) -> type[np.generic]:
        return np.int64 if self.kind == "captions" else np.float32

    @property
    def port(self) -> tuple[str, list[int | None]]:
        """Type and shape of the input of a file that takes such rows, [N, *shape], as onnxruntime says them."""
        return "int64" if self.dtype is np.int64 else "float", [None, *self.shape]

    def example(self, number: int) -> Row:
        """A row to try a network with, another for each ``number``: the first has usual attributes, or is class 1."""
        rng = np.random.default_rng(number)
        row: NDArray[Any]
        if self.kind == "attributes":
            row = np.array(self.usual) + (rng.integers(0, 2, self.shape) if number else 0)
        elif self.kind == "classes":
            row = np.eye(len(self.names))[number % len(self.names)]
        elif self.kind == "captions":
            row = rng.integers(0, len(self.vocabulary), self.shape)
        else:
            row = rng.random(self.shape)
        return row.astype(self.dtype)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ConditionInfo:
        """Raises ``ContractError`` for a text that `to_json` did not write."""
        try:
            info = cls(**parse_nested(json.loads, text))
            sound = (
                info.kind in get_args(Kind)
                and 1 <= len(info.shape) <= 2
                and all(type(size) is int and size > 0 for size in info.shape)
                and int(np.prod(info.shape)) <= MAX_ROW
                and all(isinstance(name, str) for name in info.names)
                and all(isinstance(piece, str) and piece for piece in info.pieces)
                and all(type(value) in (int, float) and isfinite(value) for value in info.usual)
                and (info.kind not in ("attributes", "classes") or len(info.names) == info.shape[0])
                and (info.kind != "attributes" or len(info.usual) == info.shape[0])
                and isinstance(info.optional, bool)
            )
        except (TypeError, ValueError) as error:
            raise ContractError(f"its condition is {text[:40]!r}") from error
        if not sound:
            raise ContractError(f"its condition is {text[:40]!r}")
        return info

    def row(self, text: str) -> Row:
        """The row of ``text``, for attributes, classes and captions. Raises ``UserError`` for one that says nothing.

        Attributes: ``glasses, smile=0, age=31``; classes: a name; captions: words, see `unknown_words`.
        """
        if not text.strip():
            raise UserError(f"<condition> {text!r}: is empty; {self.advice}")
        if self.kind == "attributes":
            return self._attributes(text)
        if self.kind == "classes":
            return np.eye(len(self.names), dtype=np.float32)[self._position(text, "class")]
        if not self.vocabulary.knows_any(text):
            raise UserError(f"<condition> {text!r}: has no word that was learnt; {self.advice}")
        return self.row_of_numbers(self.vocabulary.numbers(text))

    @property
    def advice(self) -> str:
        """What a condition may be, for messages."""
        if self.kind in ("audio", "embeddings"):
            return f"give {'a sound file' if self.kind == 'audio' else 'an .npz or .safetensors file of one vector'}"
        what = {"attributes": "its attributes are", "classes": "its classes are", "captions": "it knows"}[self.kind]
        return f"{what} {some_of(self.names)}"

    @property
    def sample(self) -> str:
        """A condition to show in messages, as a user gives it."""
        if self.kind in ("audio", "embeddings"):
            return "bell.wav" if self.kind == "audio" else "vector.npz"
        return f"{self.names[0]}=1" if self.kind == "attributes" else self.names[0]

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Of captions."""
        return Vocabulary(self.names, self.pieces)

    def unknown_words(self, text: str) -> list[str]:
        """The words of a caption that were not learnt."""
        return [word for word in words_of(text) if word not in self.vocabulary] if self.kind == "captions" else []

    def row_of_numbers(self, numbers: Sequence[int]) -> Row:
        """The row of the first ``numbers`` of words and pieces, as many as it holds."""
        row = np.full(self.shape[0], PADDING, np.int64)
        held = numbers[: self.shape[0]]
        row[: len(held)] = held
        return row

    def _attributes(self, text: str) -> Row:
        row = np.array(self.usual, np.float32)
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, equals, value = part.partition("=")
            position = self._position(name, "attribute")
            try:
                number = float(value) if equals else 1.0
            except ValueError:
                number = float("nan")
            if not isfinite(number):
                raise UserError(f"<condition> {part}: {value!r} is no number")
            row[position] = number
        return row

    def _position(self, name: str, what: str) -> int:
        wanted = "_".join(name.split()).lower()  # "red hair" is red_hair
        for position, known in enumerate(self.names):
            if "_".join(known.split()).lower() == wanted:
                return position
        raise UserError(f"<condition> {name.strip()}: is no {what} that was learnt; {self.advice}")


@dataclass(frozen=True)
class Wanted:
    """A condition that pictures are wanted of."""

    title: str  # as asked for; empty without a condition
    row: Row | None = field(compare=False)  # follows from the title

    @property
    def digest(self) -> str:
        """What tells its row from others of the same title, such as of a sound file that has changed since."""
        return hashlib.sha256(b"" if self.row is None else self.row.tobytes()).hexdigest()


def some_of(names: Sequence[str]) -> str:
    """The first of ``names``, and how many more there are."""
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more


def swept(condition: str, sweep: str, kind: Kind) -> list[tuple[str, str]]:
    """The conditions of a ``sweep``, ``NAME=VALUE,VALUE,...``, each with the value that names it.

    ``{NAME}`` in ``condition`` stands for the value. Without it attributes get ``NAME=VALUE``, captions the words
    ``VALUE NAME``, and for other kinds the value is the condition. Raises ``UserError`` for a sweep of another form.
    """
    name, _, listed = sweep.partition("=")
    name, values = name.strip(), [value.strip() for value in listed.split(",") if value.strip()]
    if not name or not values:
        raise UserError(f"<sweep> {sweep}: has to be NAME=VALUE,VALUE, such as hair=red,blond")
    place = f"{{{name}}}"
    if place in condition:
        return [(condition.replace(place, value), value) for value in values]
    added = {"attributes": f"{name}={{}}", "captions": f"{{}} {name}"}.get(kind)
    if added is None:
        return [(value, value) for value in values]
    return [(", ".join(filter(None, [condition, added.format(value)])), f"{name} {value}") for value in values]
