"""`translate sample --condition`: what was asked for, and a sheet that names it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from translate.commands.terminal import warn

if TYPE_CHECKING:
    from translate.style.conditions import Wanted
    from translate.style.sampler import Conditioned, Sampler

PER_ROW = 8  # pictures of each condition in a grid


def wanted_rows(sampler: Sampler, conditions: Sequence[str], sweep: str | None) -> list[Wanted]:
    """The conditions asked for, after warnings of what captions lose."""
    from translate.convert.conditions import remarks_on, wanted

    rows = wanted(sampler.info.conditions, conditions, sweep)
    for remark in remarks_on(sampler.info.conditions, [*conditions, *(row.title for row in rows)]):
        warn(f"{sampler.info.title}: {remark}")
    return rows


def write_rows(
    drawn: Sequence[Conditioned], rows: Sequence[Wanted], output: Path, seeds: Sequence[int], truncation: float | None
) -> None:
    """A sheet with the pictures of each condition, of the same noise, above its name."""
    from translate.convert.sampling import grid, write_still
    from translate.media.sheet import Cell, draw_sheet

    cells = [
        [Cell(grid(each.pictures(seeds, truncation=truncation), columns=PER_ROW), [row.title])]
        for each, row in zip(drawn, rows, strict=True)
    ]
    write_still(output, draw_sheet(cells, least_width=320))
