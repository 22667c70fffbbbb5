"""`translate data`: look at training folders before a long run does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from translate.errors import ExitCode

data_app = typer.Typer(help="Look at training folders.", no_args_is_help=True)


@data_app.command()
def check(
    data: Annotated[Path | None, typer.Option(help="folder of AB pictures, A and B side by side")] = None,
    a: Annotated[Path | None, typer.Option("--a", help="folder of the A side")] = None,
    b: Annotated[Path | None, typer.Option("--b", help="folder of the B side")] = None,
) -> None:
    """Report unmatched, unreadable and mismatched pictures by name; exit 1 if there is any."""
    from translate.folders import check_pairs, match_pairs

    found = match_pairs(data=data, a=a, b=b)
    problems = 0
    for problem in (*found.problems, *check_pairs(found.pairs)):
        typer.echo(problem)
        problems += 1
    typer.echo(f"{len(found.pairs)} pairs, {problems} problems", err=True)
    if problems:
        raise typer.Exit(ExitCode.SOME_FAILED)


@data_app.callback()
def checks() -> None:
    """Keep `check` a subcommand while there is only one."""
