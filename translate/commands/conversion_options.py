"""The options that the commands for converting have in common, and the panels of their help."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from translate.errors import UserError

FILES, STYLE, PICTURE, SPEED, REPORT = "Input and output", "Style", "Picture", "Speed and memory", "Report"

Format = Annotated[
    str | None,
    typer.Option(
        help="jpg, png, webp, tif, bmp, avif or gif; default: that of the input, a still GIF as PNG",
        rich_help_panel=FILES,
    ),
]
Effort = Annotated[
    Literal["fast", "normal", "small"],
    typer.Option(
        help="trade encoding speed for file size: PNG, WebP, AVIF; with small, JPEG too", rich_help_panel=FILES
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="replace existing files", rich_help_panel=FILES)]
SkipExisting = Annotated[bool, typer.Option("--skip-existing", help="keep existing files", rich_help_panel=FILES)]
OnClash = Annotated[
    Literal["refuse", "number"],
    typer.Option(
        help="of pictures that would become one file, such as a.gif and a.png: number gives a.png and a-2.png",
        rich_help_panel=FILES,
    ),
]
Again = Annotated[
    bool,
    typer.Option("--again", help="take results of this program too, which folders leave out", rich_help_panel=FILES),
]
StripMetadata = Annotated[
    bool,
    typer.Option(
        "--strip-metadata", help="for sharing: without place, date, camera, owner, title", rich_help_panel=FILES
    ),
]
MaxSize = Annotated[
    int | None, typer.Option(min=1, help="scale down to this longest side in pixels first", rich_help_panel=PICTURE)
]
Strength = Annotated[
    float,
    typer.Option(min=0, max=1, help="0 gives the photo, 1 the full style; mixed at full size", rich_help_panel=PICTURE),
]
Recursive = Annotated[
    bool, typer.Option("--recursive", "-r", help="include subfolders, kept in the output", rich_help_panel=FILES)
]
Devices = Annotated[
    str,
    typer.Option(
        "--device", "-d", help="auto, cpu, cuda, cuda:N, several as cuda:0,cuda:1, or cuda:all", rich_help_panel=SPEED
    ),
]
Batch = Annotated[
    int, typer.Option(min=1, help="pictures of equal size translated at a time, on each GPU", rich_help_panel=SPEED)
]
TensorRT = Annotated[
    bool,
    typer.Option(
        "--tensorrt", help="use TensorRT on GPUs: each new size of picture first takes minutes", rich_help_panel=SPEED
    ),
]
GpuJpeg = Annotated[
    bool,
    typer.Option(
        "--gpu-jpeg",
        help="decode and encode JPEG on the GPU, where it takes them; others as usual",
        rich_help_panel=SPEED,
    ),
]
CudaGraphs = Annotated[
    bool,
    typer.Option(
        "--cuda-graphs", help="record and replay what GPUs do for each size of picture", rich_help_panel=SPEED
    ),
]
Device = Annotated[str, typer.Option("--device", "-d", help="auto, cpu, cuda or cuda:N", rich_help_panel=SPEED)]
Workers = Annotated[
    int | None, typer.Option(min=1, help="pictures decoded and encoded in parallel", rich_help_panel=SPEED)
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", "-n", help="list inputs and outputs, write nothing", rich_help_panel=REPORT)
]
AsJson = Annotated[bool, typer.Option("--json", help="report as JSON on standard output", rich_help_panel=REPORT)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="only report failures", rich_help_panel=REPORT)]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="print a line per picture", rich_help_panel=REPORT)]


def refuse_two_reports(*, as_json: bool, output: str | None) -> None:
    """Raise ``UserError`` where report and result would share standard output."""
    if as_json and output == "-":
        raise UserError("--json and --output - both write to standard output; name an output file")
