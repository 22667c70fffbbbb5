"""How settings of any kind are read, checked, saved and compared."""

from __future__ import annotations

import json
import tomllib
import typing
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Self

from translate.config.values import as_type, setting
from translate.errors import UserError, parse_nested


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one method: fields made by `values.setting`."""

    method: ClassVar[str]
    presets: ClassVar[dict[str, dict[str, Any]]] = {}

    preset: str = setting("", "Start here", "the preset that these settings started from, if any", free=True)

    @abstractmethod
    def problems(self) -> list[str]:
        """What is wrong with the settings, one text each; empty when they can be used."""

    @classmethod
    def resolve(cls, given: Mapping[str, Any], *, preset: str | None = None, file: Path | None = None) -> Self:
        """Settings from ``given`` (the command line's), else the file's, else the preset's, else the default.

        The file may name the preset too; ``preset`` takes precedence. Raises ``UserError`` that names every problem at
        once.
        """
        values: dict[str, Any] = cls._read(file) if file is not None else {}
        preset = preset or values.get("preset")
        if preset and isinstance(preset, str):
            if preset not in cls.presets:
                raise UserError(f"<preset> {preset}: {cls.method} knows {', '.join(cls.presets)}")
            values = cls.presets[preset] | values | {"preset": preset}
        values |= {key: value for key, value in given.items() if value is not None}
        return cls.from_dict(values, source=str(file or "settings"))

    @classmethod
    def _read(cls, file: Path) -> dict[str, Any]:
        kind, parse = ("JSON", json.loads) if file.suffix == ".json" else ("TOML", tomllib.loads)
        try:
            read = parse_nested(parse, file.expanduser().read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UserError(f"<file> {file}: cannot be read as {kind}: {error}") from error
        if read.pop("method", cls.method) != cls.method:
            raise UserError(f"<file> {file}: is for another method, not {cls.method}")
        return {key.replace("-", "_"): value for key, value in read.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, source: str = "settings") -> Self:
        """The configuration of ``values``, converted to the fields' types; all problems in one ``UserError``."""
        hints = typing.get_type_hints(cls)
        known = {spec.name: spec for spec in fields(cls)}
        found = [f"{source}: unknown setting {name!r}" for name in values if name not in known]
        found += [
            f"<{name}> is missing" for name, spec in known.items()
            if name not in values and spec.default is MISSING and spec.default_factory is MISSING
        ]  # fmt: skip
        converted = {}
        for name in values.keys() & known.keys():
            try:
                converted[name] = as_type(values[name], hints[name])
            except ValueError as error:
                found.append(f"<{name}> {values[name]}: {error}")
        if not found:
            config = cls(**converted)
            found = config.problems()
        if found:
            raise UserError("; ".join(found))
        return config

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain values that JSON can hold, and ``method``."""
        plain = {spec.name: getattr(self, spec.name) for spec in fields(self)}
        return {"method": self.method} | {name: _plain(value) for name, value in plain.items()}

    def changes_that_break_resume(self, saved: Mapping[str, Any]) -> list[str]:
        """Settings that differ from those of a run begun with ``saved`` and would make it another run."""
        now = self.to_dict()
        fixed = ["method", *(spec.name for spec in fields(self) if not spec.metadata["free"])]
        changed = [name for name in fixed if name in saved and saved[name] != now[name]]
        before = saved["preset"] if "preset" in saved else self._preset_of(saved)
        if before != self.preset:  # then it is named, not each setting in it
            both = self.presets.get(self.preset, {}).keys() | self.presets.get(before, {}).keys()
            others = [name for name in changed if name not in both]
            changed = ["preset", *others] if len(others) < len(changed) else others
        saved = {**saved, "preset": before}
        return [f"<{name}> is {_shown(now[name])}, the run has {_shown(saved[name])}" for name in changed]

    def _preset_of(self, saved: Mapping[str, Any]) -> str:
        """The preset that a run had when its name was not yet saved: the longest one whose settings it all has."""
        held = [
            name for name, preset in self.presets.items()
            if all(saved.get(setting) == value for setting, value in preset.items())
        ]  # fmt: skip
        return max(held, key=lambda name: len(self.presets[name]), default="")


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return str(value) if isinstance(value, Path) else value


def _shown(value: Any) -> str:
    return "none" if value == "" else str(value)
