"""`translate convert`: pictures in, translated pictures out."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from translate.commands.conversion_options import (
    FILES,
    PICTURE,
    SPEED,
    STYLE,
    Again,
    AsJson,
    Batch,
    CudaGraphs,
    Devices,
    DryRun,
    Effort,
    Format,
    GpuJpeg,
    MaxSize,
    OnClash,
    Overwrite,
    Quiet,
    Recursive,
    SkipExisting,
    Strength,
    StripMetadata,
    TensorRT,
    Verbose,
    Workers,
    refuse_two_reports,
)
from translate.commands.convert_report import run_and_report, say_remark, show_plan
from translate.commands.run_styles import style_file_of
from translate.commands.terminal import quiet_onnxruntime
from translate.style.catalogue import DEFAULT_STYLE


def convert(
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
            help="a file, a folder, or - for standard output; default: beside the photo",
            rich_help_panel=FILES,
        ),
    ] = None,
    style: Annotated[
        str,
        typer.Option(
            "--style",
            "-s",
            "--model",
            "-m",
            metavar="NAME|FILE|RUN",
            help="a shipped style, an .onnx file, or a training run, which is exported first",
            rich_help_panel=STYLE,
        ),
    ] = DEFAULT_STYLE,
    domain: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="target domain, for a style with domains (`translate models info` lists them); if they are "
            "attributes, repeat the option for each one to set: the others are cleared, '' clears all",
            rich_help_panel=STYLE,
        ),
    ] = None,
    all_domains: Annotated[
        bool,
        typer.Option(
            "--all-domains",
            help="one output per domain, named after it: photo_blond_hair.jpg",
            rich_help_panel=STYLE,
        ),
    ] = False,
    condition: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT|FILE",
            help="what the result is to show, for a style with a condition: attributes as night, fog=0.5, a class, "
            "words, or a file (repeatable: a result for each)",
            rich_help_panel=STYLE,
        ),
    ] = None,
    format: Format = None,
    quality: Annotated[
        int | None, typer.Option(min=1, max=100, help="of JPEG, WebP, AVIF and videos", rich_help_panel=FILES)
    ] = None,
    effort: Effort = "normal",
    suffix: Annotated[
        str, typer.Option(help="appended to file names in an output folder: photo-anime.jpg", rich_help_panel=FILES)
    ] = "",
    overwrite: Overwrite = False,
    skip_existing: SkipExisting = False,
    on_clash: OnClash = "refuse",
    recursive: Recursive = False,
    again: Again = False,
    strip_metadata: StripMetadata = False,
    max_size: MaxSize = None,
    detail: Annotated[
        str | None,
        typer.Option(
            metavar="N|full",
            help="translate larger pictures at this longest side in pixels, from 64, and enlarge the results: fewer "
            "give broader strokes; full: translate them at their own size; default: what the style was made for",
            rich_help_panel=PICTURE,
        ),
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="photo and result side by side in one picture", rich_help_panel=PICTURE)
    ] = False,
    strength: Strength = 1.0,
    stabilise: Annotated[
        bool,
        typer.Option(
            "--stabilize",
            help="reduce flicker in videos and animations where the original is still",
            rich_help_panel=PICTURE,
        ),
    ] = False,
    device: Devices = "auto",
    batch: Batch = 8,
    tensorrt: TensorRT = False,
    cuda_graphs: CudaGraphs = False,
    gpu_jpeg: GpuJpeg = False,
    int8: Annotated[
        bool,
        typer.Option(
            "--int8/--no-int8",
            help="use a shipped style's faster variant: int8 on CPUs, twice as fast; fp16 on GPUs",
            rich_help_panel=SPEED,
        ),
    ] = True,
    tile: Annotated[
        int | None,
        typer.Option(
            min=0, help="tile size in pixels, 0: no tiles; default: tiles for large pictures", rich_help_panel=SPEED
        ),
    ] = None,
    memory: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="memory limit in MB for translating a picture: it is tiled to fit, or refused",
            rich_help_panel=SPEED,
        ),
    ] = None,
    max_pixels: Annotated[
        int | None,
        typer.Option(min=1, help="refuse pictures with more pixels; default: 200 million", rich_help_panel=SPEED),
    ] = None,
    workers: Workers = None,
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option(help="this machine, or a Ray cluster (at RAY_ADDRESS, else a new one)", rich_help_panel=SPEED),
    ] = "local",
    cpus_per_worker: Annotated[
        int | None,
        typer.Option(min=1, help="with --engine ray: cores per worker without GPU; default: 4", rich_help_panel=SPEED),
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Translate pictures and videos. Each keeps its size, transparency, EXIF and sound.

    Exit codes: 1 a picture failed, the others are done; 2 the command cannot be carried out as given; 3 the style or
    the device cannot be used.
    """
    refuse_two_reports(as_json=as_json, output=output)

    from translate.convert.conversion import ConvertRequest, plan_only, prepare, read_detail
    from translate.media.images import MAX_PIXELS
    from translate.style.devices import GpuOptions

    quiet_onnxruntime()
    with style_file_of(style) as file:
        request = ConvertRequest(
            inputs=inputs,
            output=output,
            style=file,
            domain=domain,
            all_domains=all_domains,
            condition=condition,
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
            max_size=max_size,
            detail=None if detail is None else read_detail(detail),
            compare=compare,
            strength=strength,
            stabilise=stabilise,
            max_pixels=max_pixels or MAX_PIXELS,
            device=device,
            gpu_jpeg=gpu_jpeg,
            gpu=GpuOptions(batch=batch, tensorrt=tensorrt, cuda_graphs=cuda_graphs),
            int8=int8,
            tile=tile,
            memory=memory,
            workers=workers,
            ray=engine == "ray",
            cpus_per_worker=cpus_per_worker,
        )
        if dry_run:
            show_plan(plan_only(request, on_remark=say_remark), as_json=as_json)
            return
        run_and_report(
            prepare(request, on_remark=say_remark),
            style,
            tell_device=device == "auto" and engine == "local",
            as_json=as_json,
            quiet=quiet,
            verbose=verbose,
        )
