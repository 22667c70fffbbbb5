"""What a setting is: its default, its help, its limits, and how its value is read."""

from __future__ import annotations

import json
import operator
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

from translate.errors import parse_nested

# the groups of settings in `translate train METHOD --help`, in this order; the first holds the most important ones
Panel = Literal["Start here", "Data", "Networks", "Objective", "Optimiser", "Stabilisers", "Run", "Evaluation"]
PANELS: tuple[Panel, ...] = typing.get_args(Panel)


def setting(
    default: Any,
    panel: Panel,
    help: str,
    *,
    free: bool = False,
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
    below: float | None = None,
) -> Any:
    """A field with its place among the options, its help text and its limits.

    ``default``: ``MISSING`` makes the setting required. ``free``: may change when a run resumes, since it alters
    no step already taken.
    """
    limits = {"at least": at_least, "above": above, "at most": at_most, "below": below}
    known = {name: limit for name, limit in limits.items() if limit is not None}
    return _field(default, {"panel": panel, "help": help, "free": free, "limits": known})


def weight(default: float, help: str) -> Any:
    """The weight of a loss term, at least 0."""
    return setting(default, "Objective", help, at_least=0)


def with_default(config: type[Any], name: str, default: Any) -> Any:
    """The setting ``name`` of the dataclass ``config`` for a subclass that changes only its default."""
    return _field(default, config.__dataclass_fields__[name].metadata)


def in_panel(config: type[Any], name: str, panel: Panel) -> Any:
    """The setting ``name`` of the dataclass ``config`` for a subclass that changes only its place among the options."""
    inherited = config.__dataclass_fields__[name]
    return _field(inherited.default, inherited.metadata | {"panel": panel})


def _field(default: Any, metadata: Mapping[str, Any]) -> Any:
    if isinstance(default, dict | list):
        return field(default_factory=default.copy, metadata=metadata)
    return field(default=default, metadata=metadata)


WITHIN: dict[str, Callable[[float, float], bool]] = {
    "at least": operator.ge,
    "above": operator.gt,
    "at most": operator.le,
    "below": operator.lt,
}


def out_of_limits(value: float, limits: Mapping[str, float]) -> str | None:
    """What is wrong with ``value``; None where it is within all ``limits``."""
    if all(WITHIN[name](value, limit) for name, limit in limits.items()):
        return None
    return "has to be " + " and ".join(f"{name} {limit:g}" for name, limit in limits.items())


def parse_options(texts: list[str]) -> dict[str, Any]:
    """``["blocks=6", "norm=batch"]`` as a dict; values are read as JSON where they can be, else as text.

    Raises ``ValueError`` for a text without ``=``.
    """
    options = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"{text!r} is not of the form key=value")
        try:
            options[key.strip().replace("-", "_")] = parse_nested(json.loads, value)
        except ValueError:
            options[key.strip().replace("-", "_")] = value
    return options


def as_type(value: Any, kind: Any) -> Any:
    """``value`` from the command line or a file as the type ``kind``; ``ValueError`` says what was expected."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        inner = next(argument for argument in arguments if argument is not type(None))
        return None if value is None else as_type(value, inner)
    if origin is Literal:
        if value not in arguments:
            raise ValueError(f"choose one of {', '.join(arguments)}")
        return value
    if origin is tuple:
        if arguments[-1] is Ellipsis and isinstance(value, list | tuple):
            arguments = arguments[:1] * len(value)
        if not isinstance(value, list | tuple) or len(value) != len(arguments):
            raise ValueError(f"give {len(arguments)} values")
        return tuple(as_type(part, inner) for part, inner in zip(value, arguments, strict=True))
    if kind is dict:
        return dict(value) if isinstance(value, Mapping) else parse_options(list(value))
    if kind is Path:
        try:
            return Path(value).expanduser()
        except RuntimeError as error:  # there is no such user
            raise ValueError(str(error)) from error
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"has to be of type {kind.__name__}")
    return value
