"""`translate models`: the shipped styles, and the metadata of style files."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from translate.commands.terminal import quiet_onnxruntime
from translate.errors import printable
from translate.style.catalogue import find_style, list_styles

models_app = typer.Typer(help="List and inspect styles.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]


@models_app.command("list")
def list_command(as_json: AsJson = False) -> None:
    """List the shipped styles: name, title, size, licence and domains."""
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
                ", ".join(style["domains"]),
            )
        ]
        for style in styles
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@models_app.command()
def info(
    style: Annotated[str, typer.Argument(help="a shipped style or an .onnx file")], as_json: AsJson = False
) -> None:
    """Show all metadata of a style, and its inputs and outputs."""
    described = _describe(find_style(style))
    if as_json:
        typer.echo(json.dumps(described, indent=2))
        return
    for key, value in described.items():
        typer.echo(f"{key}: {printable(_as_text(value))}")


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _describe(path: Path) -> dict[str, Any]:
    from translate.style.session import open_session, read_contract

    quiet_onnxruntime()
    session = open_session(path, ["CPUExecutionProvider"], optimise=False)
    ends = {"inputs": session.get_inputs(), "outputs": session.get_outputs()}
    return {
        "file": str(path),
        "bytes": path.stat().st_size,
        **asdict(read_contract(session, path)),
        **{
            end: [{"name": port.name, "type": port.type, "shape": port.shape} for port in ports]
            for end, ports in ends.items()
        },
    }
