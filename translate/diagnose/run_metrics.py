"""A run's settings and log, read back from its folder: metrics as series over the steps."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from translate.config import CONFIG_NAME, CONFIGS, METRICS_NAME, TrainConfig
from translate.errors import UserError, one_line, parse_nested, printable

EVENTS = ("alarm", "rollback")


@dataclass(frozen=True)
class Series:
    """One metric in the order of the log; after a rollback, steps continue from an earlier one."""

    steps: NDArray[np.int64]  # [lines]
    values: NDArray[np.float64]  # [lines], as logged, including those that are not finite

    def __len__(self) -> int:
        return len(self.values)

    def part(self, start: float, end: float = 1.0) -> NDArray[np.float64]:
        """The finite values between two shares of the lines, 0 to 1, of at least one line where there is any."""
        first, last = int(start * len(self)), max(int(end * len(self)), 1)
        values = self.values[min(first, last - 1) : last]
        return values[np.isfinite(values)]

    def level(self, start: float = 0.75, end: float = 1.0) -> float:
        """The median between two shares of the lines, by default where the metric ended; NaN without finite values."""
        values = self.part(start, end)
        return float(np.median(values)) if len(values) else float("nan")


@dataclass(frozen=True)
class RunMetrics:
    """The settings, metrics and events of a run."""

    folder: Path
    config: TrainConfig
    series: Mapping[str, Series] = field(default_factory=dict)
    events: tuple[tuple[int, str, str], ...] = ()  # step, "alarm" or "rollback", text

    @property
    def method(self) -> str:
        return self.config.method

    @property
    def lines(self) -> int:
        """Lines of training metrics, each the means over ``--log-every`` steps."""
        return len(self.series["lr"]) if "lr" in self.series else 0

    def named(self, metric: str) -> list[str]:
        """The series of ``metric`` under any network: ``separation`` -> ``D_A/separation``, ``D_B/separation``."""
        return sorted(name for name in self.series if name.partition("/")[2] == metric)

    def level(self, name: str) -> float | None:
        """Where a metric ended; None where it was not logged or is not finite there."""
        level = self.series[name].level() if name in self.series else float("nan")
        return None if np.isnan(level) else level


def read_run(folder: Path) -> RunMetrics:
    """Read the settings and metrics of a run. Raises ``UserError``, naming the file and the remedy."""
    try:
        settings = (folder / CONFIG_NAME).read_text(encoding="utf-8")
        text = (folder / METRICS_NAME).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        missing = Path(error.filename).name if isinstance(error, OSError) and error.filename else "its log"
        raise UserError(
            f"{folder}: {missing} cannot be read; give the folder that `translate train --out` wrote"
        ) from error
    steps: dict[str, list[int]] = defaultdict(list)
    values: dict[str, list[float]] = defaultdict(list)
    events = []
    lines = text.split("\n")
    complete = lines[:-1]  # text after the last newline is a line cut short by a kill
    for number, line in enumerate(complete, 1):
        record = _parsed(line)
        if record is None:
            raise UserError(f"{folder / METRICS_NAME}: line {number} is not a line of a log; remove it")
        step = record.pop("step")
        for name, value in record.items():
            if name in EVENTS:
                events.append((step, name, printable(str(value))))
            elif isinstance(value, int | float) and not isinstance(value, bool):
                steps[name].append(step)
                values[name].append(float(value))
    series = {
        name: Series(np.array(steps[name], np.int64), np.array(values[name], np.float64)) for name in sorted(values)
    }
    return RunMetrics(folder, read_settings(folder / CONFIG_NAME, settings), series, tuple(events))


def read_settings(path: Path, text: str) -> TrainConfig:
    """The settings of a run of this version or another: unknown ones are ignored, missing ones have their defaults.

    Raises ``UserError`` where ``text`` does not hold settings.
    """
    try:
        found = parse_nested(json.loads, text)
    except ValueError as error:
        raise UserError(f"{path}: is not JSON: {one_line(error)}; restore it") from error
    kind = CONFIGS.get(str(found.get("method"))) if isinstance(found, dict) else None
    if kind is None:
        raise UserError(f"{path}: is not of a method ({', '.join(CONFIGS)}); give the folder of a run")
    names = {spec.name for spec in fields(kind)}
    known = {name: value for name, value in found.items() if name in names}
    try:
        return kind.from_dict(known)
    except UserError as error:
        raise UserError(f"{path}: is damaged: {one_line(error)}; restore it") from error


def _parsed(line: str) -> dict[str, Any] | None:
    """The record in a line of the log; None where there is none."""
    try:
        record = parse_nested(json.loads, line)
    except ValueError:
        return None
    if not isinstance(record, dict) or not isinstance(record.get("step"), int):
        return None
    return record
