"""`translate watch`: a folder kept translated."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from translate.commands.conversion_options import (
    FILES,
    PICTURE,
    SPEED,
    STYLE,
    Device,
    Effort,
    Format,
    MaxSize,
    Recursive,
    Strength,
    Workers,
)
from translate.commands.terminal import quiet_onnxruntime, say, warn, with_flags
from translate.style.catalogue import DEFAULT_STYLE

if TYPE_CHECKING:
    from translate.convert.watching import Event


def watch(
    folder: Annotated[Path, typer.Argument(metavar="IN", help="the folder of photos and videos")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="OUT", help="the folder for the results", rich_help_panel=FILES)
    ],
    recursive: Recursive = False,
    format: Format = None,
    quality: Annotated[
        int | None, typer.Option(min=1, max=100, help="of JPEG, WebP, AVIF and videos", rich_help_panel=FILES)
    ] = None,
    effort: Effort = "normal",
    suffix: Annotated[str, typer.Option(help="appended to file names: photo-anime.jpg", rich_help_panel=FILES)] = "",
    delete: Annotated[
        bool,
        typer.Option(
            "--delete",
            help="remove the results of files that are removed or renamed while it runs",
            rich_help_panel=FILES,
        ),
    ] = False,
    settle: Annotated[
        float,
        typer.Option(
            min=0.1,
            help="seconds for which a file has to be unchanged to count as copied whole",
            rich_help_panel=FILES,
        ),
    ] = 2.0,
    style: Annotated[
        str,
        typer.Option(
            "--style", "-s", metavar="NAME|FILE", help="a shipped style or an .onnx file", rich_help_panel=STYLE
        ),
    ] = DEFAULT_STYLE,
    domain: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="target domain, as for `translate convert`", rich_help_panel=STYLE),
    ] = None,
    condition: Annotated[
        str | None,
        typer.Option(metavar="TEXT|FILE", help="as for `translate convert`, one", rich_help_panel=STYLE),
    ] = None,
    max_size: MaxSize = None,
    detail: Annotated[
        str | None, typer.Option(metavar="N|full", help="as for `translate convert`", rich_help_panel=PICTURE)
    ] = None,
    strength: Strength = 1.0,
    stabilise: Annotated[
        bool,
        typer.Option("--stabilize", help="reduce flicker in videos and animations", rich_help_panel=PICTURE),
    ] = False,
    device: Device = "auto",
    int8: Annotated[
        bool,
        typer.Option(
            "--int8/--no-int8", help="on CPUs, use the int8 variant of a shipped style", rich_help_panel=SPEED
        ),
    ] = True,
    workers: Workers = None,
) -> None:
    """Keep a folder translated: convert new and changed files as they come, until it is stopped.

    Files that are still being copied are waited for. Started again, it goes on where it stopped. One line per file.
    """
    from translate.convert.conversion import ConvertRequest, read_detail
    from translate.convert.watching import Watcher, wakes, watch_folder
    from translate.style.translator import open_style

    quiet_onnxruntime()
    request = ConvertRequest(
        inputs=[folder],
        output=output,
        style=style,
        domain=domain,
        condition=None if condition is None else [condition],
        recursive=recursive,
        format=format,
        suffix=suffix,
        quality=quality,
        effort=effort,
        max_size=max_size,
        detail=None if detail is None else read_detail(detail),
        strength=strength,
        stabilise=stabilise,
        device=device,
        int8=int8,
        workers=workers,
    )
    watcher = Watcher(request, open_style(style, device=device, int8=int8), settle=settle, delete=delete)
    waking = wakes(folder, recursive=recursive, every=settle / 2)
    say(f"watching {folder}, writing to {output} (Ctrl+C stops it)")
    for event in watch_folder(watcher, waking):
        (say if event.failure is None else warn)(_line(event))


def _line(event: Event) -> str:
    if event.failure is not None:
        return f"failed: {with_flags(event.failure)}"
    if event.removed:
        return f"removed: {event.output}, as {event.source} is gone"
    assert event.result is not None and event.result.size is not None
    width, height = event.result.size
    return f"{event.source} -> {event.output} ({width} x {height}, {event.result.seconds:.2f} s)"
