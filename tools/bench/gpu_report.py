"""What the measurements on a GPU found: checks that pass or fail, tables, and a limit on the time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from translate.errors import UserError, one_line

Row = dict[str, Any]


@dataclass
class Report:
    """Grows while the sections run, and is written after each, so that a machine that goes away costs little."""

    folder: Path
    seconds: float  # for everything; what would begin later is left out
    dry: bool = False  # on the CPU with tiny numbers
    facts: Row = field(default_factory=dict)
    checks: list[Row] = field(default_factory=list)
    tables: dict[str, list[Row]] = field(default_factory=dict)
    start: float = field(default_factory=time.perf_counter)

    @property
    def left(self) -> float:
        """Seconds until nothing else is begun."""
        return self.seconds - (time.perf_counter() - self.start)

    def check(self, name: str, passed: bool, detail: str = "") -> None:
        self.checks.append({"check": name, "passed": bool(passed), "detail": detail})
        print(f"{'passed' if passed else 'FAILED'}: {name} {detail}".rstrip(), flush=True)

    def row(self, table: str, **cells: Any) -> None:
        self.tables.setdefault(table, []).append(cells)
        print(f"{table}: " + ", ".join(f"{name} {shown(value)}" for name, value in cells.items()), flush=True)

    def section(self, name: str, run: Callable[[Report], None], *, needs: float = 0) -> None:
        """Run a part that takes about ``needs`` seconds; its failure is a check that failed, and the rest goes on."""
        if self.left < needs:
            self.check(name, self.dry, f"left out: {self.left:.0f} s are left")
            return
        begun = time.perf_counter()
        try:
            run(self)
        except UserError as error:
            self.check(name, False, one_line(error))
        except Exception as error:  # noqa: BLE001 (whatever a first run on a GPU shows has to be in the report)
            self.check(name, False, f"{type(error).__name__}: {one_line(error)}")
        self.row("seconds", section=name, seconds=time.perf_counter() - begun)
        self.write()

    def write(self) -> None:
        """``gpu.json`` and ``gpu.md`` in the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        content = {"dry_run": self.dry, "facts": self.facts, "checks": self.checks, "tables": self.tables}
        (self.folder / "gpu.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        (self.folder / "gpu.md").write_text(self.markdown(), encoding="utf-8")

    def markdown(self) -> str:
        title = "Dry run on the CPU: the numbers mean nothing" if self.dry else self.facts.get("gpu", "No GPU")
        lines = [f"# {title}", "", *(f"- {name}: {value}" for name, value in self.facts.items())]
        for name, rows in {"checks": self.checks, **self.tables}.items():
            columns = list(dict.fromkeys(column for row in rows for column in row))
            if columns:
                lines += ["", f"## {name.capitalize()}", "", _line(columns), _line(["---"] * len(columns))]
                lines += [_line([shown(row.get(column, "")) for column in columns]) for row in rows]
        return "\n".join(lines) + "\n"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "NO"
    return (
        f"{value:.3g}"
        if isinstance(value, float) and abs(value) < 100
        else f"{value:.0f}"
        if isinstance(value, float)
        else str(value).replace("|", "/")
    )
