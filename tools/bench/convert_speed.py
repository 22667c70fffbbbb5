"""The checks of `bench.convert` that measure speed."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from translate.convert.options import Options
from translate.convert.pipeline import run_jobs
from translate.convert.planning import plan
from translate.media.images import load_rgb, to_signed_unit
from translate.style.catalogue import DEFAULT_STYLE
from translate.style.contract import INPUT, OUTPUT
from translate.style.devices import cuda_obstacle, providers_of
from translate.style.translator import open_style, style_file

Rows = list[tuple[str, str]]
TRANSLATE = [sys.executable, "-m", "translate"]


def run(*arguments: object) -> float:
    """Seconds that `translate ARGUMENTS...` takes as a whole process."""
    start = time.perf_counter()
    subprocess.run([*TRANSLATE, *map(str, arguments)], check=True, capture_output=True)
    return time.perf_counter() - start


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def megapixels(pictures: list[NDArray[np.uint8]]) -> float:
    return sum(picture.shape[0] * picture.shape[1] for picture in pictures) / 1e6


def as_jpeg(photos: list[Path], folder: Path) -> Path:
    folder.mkdir()
    for photo in photos:
        Image.fromarray(load_rgb(photo)).save(folder / f"{photo.stem}.jpg", quality=92)
    return folder


def bench_throughput(photos: list[Path], work: Path, *, runs: int, device: str = "cpu", **_: int) -> Rows:
    """The pipeline in this process, against the network on arrays in memory, in turns.

    The network runs in onnxruntime's default way, all threads on one picture at a time, and as in the pipeline, on
    several pictures in parallel.
    """
    source, translator = as_jpeg(photos, work / "in"), open_style(DEFAULT_STYLE, device=device)
    session = onnxruntime.InferenceSession(
        style_file(DEFAULT_STYLE, device=device), providers=providers_of(translator.device)
    )
    pictures = [load_rgb(photo)[np.newaxis] for photo in sorted(source.iterdir())]
    options = Options(translate_workers=translator.divide_cores(len(pictures)))
    workers = ThreadPoolExecutor(options.translate_workers)
    baselines: dict[str, Callable[[list[NDArray[np.uint8]]], object]] = {
        "onnxruntime only": lambda given: [session.run([OUTPUT], {INPUT: picture}) for picture in given],
        f"onnxruntime only, {options.translate_workers} pictures at a time": lambda given: list(
            workers.map(translator, given)
        ),
    }
    baseline_times: dict[str, list[float]] = {name: [] for name in baselines}
    whole = []
    for baseline in baselines.values():
        baseline(pictures[: options.translate_workers])
    for turn in range(5 * runs):  # a shared CPU can be twice as fast in one second as in the next
        for name, baseline in baselines.items():
            baseline_times[name].append(seconds(lambda convert=baseline: convert(pictures)))  # type: ignore[misc]
        jobs = plan([str(source)], str(work / f"out{turn}"))
        whole.append(seconds(lambda jobs=jobs: list(run_jobs(jobs, translator, options))))  # type: ignore[misc]
    total = megapixels([picture[0] for picture in pictures])
    title = f"JPEG to JPEG ({translator.info.precision} on {translator.device}), MP/s"
    rows = [(title, whole), *baseline_times.items()]
    shares = {name: statistics.median(a / b for a, b in zip(taken, whole, strict=True)) for name, taken in rows[1:]}
    return [
        *((name, f"{total / statistics.median(taken):.2f}") for name, taken in rows),
        *((f"JPEG to JPEG, share of {name}", f"{share:.0%}") for name, share in shares.items()),
    ]


def bench_folder(photos: list[Path], work: Path, *, runs: int, plain: int, **_: int) -> Rows:
    """The whole process, against a typical script: PyTorch, AnimeGANv2's large generator, one file at a time."""
    taken = []
    for turn in range(runs):
        taken.append(run("convert", *photos, "-o", work / f"out{turn}", "--format", "jpg"))
    own = statistics.median(taken)
    other = time_pytorch_loop(photos[:plain], work) * len(photos) / min(plain, len(photos))
    return [
        (f"{len(photos)} photos to JPEG, whole process, s", f"{own:.2f}"),
        (f"one by one in PyTorch, generator animegan, s (from {min(plain, len(photos))})", f"{other:.1f}"),
        ("times as fast", f"{other / own:.1f}"),
    ]


def time_pytorch_loop(photos: list[Path], work: Path) -> float:
    """Seconds that a plain PyTorch loop with AnimeGANv2's generator takes for ``photos``."""
    import torch

    from models import build_generator

    network = build_generator("animegan").eval()

    def convert_all() -> None:
        for photo in photos:
            with torch.inference_mode():
                pixels = torch.from_numpy(np.array(Image.open(photo).convert("RGB")))
                result = network(to_signed_unit(pixels.permute(2, 0, 1)[None].float()))[0]
            values = ((result.clamp(-1, 1) + 1) * 127.5).byte().permute(1, 2, 0).numpy()
            Image.fromarray(values).save(work / f"{photo.stem}-plain.jpg", quality=92)

    return seconds(convert_all)


def bench_photo(photos: list[Path], work: Path, *, runs: int, **_: int) -> Rows:
    """One photo, as from the shell: the time of the whole process and of its parts."""
    whole = statistics.median(run("convert", photos[0], "-o", work / f"{turn}.jpg") for turn in range(2 * runs + 1))
    python = statistics.median(
        seconds(lambda: subprocess.run([sys.executable, "-c", ""], check=True)) for _ in range(2 * runs + 1)
    )
    shown = subprocess.run(
        [
            sys.executable,
            "-X",
            "importtime",
            "-m",
            "translate",
            "convert",
            photos[0],
            "-o",
            work / "once.jpg",
            "--json",
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    imported = {
        name: int(cumulative) / 1e3
        for cumulative, name in re.findall(r"^import time:\s*\d+ \|\s*(\d+) \|\s+(\S+)$", shown.stderr, re.MULTILINE)
    }
    stages = json.loads(shown.stdout)["files"][0]["stages"]
    translator = seconds(lambda: open_style(DEFAULT_STYLE, device="cpu"))
    modules = ("translate.cli", "numpy", "onnxruntime", "PIL.Image")
    return [
        ("one photo, whole process, ms", f"{whole * 1e3:.0f}"),
        ("of it: Python itself", f"{python * 1e3:.0f}"),
        *((f"of it: import {name}", f"{imported[name]:.0f}") for name in modules if name in imported),
        ("of it: opening the style", f"{translator * 1e3:.0f}"),
        *((f"of it: {stage}", f"{stages[stage] * 1e3:.0f}") for stage in ("decode", "translate", "encode")),
    ]


def bench_gpu(photos: list[Path], work: Path, *, runs: int, **_: int) -> Rows:
    """`bench_throughput` on the GPU, and how fast the machine decodes and encodes with all its cores."""
    obstacle = cuda_obstacle()
    if obstacle is not None:
        return [("not measured", obstacle)]
    rows = bench_throughput(photos, work, runs=runs, device="cuda")
    source = sorted((work / "in").iterdir())

    def copy(images: NDArray[np.uint8], domain: object) -> NDArray[np.uint8]:
        return images

    jobs = plan([str(work / "in")], str(work / "copied"))
    taken = seconds(lambda: list(run_jobs(jobs, copy, Options(translate_workers=os.cpu_count() or 1))))
    total = megapixels([load_rgb(photo) for photo in source])
    return [*rows, ("only decoding and encoding JPEG, MP/s", f"{total / taken:.1f}")]
