"""Measure training: each method plain (eager, float32), with each speed option by itself, and with several together.

    python -m tools.bench.training [METHOD...] [--crop 128] [--batch-size 4] [--steps 4] [--rounds 2]

The whole loop is measured, including the loader, on noise written to a temporary folder as JPEG. Every run is its own
process, and the variants take turns, so that changes in the machine's speed affect all of them. Peak memory is the
GPU's if there is one, else the process's.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from PIL import Image
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import nn

from models.blocks import ResizeConv, upsample
from translate.config import CONFIGS

# "resize_apart" is not a setting: it makes resizing and the convolution after it two layers, as usually written
PLAIN: dict[str, Any] = {"channels_last": False, "fused": False, "merge_passes": False, "resize_apart": True}
FAST: dict[str, Any] = {"channels_last": True, "fused": True, "resize_apart": False}
VARIANTS: dict[str, dict[str, Any]] = {
    "plain: float32, NCHW, separate passes": {},
    "resize and convolve in one": {"resize_apart": False},
    "merged passes": {"merge_passes": True},
    "channels last": {"channels_last": True},
    "fused optimizer": {"fused": True},
    "bfloat16": {"precision": "bf16"},
    "compiled": {"compile": True},
    "all in float32 but merged, compiled": FAST,
    "all in float32 but compiled": FAST | {"merge_passes": True},
    "all but compiled": FAST | {"merge_passes": True, "precision": "bf16"},
    "all": FAST | {"merge_passes": True, "precision": "bf16", "compile": True},
}
# the same for all variants: the networks of the CycleGAN paper for 128 pixels
NETWORKS: dict[str, dict[str, Any]] = {
    "pix2pix": {"generator": "resnet", "generator_options": {"blocks": 6}},
    "cyclegan": {"generator": "resnet", "generator_options": {"blocks": 6}},
    "cut": {"generator": "resnet", "generator_options": {"blocks": 6}},
    "stargan": {},
    "animegan": {"content_start": 0.0},
}


def write_pictures(folder: Path, side: int) -> None:
    """Two domains of ten pictures each, ``folder/a`` and ``folder/b``."""
    random = np.random.default_rng(0)
    for domain in ("a", "b"):
        (folder / domain).mkdir()
        for index in range(10):
            noise = Image.fromarray(random.integers(0, 256, (side // 8, side // 8, 3), np.uint8))
            noise.resize((side, side), Image.Resampling.BICUBIC).save(folder / domain / f"{index}.jpg", quality=90)


def measure(settings: dict[str, Any]) -> dict[str, float]:
    """Train with ``settings`` in this process; speed, time spent waiting for data, and memory."""
    from translate.train.loop import train

    if settings.pop("resize_apart"):  # for the rest of the process
        setattr(ResizeConv, "forward", lambda layer, x: nn.Conv2d.forward(layer, upsample(x)))  # noqa: B010
    config = CONFIGS[settings.pop("method")].from_dict(settings)
    train(config)
    last = json.loads((config.out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    if torch.cuda.is_available():
        peak = torch.cuda.max_memory_allocated()
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"images_per_s": last["images_per_s"], "waiting": last["waiting_share"], "peak": peak}


def run(settings: dict[str, Any]) -> dict[str, float]:
    command = [sys.executable, __file__, "--child", json.dumps(settings)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{settings}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main(
    methods: Annotated[list[str] | None, typer.Argument(help="methods to measure; default: all")] = None,
    crop: Annotated[int, typer.Option(min=8, help="side of the crops in pixels")] = 128,
    batch_size: Annotated[int, typer.Option(min=1)] = 4,
    steps: Annotated[int, typer.Option(min=1, help="timed steps of each run, after as many untimed ones")] = 4,
    rounds: Annotated[int, typer.Option(min=1, help="runs of each variant; the median counts")] = 2,
    variant: Annotated[list[str] | None, typer.Option(help="variants to measure; default: all")] = None,
    child: Annotated[str, typer.Option(hidden=True)] = "",
) -> None:
    if child:
        print(json.dumps(measure(json.loads(child))))
        return
    methods, variants = methods or list(CONFIGS), variant or list(VARIANTS)
    unknown = sorted((set(methods) - set(CONFIGS)) | (set(variants) - set(VARIANTS)))
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}: choose from {', '.join(CONFIGS)}; {', '.join(VARIANTS)}")
    device = (
        torch.cuda.get_device_name() if torch.cuda.is_available() else f"processor, {torch.get_num_threads()} threads"
    )
    table = Table(title=f"{crop} x {crop} pixels, batch {batch_size}, {device}, torch {torch.__version__}")
    for column in ("method", "variant"):
        table.add_column(column)
    for column in ("images/s", "times as fast", "peak memory MB", "waiting for data"):
        table.add_column(column, justify="right")

    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        write_pictures(Path(folder), side=crop + crop // 8)
        turns = [(method, name, turn) for turn in range(rounds) for method in methods for name in variants]
        for method, name, turn in track(turns, description="measuring", console=Console(stderr=True)):
            data = {"domains": folder} if method == "stargan" else {"a": f"{folder}/a", "b": f"{folder}/b"}
            settings = PLAIN | VARIANTS[name] | NETWORKS[method] | data
            settings |= {
                "method": method,
                "out": f"{folder}/runs/{method}-{variants.index(name)}-{turn}",
                "crop": crop,
                "batch_size": batch_size,
                "steps": 2 * steps,
                "log_every": steps,
                "sample_every": 0,
                "workers": 1,
            }
            found.setdefault((method, name), []).append(run(settings))
    for method in methods:
        for name in variants:
            runs = found[method, name]
            speed = statistics.median(one["images_per_s"] for one in runs)
            plain = statistics.median(one["images_per_s"] for one in found[method, variants[0]])
            table.add_row(
                method,
                name,
                f"{speed:.2f}",
                f"{speed / plain:.2f}",
                f"{max(one['peak'] for one in runs) / 1e6:.0f}",
                f"{statistics.median(one['waiting'] for one in runs):.0%}",
            )
    Console(width=None if Console().is_terminal else 120).print(table)


if __name__ == "__main__":
    typer.run(main)
