"""`translate page`: a page that translates in the browser, as a folder for any web server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from translate.commands.terminal import quiet_onnxruntime, say
from translate.style.catalogue import DEFAULT_STYLE, named_styles


def page(
    output: Annotated[Path, typer.Argument(metavar="OUT", help="the folder to write")],
    style: Annotated[
        list[str] | None,
        typer.Option(
            "--style", "-s", metavar="NAME|FILE", help=f"a style to offer (repeatable) \\[default: {DEFAULT_STYLE}]"
        ),
    ] = None,
    runtime: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="the folder dist of the npm package onnxruntime-web; without it, npm fetches the package",
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace what has the same names there")] = False,
) -> None:
    """Write a page that translates photos in the browser: no server, no upload, and no network once it is loaded.

    Any web server for static files can offer the folder. Exit codes: 2 the command cannot be carried out as given;
    3 a style, or onnxruntime-web, cannot be had.
    """
    from translate.web.static_site import build_site

    quiet_onnxruntime()
    size = build_site(output, named_styles(style or [DEFAULT_STYLE]), runtime=runtime, overwrite=overwrite)
    say(f"wrote {output}, {size / 1e6:.0f} MB; to try it: python -m http.server --bind 127.0.0.1 -d {output}")
