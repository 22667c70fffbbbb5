"""Training on a GPU: each method plain against all that makes it faster, and a real run that the CPU resumes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tools.bench.gpu_report import Report
from tools.bench.training import NETWORKS, PLAIN, VARIANTS, measure, run, write_pictures
from translate.cli import app
from translate.errors import UserError
from translate.media.images import load_rgb_within
from translate.storage.folders import find_images
from translate.style.catalogue import DEFAULT_STYLE
from translate.style.translator import open_style

METHODS = ("cyclegan", "pix2pix", "cut", "stargan", "animegan")
RESNET9: dict[str, Any] = {"generator": "resnet", "generator_options": {"blocks": 9}}
WANTED = 3.0  # times the plain loop, CycleGAN with resnet-9 at 256 pixels


def measure_training(report: Report, work: Path, *, crop: int, steps: int, methods: tuple[str, ...] = METHODS) -> None:
    """Images per second and memory of the plain loop and the fast one; what does not fit in the time is left out."""
    write_pictures(work, side=crop + crop // 8)
    fast = VARIANTS["all but compiled"]
    ways = {"plain": {}} if report.dry else {"plain": {}, "fast": fast}  # another precision needs another process
    for method in methods:
        for batch in (1, 8) if method == "cyclegan" and not report.dry else (1 if report.dry else 8,):
            compiled = {"fast, compiled": fast | {"compile": True}} if method == "cyclegan" and not report.dry else {}
            _measure(report, work, method, batch, ways | compiled, crop=crop, steps=steps)


def _measure(
    report: Report,
    work: Path,
    method: str,
    batch: int,
    variants: dict[str, dict[str, Any]],
    *,
    crop: int,
    steps: int,
) -> None:
    speeds: dict[str, float] = {}
    for name, variant in variants.items():
        if report.left < 60 and not report.dry:
            report.row("training", method=method, batch=batch, way=name, note="left out: no time")
            continue
        network = RESNET9 if method == "cyclegan" and not report.dry else NETWORKS.get(method, {})
        small = {"generator": "mobile", "generator_options": {}} if report.dry and method != "stargan" else {}
        data = {"domains": str(work)} if method == "stargan" else {"a": f"{work}/a", "b": f"{work}/b"}
        settings = PLAIN | variant | network | small | data
        settings |= {"method": method, "out": f"{work}/runs/{method}-{batch}-{len(speeds)}", "crop": crop}
        settings |= {"batch_size": batch, "steps": 2 * steps, "log_every": steps, "sample_every": 0, "workers": 1}
        measured = measure(settings) if report.dry else run(settings)  # of its own process, for the memory
        speeds[name] = measured["images_per_s"]
        report.row(
            "training",
            method=method,
            batch=batch,
            way=name,
            images_per_s=measured["images_per_s"],
            times=measured["images_per_s"] / speeds["plain"] if "plain" in speeds else "",
            peak_mb=measured["peak"] / 1e6,
            waiting=measured["waiting"],
        )
    if method == "cyclegan" and not report.dry and "plain" in speeds and len(speeds) > 1:
        times = max(speeds.values()) / speeds["plain"]
        report.check(
            f"CycleGAN, resnet-9, batch {batch}: {WANTED:g} times the plain loop", times >= WANTED, f"{times:.2f}"
        )


def check_real_run(report: Report, photos: Path, work: Path, *, device: str, seconds: float, crop: int) -> None:
    """Train the network of the style `anime` on its own pictures for a while, stop it, and resume it on the CPU."""
    _write_pairs(photos, work, crop)
    command = [sys.executable, "-m", "translate", "train", "pix2pix", "--preset", "painted", "--crop", str(crop)]
    command += ["--a", str(work / "A"), "--b", str(work / "B"), "--out", str(work / "run"), "--log-every", "1"]
    command += ["--batch-size", "1", "--workers", "1", "--sample-every", "0"] if report.dry else []
    first = subprocess.Popen([*command, "--device", device, "--steps", "100000"], stdout=subprocess.DEVNULL)
    metrics, end = work / "run" / "metrics.jsonl", time.perf_counter() + seconds + 120
    while first.poll() is None and not metrics.is_file() and time.perf_counter() < end:
        time.sleep(0.2)
    time.sleep(seconds)
    first.send_signal(signal.SIGTERM)
    first.wait(60)
    done = _last(metrics)
    report.check("a run on the device learns", bool(done) and np.isfinite(done["step"]), f"{done.get('step', 0)} steps")
    app([*command[3:], "--device", "cpu", "--steps", str(done["step"] + 1), "-q"], standalone_mode=False)
    report.check("the CPU resumes it", _last(metrics)["step"] == done["step"] + 1)
    report.row("real run", steps=done["step"], images_per_s=done.get("images_per_s", ""), device=device)


def _last(metrics: Path) -> dict[str, Any]:
    if not metrics.is_file():
        raise UserError(f"{metrics}: the run has written nothing")
    last: dict[str, Any] = json.loads(metrics.read_text(encoding="utf-8").splitlines()[-1])
    return last


def _write_pairs(photos: Path, work: Path, crop: int) -> None:
    """Photos and what the style makes of them, in the folders A and B."""
    style = open_style(DEFAULT_STYLE, device="cpu")
    for side in "AB":
        (work / side).mkdir(parents=True)
    for photo in find_images(photos, recursive=False):
        pixels = load_rgb_within(photo, 2 * crop)
        Image.fromarray(pixels).save(work / "A" / f"{photo.stem}.png")
        Image.fromarray(style(pixels[np.newaxis])[0]).save(work / "B" / f"{photo.stem}.png")
