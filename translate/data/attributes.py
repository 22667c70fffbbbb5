"""Attribute tables: which pictures of a folder show a smile, brown hair or a night scene."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from translate.data.pairing import MIN_PICTURES, LabelledPictures
from translate.errors import UserError, one_line

FILE_COLUMNS = ("filename", "file", "image", "path")  # headers of the file-name column; by default the first one
YES, NO, CELEBA_NO = "1", "0", "-1"
MAX_LISTED = 3  # files named in a problem; the rest are only counted


class Row(NamedTuple):
    """One picture's line in a table."""

    line: int  # line number in the file, from 1
    file: str  # relative to the folder of pictures
    values: list[str]


class Table(NamedTuple):
    """The contents of a table, as text."""

    columns: list[str]  # without that of the file names
    rows: list[Row]


def read_table(path: Path) -> Table:
    """Read a table with a header, separated by commas, semicolons or tabs, or one in CelebA's text format.

    CelebA's format has the number of pictures on the first line, the attribute names on the second, then one picture
    per line: its file name and its values, separated by spaces. Raises ``UserError`` for any other file.
    """
    try:
        return _parse(path.read_text(encoding="utf-8-sig"), path)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: cannot be read as a table: {one_line(error)}") from error


def _parse(text: str, path: Path) -> Table:
    records = ((line, fields) for line, fields in _records(text) if any(fields))
    _, header = next(records, (1, []))
    if len(header) < 2 or len(set(header)) < len(header) or {"", YES, NO, CELEBA_NO} & set(header):
        raise UserError(f"{path}: the first line has to be a header: two columns or more, with distinct names")
    file_column = next((index for index, name in enumerate(header) if name.lower() in FILE_COLUMNS), 0)
    rows = []
    for line, fields in records:
        if len(fields) != len(header):
            raise UserError(f"{path}, line {line}: holds {len(fields)} values for {len(header)} columns")
        file = fields.pop(file_column)
        rows.append(Row(line, file, [sys.intern(value) for value in fields]))  # millions, few distinct
    if not rows:
        raise UserError(f"{path}: lists no pictures")
    return Table([*header[:file_column], *header[file_column + 1 :]], rows)


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and values of each line, the header first."""
    lines = text.split("\n")
    if lines[0].strip().isdecimal() and len(lines) > 1:  # CelebA's
        yield 2, [FILE_COLUMNS[0], *lines[1].split()]
        for number, line in enumerate(lines[2:], start=3):
            yield number, line.split()
        return
    names = next((line for line in lines if line.strip()), "")
    reader = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=names.count), strict=True)
    for fields in reader:
        yield reader.line_num, [value.strip() for value in fields]


def match_attributes(images: Path, table: Path, *, columns: str = "") -> LabelledPictures:
    """The pictures in ``images`` that ``table`` lists, labelled by ``columns``: comma-separated names, order kept.

    A usable column holds 0 and 1, or -1 and 1, each for at least two pictures. Empty ``columns`` means all usable ones;
    the others are listed as ``skipped``. Problems are requested columns that cannot be used, and pictures that are
    missing or listed twice. Raises ``UserError`` for a table that cannot be read and for unknown columns.
    """
    if not images.is_dir():
        raise UserError(f"{images}: no such folder")
    found = read_table(table)
    asked = [name.strip() for name in columns.split(",") if name.strip()]
    unknown = [name for name in asked if name not in found.columns]
    if unknown:
        raise UserError(f"<columns> {', '.join(unknown)}: {table} has {', '.join(found.columns)}")

    domains, labels, unusable = [], [], []
    for name in dict.fromkeys(asked or found.columns):
        column, problem = _column(found, name)
        if problem is None:
            domains.append(name)
            labels.append(column)
        else:
            unusable.append(f"{table}: column {name}: {problem}")
    problems = unusable if asked else []
    if not domains and not problems:
        problems = [f"{table}: has no column of 0 and 1 with at least {MIN_PICTURES} pictures of each"]
    problems += _duplicates(table, found.rows)

    present = [(images / row.file).is_file() for row in found.rows]
    missing = [row.file for row, here in zip(found.rows, present, strict=True) if not here]
    if missing:
        named = ", ".join(missing[:MAX_LISTED])
        problems.append(f"{table}: lists pictures that are not in {images}: {named} ({len(missing)} in all)")
    return LabelledPictures(
        domains,
        [images / row.file for row, here in zip(found.rows, present, strict=True) if here],
        np.array(labels, np.float32).reshape(len(domains), len(found.rows)).T[present],
        problems,
        skipped=[] if asked else unusable,
    )


def _column(table: Table, name: str) -> tuple[NDArray[np.bool_], str | None]:
    """The column as booleans, and why it cannot be used; None where it can."""
    index = table.columns.index(name)
    values = [row.values[index] for row in table.rows]
    kinds = set(values)
    no = NO if NO in kinds else CELEBA_NO  # never both: next to 0, some tables write -1 for unknown
    yes = np.array([value == YES for value in values])
    if kinds - {YES, no}:
        row, value = next(pair for pair in zip(table.rows, values, strict=True) if pair[1] not in (YES, no))
        return yes, f"line {row.line}, {row.file}: {value!r} is neither 0 nor 1"
    fewest = min(int(yes.sum()), int((~yes).sum()))
    if fewest < MIN_PICTURES:
        return yes, f"is 1 for {yes.sum()} of {len(yes)} pictures; training needs at least {MIN_PICTURES} of each value"
    return yes, None


def _duplicates(table: Path, rows: Sequence[Row]) -> list[str]:
    first: dict[str, int] = {}
    return [
        f"{table}: line {row.line}: {row.file} is already on line {first[row.file]}"
        for row in rows
        if first.setdefault(row.file, row.line) != row.line
    ]
