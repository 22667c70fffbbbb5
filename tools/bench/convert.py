"""Measure conversion: its speed against that of the network only, its time and its memory.

    python -m tools.bench.convert PHOTOS [CHECK...] [--runs 3] [--plain 24]

PHOTOS is a folder of photos of about one size, such as the 24 of the Kodak set. CHECK, by default all, are:

    throughput  JPEG to JPEG, against only onnxruntime on arrays in memory, with as many threads, without start-up;
                medians of five times as many turns
    folder      a folder of PNG to JPEG, the whole process, against PyTorch and AnimeGANv2's generator, file by file
    photo       one photo, the whole process, and where its time goes
    many        2000 small photos: memory, and resuming an interrupted run
    large       a picture of 200 megapixels: memory; and tiles against the whole picture
    video       ten seconds of 720p with sound
    ray         the same bytes with Ray, also if a worker is killed (tests/convert/ray/test_engine.py does the killing)
    gpu         throughput on the GPU, against only onnxruntime, and against only decoding and encoding

Whole processes are timed from outside; medians of ``--runs``. The style is the default one.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tools.bench.convert_limits import check_large, check_many, check_ray, check_video
from tools.bench.convert_speed import bench_folder, bench_gpu, bench_photo, bench_throughput
from translate.storage.folders import find_images

Rows = list[tuple[str, str]]
CHECKS: dict[str, Callable[..., Rows]] = {
    "throughput": bench_throughput,
    "folder": bench_folder,
    "photo": bench_photo,
    "many": check_many,
    "large": check_large,
    "video": check_video,
    "ray": check_ray,
    "gpu": bench_gpu,
}


def main(
    photos: Annotated[Path, typer.Argument(help="folder of photos of about one size")],
    checks: Annotated[list[str] | None, typer.Argument(help="what to measure; default: all")] = None,
    runs: Annotated[int, typer.Option(min=1, help="runs of each whole process; the median counts")] = 3,
    plain: Annotated[int, typer.Option(min=1, help="photos for the plain PyTorch loop; the rest is extrapolated")] = 24,
) -> None:
    unknown = sorted(set(checks or ()) - set(CHECKS))
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}: choose from {', '.join(CHECKS)}")
    found = find_images(photos, recursive=False)
    table = Table(title=f"{len(found)} photos, {os.cpu_count()} cores")
    table.add_column("check")
    table.add_column("metric")
    table.add_column("", justify="right")
    console = Console(stderr=True)
    for name in checks or CHECKS:
        console.print(f"{name} ...")
        with tempfile.TemporaryDirectory() as folder:
            for number, (metric, value) in enumerate(CHECKS[name](found, Path(folder), runs=runs, plain=plain)):
                table.add_row(name if number == 0 else "", metric, value)
        table.add_section()
    Console(width=None if sys.stdout.isatty() else 120).print(table)


if __name__ == "__main__":
    typer.run(main)
