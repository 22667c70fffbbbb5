"""What the commands that write a page have in common."""

from __future__ import annotations

from pathlib import Path

from translate.errors import UserError

PAGE_SUFFIXES = (".html", ".htm")


def require_page_name(output: Path | None) -> None:
    """Raise ``UserError`` for the name of something else than a page."""
    if output is not None and output.suffix.lower() not in PAGE_SUFFIXES:
        raise UserError(f"--output {output}: give a name that ends in .html")
