"""`translate data`: check training pictures before a long run."""

from __future__ import annotations

import math
from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer

from translate.commands.terminal import flag
from translate.errors import ExitCode, PictureError, UserError, printable

data_app = typer.Typer(help="Check training pictures.", no_args_is_help=True)


@data_app.command()
def check(
    data: Annotated[Path | None, typer.Option(help="folder of pictures with A and B side by side")] = None,
    a: Annotated[Path | None, typer.Option("--a", help="folder of the A side")] = None,
    b: Annotated[Path | None, typer.Option("--b", help="folder of the B side")] = None,
    unpaired: Annotated[bool, typer.Option("--unpaired", help="--a and --b are not pairs")] = False,
    domains: Annotated[Path | None, typer.Option(help="folder with a subfolder of pictures per domain")] = None,
    images: Annotated[Path | None, typer.Option(help="folder of pictures that --attributes describes")] = None,
    attributes: Annotated[Path | None, typer.Option(help="table: file names, 0/1 columns; or CelebA's format")] = None,
    columns: Annotated[str, typer.Option(help="attributes to use, separated by commas; empty: all 0/1 columns")] = "",
    scale: Annotated[
        int, typer.Option(min=1, help="for a generator that enlarges: B is this many times as high and wide as A")
    ] = 1,
) -> None:
    """Report unmatched, unreadable, mismatched and missing pictures, and folders with too few; exit code 1 if any.

    Problems go to standard output; a summary and the skipped columns of a table go to standard error.
    """
    from translate.data.attributes import match_attributes
    from translate.data.check import measure
    from translate.data.pairing import (
        LabelledPictures,
        PairedFolders,
        Size,
        UnpairedFolders,
        find_domains,
        find_unpaired,
        match_pairs,
    )

    found: PairedFolders | UnpairedFolders | LabelledPictures
    match data, a, b, domains, images, attributes, unpaired, columns:
        case Path(), None, None, None, None, None, False, "":
            found = match_pairs(data=data)
        case None, Path(), Path(), None, None, None, _, "":
            found = find_unpaired(a, b) if unpaired else match_pairs(a=a, b=b)
        case None, None, None, Path(), None, None, False, "":
            found = find_domains(domains)
        case None, None, None, None, Path(), Path(), False, _:
            found = match_attributes(images, attributes, columns=columns)
        case _:
            raise UserError(
                "give --data DIR (A and B side by side), or --a DIR and --b DIR (with --unpaired: not pairs), or "
                "--domains DIR (a folder per domain), or --images DIR and --attributes TABLE, optionally with --columns"
            )

    problems = 0

    def report(problem: str) -> None:
        nonlocal problems
        problems += 1
        typer.echo(printable(problem))

    for problem in found.problems:
        report(problem)
    sizes: dict[Path, Size] = {}
    for path, size in measure(found.files):
        if isinstance(size, PictureError):
            report(size.described(flag))
        else:
            sizes[path] = size
    if isinstance(found, PairedFolders):
        for problem in found.mismatches(sizes, scale=scale):
            report(problem)
    if isinstance(found, LabelledPictures):
        for column in found.skipped:
            typer.echo(f"skipped {printable(column)}", err=True)
    typer.echo(printable(f"{found.summary()}; {describe_sizes(sizes.values())}{problems} problems"), err=True)
    if problems:
        raise typer.Exit(ExitCode.SOME_FAILED)


def describe_sizes(sizes: Collection[tuple[int, int]]) -> str:
    """``40x36 pixels; `` or ``40x36 to 64x64 pixels; ``, by area; empty without sizes."""
    if not sizes:
        return ""
    smallest, largest = (f"{w}x{h}" for w, h in (choose(sizes, key=math.prod) for choose in (min, max)))
    return f"{smallest} pixels; " if smallest == largest else f"{smallest} to {largest} pixels; "


@data_app.callback()
def checks() -> None:
    """Keep `check` a subcommand while there is only one."""
