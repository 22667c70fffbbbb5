"""Compare the generators: size, arithmetic, and time per picture in onnxruntime on the CPU.

    python -m tools.bench.generators [NAME...] [--width 768] [--height 512] [--rounds 10] [--threads 0]

Every generator is exported as a style, untrained and with default options, and timed including the conversion from and
to uint8. The generators take turns, so that other load on the machine affects all of them.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import onnxruntime
import torch
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch.utils.flop_counter import FlopCounterMode

from models import GENERATORS, Generator, build_generator
from translate.export.to_onnx import export_style
from translate.style.contract import DOMAIN, INPUT, OUTPUT, StyleInfo

REFERENCE = "animegan"  # the generator whose time the others are compared with


def gflop(name: str, *, side: int = 512) -> float:
    """Billions of floating-point operations, with a multiply-add counted as two."""
    with torch.device("meta"):  # only shapes: nothing is computed
        network, image = build_generator(name).eval(), torch.empty(1, 3, side, side)
        domain = torch.empty(1, network.domains) if network.domains else None
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(image, domain)
    return counter.get_total_flops() / 1e9


def export_untrained(name: str, generator: Generator, path: Path) -> None:
    info = StyleInfo(
        title=name,
        method="none",
        generator=name,
        training_size=0,
        licence="MIT",
        training_data="none",
        checkpoint_sha256="",
        domains=[f"domain {index}" for index in range(generator.domains)],
    )
    export_style(generator, info, path)


def open_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def main(
    names: Annotated[list[str] | None, typer.Argument(help="generators to compare; default: all")] = None,
    width: Annotated[int, typer.Option(min=1, help="of the picture, in pixels")] = 768,
    height: Annotated[int, typer.Option(min=1, help="of the picture, in pixels")] = 512,
    rounds: Annotated[int, typer.Option(min=1, help="timed runs of each generator")] = 10,
    threads: Annotated[int, typer.Option(min=0, help="of onnxruntime; 0: one per core")] = 0,
) -> None:
    threads = threads or os.cpu_count() or 1
    names = names or sorted(GENERATORS)
    unknown = sorted(set(names) - set(GENERATORS))
    if unknown:
        raise typer.BadParameter(f"no generator is called {', '.join(unknown)}: choose from {', '.join(GENERATORS)}")
    table = Table(
        title=f"{width} x {height} pixels, onnxruntime {onnxruntime.__version__}, processor, threads: {threads}, "
        f"median of {rounds}"
    )
    table.add_column("generator")
    for column in ("parameters", "GFLOP at 512 x 512", "ms", "fastest ms", f"times as fast as {REFERENCE}"):
        table.add_column(column, justify="right")

    image = np.random.default_rng(0).integers(0, 256, (1, height, width, 3), np.uint8)
    parameters: dict[str, int] = {}
    inputs: dict[str, dict[str, np.ndarray]] = {}
    sessions: dict[str, onnxruntime.InferenceSession] = {}
    milliseconds: dict[str, list[float]] = {name: [] for name in names}
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in track(names, description="exporting", console=console):
            generator = build_generator(name)
            parameters[name] = sum(weights.numel() for weights in generator.parameters())
            path = Path(folder) / f"{name}.onnx"
            export_untrained(name, generator, path)
            sessions[name] = open_session(path, threads)
            inputs[name] = {INPUT: image} | ({DOMAIN: np.zeros(1, np.int64)} if generator.domains else {})
            sessions[name].run([OUTPUT], inputs[name])  # the first run also allocates memory
    for _ in track(range(rounds), description="timing", console=console):
        for name, session in sessions.items():
            start = time.perf_counter()
            session.run([OUTPUT], inputs[name])
            milliseconds[name].append((time.perf_counter() - start) * 1e3)

    medians = {name: statistics.median(times) for name, times in milliseconds.items()}
    for name in sorted(names, key=medians.__getitem__):
        table.add_row(
            name,
            f"{parameters[name]:,}",
            f"{gflop(name):.1f}",
            f"{medians[name]:.0f}",
            f"{min(milliseconds[name]):.0f}",
            f"{medians[REFERENCE] / medians[name]:.2f}" if REFERENCE in medians else "",
        )
    Console(width=None if Console().is_terminal else 120).print(table)


if __name__ == "__main__":
    typer.run(main)
