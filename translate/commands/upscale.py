"""`translate upscale`: drawn pictures and videos in, larger ones out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from translate.commands.conversion_options import (
    FILES,
    PICTURE,
    SPEED,
    Again,
    AsJson,
    Device,
    DryRun,
    Effort,
    Format,
    OnClash,
    Overwrite,
    Quiet,
    Recursive,
    SkipExisting,
    StripMetadata,
    Verbose,
    Workers,
    refuse_two_reports,
)
from translate.commands.convert_report import run_and_report, say_remark, show_plan
from translate.commands.terminal import quiet_onnxruntime


def upscale(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUT", help="pictures, videos, folders, glob patterns, or - for standard input"),
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
    format: Format = None,
    quality: Annotated[
        int | None, typer.Option(min=1, max=100, help="of JPEG, WebP, AVIF and videos", rich_help_panel=FILES)
    ] = None,
    effort: Effort = "normal",
    suffix: Annotated[
        str, typer.Option(help="appended to file names in an output folder: photo-large.jpg", rich_help_panel=FILES)
    ] = "",
    overwrite: Overwrite = False,
    skip_existing: SkipExisting = False,
    on_clash: OnClash = "refuse",
    recursive: Recursive = False,
    again: Again = False,
    strip_metadata: StripMetadata = False,
    device: Device = "auto",
    max_pixels: Annotated[
        int | None,
        typer.Option(min=1, help="refuse results with more pixels; default: 200 million", rich_help_panel=SPEED),
    ] = None,
    workers: Workers = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Enlarge drawn pictures and videos, keeping their lines crisp.

    Pictures keep their transparency and EXIF, videos their sound and times; an interrupted video is resumed.

    Exit codes: 1 a picture failed, the others are done; 2 the command cannot be carried out as given; 3 the network or
    the device cannot be used.
    """
    refuse_two_reports(as_json=as_json, output=output)

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
        on_clash=on_clash,
        again=again,
        strip_metadata=strip_metadata,
        quality=quality,
        effort=effort,
        max_pixels=max_pixels or MAX_PIXELS,
        device=device,
        workers=workers,
    )
    if dry_run:
        jobs = plan_upscaling(request, model=model, on_remark=say_remark)
        show_plan(jobs, as_json=as_json)
        return
    conversion = prepare_upscaling(request, scale=scale, model=model, on_remark=say_remark)
    name = "upscale" if model is None else str(model)
    run_and_report(conversion, name, tell_device=device == "auto", as_json=as_json, quiet=quiet, verbose=verbose)
