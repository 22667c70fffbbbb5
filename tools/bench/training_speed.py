"""Images/s of training: the plain loop, ours, and ours with the pictures in memory (`--cache ram`), in turns.

    python -m tools.bench.training_speed [METHOD...] [--device auto] [--crop 128] [--batch-size 4] [--blocks 6]
        [--steps 8] [--turns 3] [--precision fp32] [--compile] [--photo-side 512] [--json FILE]

The plain loop of CycleGAN is `plain_cyclegan`; that of the others is our loop without what makes it faster, which reads
every loss back at every step. All train the same networks on the same JPEGs of noise. The whole loop is measured,
the loader included, but not its start. As a function: `speeds`.
"""

from __future__ import annotations

import gc
import json
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from PIL import Image
from rich.console import Console
from rich.table import Table

from tools.bench import plain_cyclegan
from translate.config import CONFIGS, TrainConfig
from translate.data.cache import cached
from translate.data.loader import Batches, make_loader
from translate.machine import peak_memory_mb
from translate.train.cpu.kernels import chosen_kernels
from translate.train.devices import make_accelerator, to_device, tuned
from translate.train.methods import method_of

VARIANTS = ("plain", "ours", "ours, --cache ram")
PLAIN: dict[str, Any] = {"channels_last": False, "fused": False, "merge_passes": False, "fast_kernels": False}
PICTURES = 40  # of each side
RESNETS = ("pix2pix", "cyclegan", "cut")


