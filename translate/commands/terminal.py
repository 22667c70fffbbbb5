"""What the commands have in common: lines for the terminal, names of pages."""

from __future__ import annotations

from pathlib import Path

import typer

from translate.errors import UserError, printable


def say(text: str) -> None:
    """A line on standard error."""
    typer.echo(printable(text), err=True)


PAGE_SUFFIXES = (".html", ".htm")


def require_page_name(output: Path | None) -> None:
    """Raise ``UserError`` for the name of something else than a page."""
    if output is not None and output.suffix.lower() not in PAGE_SUFFIXES:
        raise UserError(f"--output {output}: give a name that ends in .html")
