"""`translate models`: the styles, how they look, the metadata of their files; `style_store` has what passes them on."""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from translate.commands import style_store
from translate.commands.inline_picture import escape_codes, protocol_of
from translate.commands.run_styles import style_file_of
from translate.commands.terminal import Command, quiet_onnxruntime, say
from translate.errors import UserError, printable
from translate.style.catalogue import find_style, list_styles

models_app = typer.Typer(help="List, inspect, fetch and pass on styles.", no_args_is_help=True)

for _subcommand in (style_store.pull, style_store.remove, style_store.verify, style_store.pack):
    models_app.command(cls=Command)(_subcommand)

AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]


@models_app.command("list", cls=Command)
def list_command(as_json: AsJson = False, index: style_store.Index = None) -> None:
    """List the styles, shipped and pulled: name, title, size, licence, domains; with --index, those it offers."""
    if index is not None:
        from translate.style.index import read_index

        offered = [asdict(entry) for entry in read_index(index).values() if entry.url is not None]
        styles = [{**entry, "domains": []} for entry in offered]
    else:
        styles = [{"name": name, **_describe(path)} for name, path in list_styles().items()]
    if as_json:
        typer.echo(json.dumps(styles, indent=2))
        return
    rows = [
        [
            printable(cell)
            for cell in (
                style["name"],
                style["title"],
                f"{style['bytes'] / 1e6:.1f} MB",
                style["licence"],
                ", ".join(style["domains"]) or _condition(style),
            )
        ]
        for style in styles
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@models_app.command(cls=Command)
def info(
    style: Annotated[str, typer.Argument(help="the name of a style, an .onnx file or a training run")],
    as_json: AsJson = False,
) -> None:
    """Show all metadata of a style, and its inputs and outputs."""
    with style_file_of(style) as file:
        described = _describe(find_style(file))
    if as_json:
        typer.echo(json.dumps(described, indent=2))
        return
    for key, value in described.items():
        typer.echo(f"{key}: {printable(_as_text(value))}")


@models_app.command(cls=Command)
def preview(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO...", help="photos to show")],
    styles: Annotated[
        list[str] | None,
        typer.Option("--style", "-s", metavar="NAME|FILE|RUN", help="a style to show (repeatable); default: all"),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="a picture to write; default: show it in this terminal"),
    ] = None,
    side: Annotated[int, typer.Option(min=16, max=2048, help="longest side of a picture on the sheet, pixels")] = 384,
) -> None:
    """Show photos in every style, on one sheet.

    Exit codes: 1 a photo cannot be used; 2 the command cannot be carried out as given; 3 a style cannot be used.
    """
    from translate.convert.preview import draw_styles
    from translate.media.formats import format_of_suffix
    from translate.media.images import Picture, encode_picture
    from translate.storage.atomic import write_atomically

    quiet_onnxruntime()
    protocol = protocol_of(os.environ) if sys.stdout.isatty() else None
    if output is None and protocol is None:
        raise UserError("this terminal shows no pictures; give --output FILE")
    format = "PNG" if output is None else format_of_suffix(output.suffix)
    if format is None:
        raise UserError(f"--output {output}: give the name of a picture, such as sheet.png")
    with ExitStack() as stack:
        files = {name: stack.enter_context(style_file_of(name)) for name in styles or ()}
        chosen = {name: find_style(file) for name, file in files.items()} or list_styles()
        sheet = encode_picture(Picture(draw_styles(photos, chosen, side=side)), format)
    if output is not None:
        write_atomically(output, sheet)
        say(f"wrote {output}")
    elif protocol is not None:
        typer.echo(escape_codes(sheet, protocol))


def _condition(style: dict[str, Any]) -> str:
    from translate.style.conditions import ConditionInfo

    return f"condition: {ConditionInfo.from_json(style['condition']).advice}" if style.get("condition") else ""


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _describe(path: Path) -> dict[str, Any]:
    from translate.style.contract import ContractError
    from translate.style.sampler import read_sampler_contract
    from translate.style.sampler_contract import KIND, SAMPLER
    from translate.style.session import metadata_of, open_session, read_contract

    quiet_onnxruntime()
    session = open_session(path, ["CPUExecutionProvider"], optimise=False)
    try:
        kind = metadata_of(session).get(KIND)
    except ContractError:  # which `read_contract` explains
        kind = None
    read = read_sampler_contract if kind == SAMPLER else read_contract
    ends = {"inputs": session.get_inputs(), "outputs": session.get_outputs()}
    return {
        "file": str(path),
        "bytes": path.stat().st_size,
        **asdict(read(session, path)),
        **{
            end: [{"name": port.name, "type": port.type, "shape": port.shape} for port in ports]
            for end, ports in ends.items()
        },
    }
