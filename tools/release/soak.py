"""Run a long training and a conversion of many small files, and check that no resource use grows. Linux only.

    python -m tools.release.soak [train] [convert] [--steps 5000] [--files 20000]

Each is a separate command, watched from outside together with its child processes: resident memory, open files and
threads, twice per second. The median of the last quarter of the time is compared with that of the second quarter; the
first is ignored, as caches, thread pools and the allocator fill up then. Memory may grow by 5 %, open files and threads
by 2, as they fluctuate. Training's own log of its main process must pass too. The exit status is 1 if anything grew.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image
from rich.console import Console
from rich.table import Table

from translate.machine import resources_in_use

METRICS: dict[str, Callable[[float], float]] = {  # metric -> the largest value that does not count as growth
    "memory_mb": lambda before: 1.05 * before,
    "open_files": lambda before: before + 2,
    "threads": lambda before: before + 2,
}
SHOWN = 8  # rows per table
Sample = dict[str, float]


def draw(folder: Path, count: int, side: int) -> list[Path]:
    """Write ``count`` different small pictures, of ``side`` pixels, and return their paths."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    paths = [folder / f"{number:05d}.jpg" for number in range(count)]
    for path in paths:
        noise = Image.fromarray(random.integers(0, 256, (side // 8, side // 8, 3), np.uint8))
        noise.resize((side, side), Image.Resampling.BICUBIC).save(path, quality=90)
    return paths


def train_command(folder: Path, steps: int) -> list[str]:
    a, b = (draw(folder / name, 16, 64)[0].parent for name in "ab")
    every = ["--log-every", str(max(steps // 100, 1))]
    for name in ("save", "sample"):
        every += [f"--{name}-every", str(max(steps // 10, 1))]
    networks = [
        "--generator-options",
        "channels=4",
        "--generator-options",
        "wide_channels=8",
        "--discriminator-options",
        "channels=4",
    ]
    return [
        *("train", "pix2pix", "--a", str(a), "--b", str(b), "--out", str(folder / "run"), "--steps", str(steps)),
        *("--preset", "filter", "--crop", "32", "--batch-size", "1", "--val-samples", "2", "--workers", "1"),
        *(*every, *networks),
    ]


def convert_command(folder: Path, files: int) -> list[str]:
    (folder / "photos").mkdir()
    for number, drawn in enumerate(draw(folder / "drawn", 50, 64)):
        for copy in range(number, files, 50):
            os.link(drawn, folder / "photos" / f"{copy:06d}.jpg")
    return ["convert", str(folder / "photos"), "-o", str(folder / "out"), "--json"]


def process_tree(process: int) -> list[int]:
    """The ids of ``process`` and its descendants."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):  # it has ended in the meantime
            continue
    found = [process]
    for one in found:  # the list grows during iteration
        found += [child for child, parent in parents.items() if parent == one]
    return found


def watch(command: Sequence[str], log: Path) -> list[Sample]:
    """Run ``translate`` with ``command``; samples of the use of it and its children, with ``time`` in seconds."""
    samples: list[Sample] = []
    with log.open("wb") as file:
        running = subprocess.Popen(
            [sys.executable, "-m", "translate", *command], stdout=file, stderr=subprocess.STDOUT, cwd=log.parent
        )
        start = time.perf_counter()
        while running.poll() is None:
            taken = [used for used in map(resources_in_use, process_tree(running.pid)) if used]
            if taken:
                total = {name: sum(used[name] for used in taken) for name in METRICS}
                samples.append({"time": time.perf_counter() - start, **total})
            time.sleep(0.5)
    if running.returncode:
        raise SystemExit(f"{' '.join(command)}: exit status {running.returncode}\n{log.read_text()[-2000:]}")
    return samples


def growth(samples: Sequence[Sample], metric: str) -> tuple[float, float]:
    """The median of ``metric`` in the second quarter of the samples and in the last."""
    values = [sample[metric] for sample in samples]
    quarter = len(values) // 4
    return statistics.median(values[quarter : 2 * quarter]), statistics.median(values[-quarter:])


def show(title: str, samples: Sequence[Sample], by: str) -> bool:
    """Print ``samples``; returns whether nothing grew."""
    table = Table(title=title)
    for name in (by, *METRICS):
        table.add_column(name, justify="right")
    for position in np.linspace(0, len(samples) - 1, SHOWN).round().astype(int):
        table.add_row(*(f"{samples[position][name]:.0f}" for name in (by, *METRICS)))
    flat = True
    verdict = []
    for name, limit in METRICS.items():
        before, after = growth(samples, name)
        held = after <= limit(before)
        verdict.append(f"{before:.0f} -> {after:.0f}{'' if held else ' GREW'}")
        flat = flat and held
    table.add_section()
    table.add_row("2nd -> last quarter", *verdict)
    Console(width=110).print(table)
    return flat


def soak_training(folder: Path, steps: int) -> bool:
    outside = watch(train_command(folder, steps), folder / "train.log")
    lines = map(json.loads, (folder / "run" / "metrics.jsonl").read_text(encoding="utf-8").splitlines())
    logged = [line for line in lines if "memory_mb" in line]
    flat = show(f"training, {steps} steps: main process, from metrics.jsonl", logged, "step")
    return show("the same from outside, with the workers", outside, "time") and flat


def soak_conversion(folder: Path, files: int) -> bool:
    outside = watch(convert_command(folder, files), folder / "convert.log")
    converted = len(list((folder / "out").glob("*.jpg")))
    assert converted == files, f"{converted} of {files} converted"
    return show(f"conversion of {files} files", outside, "time")


def main(
    what: Annotated[list[str] | None, typer.Argument(help="train, convert; default: both")] = None,
    steps: Annotated[int, typer.Option(min=100)] = 5000,
    files: Annotated[int, typer.Option(min=100)] = 20_000,
) -> None:
    soaks: dict[str, Callable[[Path], bool]] = {
        "train": lambda folder: soak_training(folder, steps),
        "convert": lambda folder: soak_conversion(folder, files),
    }
    unknown = sorted(set(what or ()) - set(soaks))
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}: choose from {', '.join(soaks)}")
    if not resources_in_use():
        raise typer.BadParameter("this system does not report what a process uses; run it on Linux")
    flat = True
    for name in what or soaks:
        with tempfile.TemporaryDirectory() as folder:
            flat = soaks[name](Path(folder)) and flat
    raise typer.Exit(0 if flat else 1)


if __name__ == "__main__":
    typer.run(main)