def write_pictures(folder: Path, side: int) -> None:
    """Two domains, ``folder/a`` and ``folder/b``, of square JPEGs."""
    random = np.random.default_rng(0)
    for domain in ("a", "b"):
        (folder / domain).mkdir()
        for index in range(PICTURES):
            noise = Image.fromarray(random.integers(0, 256, (side // 8, side // 8, 3), np.uint8))
            noise.resize((side, side), Image.Resampling.BICUBIC).save(folder / domain / f"{index}.jpg", quality=90)


def settings_of(method: str, folder: Path, *, crop: int, batch_size: int, blocks: int, **others: Any) -> TrainConfig:
    """The settings of a run of ``method`` on the pictures that `write_pictures` wrote, with the paper's networks."""
    data: dict[str, Any] = {"a": folder / "a", "b": folder / "b"}
    if method == "stargan":
        data = {"domains": folder}
    elif CONFIGS[method].from_noise:
        data = {"images": folder / "a"}
    networks: dict[str, Any] = {}
    if method in RESNETS:
        networks = {"generator": "resnet", "generator_options": {"blocks": blocks}}
    if method == "animegan":
        networks = {"content_start": 0.0}
    common = {"out": folder / "run", "crop": crop, "batch_size": batch_size}
    return CONFIGS[method].from_dict(common | data | networks | others)


def images_per_s(config: TrainConfig, *, untimed: int, steps: int, reads_losses: bool = False) -> float:
    """The speed of ``steps`` steps after ``untimed`` ones; ``reads_losses``: at every step, not only at the end."""
    kind = method_of(config)
    data = cached(kind.load_data(config), config)
    accelerator = make_accelerator(config)
    torch.manual_seed(config.seed)
    method = kind.build(config, accelerator, data)
    loader = make_loader(data.training, config, first_step=0, last_step=untimed + steps, rank=0, processes=1)
    start = 0.0
    metrics: dict[str, torch.Tensor] = {}
    with closing(Batches(loader)) as batches, tuned(accelerator.device):
        for step in range(untimed + steps):
            if step == untimed:
                {name: float(value) for name, value in metrics.items()}  # waits for the device
                start = time.perf_counter()
            batch = to_device(batches.next().tensors, accelerator.device, channels_last=config.channels_last)
            with chosen_kernels(config, accelerator.device):
                metrics = method.step(batch, step=step, progress=0.75)
            if reads_losses or step == untimed + steps - 1:
                {name: float(value) for name, value in metrics.items()}
        return steps * config.samples_per_step() / (time.perf_counter() - start)


def speed_of(variant: str, method: str, folder: Path, *, untimed: int, steps: int, **settings: Any) -> float:
    """Images/s of one variant; ``settings`` as of `settings_of`."""
    if variant == "plain":
        settings |= PLAIN | {"precision": "fp32", "compile": False}
    config = settings_of(method, folder, **settings, cache="ram" if variant == VARIANTS[2] else "none")
    if variant != "plain" or method != "cyclegan":
        return images_per_s(config, untimed=untimed, steps=steps, reads_losses=variant == "plain")
    return plain_cyclegan.images_per_s(
        folder,
        make_accelerator(config).device,
        generator=config.generator,
        options=config.generator_options,
        crop=config.crop,
        batch_size=config.batch_size,
        workers=config.workers,
        untimed=untimed,
        steps=steps,
    )


def speeds(method: str, variants: tuple[str, ...], *, turns: int, photo_side: int, **measured: Any) -> dict[str, Any]:
    """Images/s of each of ``variants`` in each of ``turns`` turns, and the peak memory in MB so far.

    That is the GPU's, of the last turn, where there is one, else the process's, all variants together.
    """
    found: dict[str, Any] = {name: {"images_per_s": [], "peak_mb": None} for name in variants}
    with tempfile.TemporaryDirectory() as folder:
        write_pictures(Path(folder), photo_side)
        for _ in range(turns):
            for name in variants:
                if torch.cuda.is_available():
                    torch.cuda.reset_peak_memory_stats()
                found[name]["images_per_s"].append(speed_of(name, method, Path(folder), **measured))
                gc.collect()
                peak = torch.cuda.max_memory_allocated() / 1e6 if torch.cuda.is_available() else peak_memory_mb()
                found[name]["peak_mb"] = peak
    return found


def main(
    methods: Annotated[list[str] | None, typer.Argument(help="methods to measure; default: cyclegan")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N")] = "auto",
    crop: Annotated[int, typer.Option(min=8, help="side of the crops in pixels")] = 128,
    batch_size: Annotated[int, typer.Option(min=1)] = 4,
    blocks: Annotated[int, typer.Option(min=1, help="of the resnet of pix2pix, cyclegan and cut")] = 6,
    untimed: Annotated[int, typer.Option(min=1, help="first steps, which are not timed")] = 2,
    steps: Annotated[int, typer.Option(min=1, help="timed steps of each run")] = 8,
    turns: Annotated[int, typer.Option(min=1, help="runs of each variant; the median counts")] = 3,
    precision: Annotated[str, typer.Option(help="fp32, or, without the variant plain, bf16 or fp16")] = "fp32",
    compile: Annotated[bool, typer.Option("--compile", help="with torch.compile, ours only")] = False,
    workers: Annotated[int, typer.Option(min=0)] = 2,
    photo_side: Annotated[int, typer.Option(min=8, help="side of the JPEGs in pixels, at least the crop")] = 512,
    variant: Annotated[list[str] | None, typer.Option(help="variants to measure; default: all")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="also write the figures there")] = None,
) -> None:
    chosen, methods = tuple(variant or VARIANTS), methods or ["cyclegan"]
    if unknown := sorted({*methods} - {*CONFIGS} | {*chosen} - {*VARIANTS}):
        raise typer.BadParameter(f"{', '.join(unknown)}: choose from {', '.join(CONFIGS)}; {', '.join(VARIANTS)}")
    measured = {"device": device, "crop": crop, "batch_size": batch_size, "blocks": blocks, "workers": workers}
    measured |= {"precision": precision, "compile": compile, "untimed": untimed, "steps": steps}
    where = "CPU" if device == "cpu" or not torch.cuda.is_available() else torch.cuda.get_device_name()
    where += f", {torch.get_num_threads()} threads" if where == "CPU" else ""
    table = Table(title=f"{crop}x{crop} pixels, batch {batch_size}, {precision}, {where}, torch {torch.__version__}")
    for column in ("method", "variant", "images/s", "each turn", "times as fast", "peak MB"):
        table.add_column(column)
    found = {}
    for method in methods:
        found[method] = speeds(method, chosen, turns=turns, photo_side=photo_side, **measured)
        first = statistics.median(found[method][chosen[0]]["images_per_s"])
        for name, figures in found[method].items():
            middle = statistics.median(figures["images_per_s"])
            each = " ".join(f"{speed:.3g}" for speed in figures["images_per_s"])
            peak = "" if figures["peak_mb"] is None else f"{figures['peak_mb']:.0f}"
            table.add_row(method, name, f"{middle:.3g}", each, f"{middle / first:.2f}", peak)
    Console(width=None if Console().is_terminal else 120).print(table)
    if json_file is not None:
        json_file.write_text(json.dumps({"where": where, "settings": measured, "speeds": found}, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
