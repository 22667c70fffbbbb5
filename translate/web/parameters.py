"""The parameters of a conversion in a query string: one table for reading them and for documenting them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from translate.convert.conversion import MIN_DETAIL, ConvertRequest, read_detail
from translate.errors import UserError, literal
from translate.media.formats import FORMATS
from translate.style.catalogue import DEFAULT_STYLE

WORDS = {"true": True, "1": True, "yes": True, "": True, "false": False, "0": False, "no": False}
FORMAT_NAMES = [format.suffixes[0][1:] for format in FORMATS.values()]


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter, and the field of a ``ConvertRequest`` that it sets."""

    name: str
    description: str
    schema: Mapping[str, Any]  # as in OpenAPI: its type and limits
    setting: str = field(default="")  # the field; default: the name

    def __post_init__(self) -> None:
        object.__setattr__(self, "setting", self.setting or self.name)

    def read(self, texts: Sequence[str]) -> Any:
        """The value that ``texts``, one or for arrays more, stand for. Raises ``UserError`` if there is none."""
        if self.schema["type"] == "array":
            return list(texts)
        if len(texts) > 1:
            raise UserError(f"<{self.setting}>: given {len(texts)} times; give it once")
        value = _READERS[self.schema["type"]](self, texts[0])
        return self._within_limits(value, literal(texts[0]))

    def read_number(self, text: str) -> float:
        try:
            return float(text)
        except ValueError:
            raise UserError(f"<{self.setting}> {literal(text)}: not a number") from None

    def read_integer(self, text: str) -> int:
        try:
            return int(text)
        except ValueError:
            raise UserError(f"<{self.setting}> {literal(text)}: not a whole number") from None

    def read_boolean(self, text: str) -> bool:
        if text.lower() not in WORDS:
            raise UserError(f"<{self.setting}> {literal(text)}: neither true nor false")
        return WORDS[text.lower()]

    def read_string(self, text: str) -> str:
        return text

    def _within_limits(self, value: Any, text: str) -> Any:
        schema = self.schema
        if "enum" in schema and value not in schema["enum"]:
            raise UserError(f"<{self.setting}> {text}: has to be one of {', '.join(schema['enum'])}")
        low, high = schema.get("minimum"), schema.get("maximum")
        if (low is not None and not value >= low) or (high is not None and not value <= high):  # NaN is in no range
            limits = f"from {low} to {high}" if high is not None else f"at least {low}"
            raise UserError(f"<{self.setting}> {text}: has to be {limits}")
        return value


_READERS = {
    "number": Parameter.read_number,
    "integer": Parameter.read_integer,
    "boolean": Parameter.read_boolean,
    "string": Parameter.read_string,
}

PARAMETERS = (
    Parameter(
        name="style",
        description="the name of one of the styles that /v1/styles lists; without it, the default that it says",
        schema={"type": "string", "default": DEFAULT_STYLE},
    ),
    Parameter(
        name="strength",
        description="0 gives the photo, 1 the full style; mixed at full size",
        schema={"type": "number", "minimum": 0, "maximum": 1, "default": 1},
    ),
    Parameter(
        name="format",
        description="of the result; default: that of the photo, a still GIF as PNG",
        schema={"type": "string", "enum": FORMAT_NAMES},
    ),
    Parameter(
        name="quality",
        description="of JPEG, WebP, AVIF and videos",
        schema={"type": "integer", "minimum": 1, "maximum": 100},
    ),
    Parameter(
        name="effort",
        description="trades encoding speed for file size",
        schema={"type": "string", "enum": ["fast", "normal", "small"], "default": "normal"},
    ),
    Parameter(
        name="max_size",
        description="scale down to this longest side in pixels first",
        schema={"type": "integer", "minimum": 1},
    ),
    Parameter(
        name="detail",
        description=f"translate larger photos at this longest side in pixels, from {MIN_DETAIL}, and enlarge the "
        "results; full: translate them at their own size; default: what the style was made for",
        schema={"type": "string", "pattern": "^(full|[0-9]+)$"},
    ),
    Parameter(
        name="domain",
        description="for styles with domains: the one to translate to; of attributes, all that the result should have",
        schema={"type": "array", "items": {"type": "string"}},
    ),
    Parameter(
        name="compare",
        description="photo and result side by side in one picture",
        schema={"type": "boolean", "default": False},
    ),
    Parameter(
        name="stabilize",
        setting="stabilise",
        description="reduce flicker in videos and animations where the original is still",
        schema={"type": "boolean", "default": False},
    ),
)
BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}


def read_parameters(pairs: Sequence[tuple[str, str]]) -> ConvertRequest:
    """The request, without inputs and output, that a query string's names and values ask for.

    Raises ``UserError`` naming the first that is unknown or does not fit.
    """
    given: dict[str, list[str]] = {}
    for name, text in pairs:
        if name not in BY_NAME:
            raise UserError(f"{literal(name)}: no such parameter; there are {', '.join(BY_NAME)}")
        given.setdefault(name, []).append(text)
    values = {BY_NAME[name].setting: BY_NAME[name].read(texts) for name, texts in given.items()}
    if "detail" in values:
        values["detail"] = read_detail(values["detail"])
    return ConvertRequest(inputs=(), **values)
