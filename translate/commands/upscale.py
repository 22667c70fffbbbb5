"""`translate upscale`: drawn pictures in, larger ones out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from translate.commands.convert_report import run_and_report, show_plan
from translate.commands.terminal import quiet_onnxruntime
from translate.errors import UserError

# the panels of the help
FILES, PICTURE, SPEED, REPORT = "Input and output", "Picture", "Speed and memory", "Report"


def upscale(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUT", help="pictures, folders, glob patterns, or - for standard input"),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="a file, a folder, or - for standard output; default: beside the picture",
            rich_help_panel=FILES,
        ),
    ] = None,
    scale: Annotated[
        int, typer.Option(min=2, max=4, help="how many times as high and wide", rich_help_panel=PICTURE)
    ] = 2,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model",
            "-m",
            metavar="FILE",
            help="an .onnx file of your own that enlarges; default: the included one",
            rich_help_panel=PICTURE,
        ),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            help="jpg, png, webp, tif, bmp, avif or gif; default: that of the input, a still GIF as PNG",
            rich_help_panel=FILES,
        ),
    ] = None,
    quality: Annotated[
        int | None, typer.Option(min=1, max=100, help="of JPEG, WebP and AVIF", rich_help_panel=FILES)
    ] = None,
    effort: Annotated[
        Literal["fast", "normal", "small"],
        typer.Option(
            help="trade encoding speed for file size: PNG, WebP, AVIF; with small, JPEG too", rich_help_panel=FILES
        ),
    ] = "normal",
    suffix: Annotated[
        str, typer.Option(help="appended to file names in an output folder: photo-large.jpg", rich_help_panel=FILES)
    ] = "",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="replace existing files", rich_help_panel=FILES)
    ] = False,
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="keep existing files", rich_help_panel=FILES)
    ] = False,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="include subfolders, kept in the output", rich_help_panel=FILES)
    ] = False,
    device: Annotated[
        str, typer.Option("--device", "-d", help="auto, cpu, cuda or cuda:N", rich_help_panel=SPEED)
    ] = "auto",
    max_pixels: Annotated[
        int | None,
        typer.Option(min=1, help="refuse results with more pixels; default: 200 million", rich_help_panel=SPEED),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="pictures decoded and encoded in parallel", rich_help_panel=SPEED)
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="list inputs and outputs, write nothing", rich_help_panel=REPORT)
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="report as JSON on standard output", rich_help_panel=REPORT)
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="only report failures", rich_help_panel=REPORT)] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="print a line per picture", rich_help_panel=REPORT)
    ] = False,
) -> None:
    """Enlarge drawn pictures, keeping their lines crisp. Each keeps its transparency and EXIF.

    Exit codes: 1 a picture failed, the others are done; 2 the command cannot be carried out as given; 3 the network or
    the device cannot be used.
    """
    if quiet and verbose:
        raise UserError("--quiet and --verbose exclude each other")
    if as_json and output == "-":
        raise UserError("--json and --output - both write to standard output; name an output file")

    from translate.convert.conversion import ConvertRequest
    from translate.convert.upscaling import plan_upscaling, prepare_upscaling
    from translate.media.images import MAX_PIXELS

    quiet_onnxruntime()
    request = ConvertRequest(
        inputs=inputs,
        output=output,
        recursive=recursive,
        format=format,
        suffix=suffix,
        overwrite=overwrite,
        skip_existing=skip_existing,
        quality=quality,
        effort=effort,
        max_pixels=max_pixels or MAX_PIXELS,
        device=device,
        workers=workers,
    )
    if dry_run:
        show_plan(plan_upscaling(request, model=model), as_json=as_json, quiet=quiet)
        return
    conversion = prepare_upscaling(request, scale=scale, model=model)
    name = "upscale" if model is None else str(model)
    run_and_report(conversion, name, tell_device=device == "auto", as_json=as_json, quiet=quiet, verbose=verbose)
