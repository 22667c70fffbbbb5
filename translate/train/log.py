"""What a training run reports: progress on the terminal, ``metrics.jsonl``, its tracker, validation grids."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from translate.config import METRICS_NAME, TrainConfig
from translate.errors import parse_nested
from translate.machine import resources_in_use
from translate.storage.atomic import atomic_file, write_atomically
from translate.storage.own_files import open_own
from translate.train.trackers import Tracker

SAMPLES = "samples"  # the folder of the validation grids
REFRESH_S = 5.0  # between updates of the losses in the progress line, for which a GPU has to finish its steps
SHOWN_LOSSES = 4  # in the progress line


class RunLog:
    """Collects the scalars of every step and writes their means, over the processes too; only the first process writes.

    Scalars stay on the device until they are written, so that logging never waits for the GPU at other steps.
    """

    def __init__(
        self,
        config: TrainConfig,
        accelerator: Accelerator,
        *,
        first_step: int,
        last_step: int,
        quiet: bool = False,
        verbose: bool = False,
    ) -> None:
        self.quiet, self.verbose = quiet, verbose
        self.out, self.last_step, self.accelerator = config.out, last_step, accelerator
        self.show = show = accelerator.is_main_process
        self.console = Console(stderr=True, quiet=not show)
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[status]}"),
            TimeRemainingColumn(),
            console=self.console,
            disable=quiet or not (show and sys.stderr.isatty()),
        )
        self.refreshed = float("-inf")  # the first step is shown at once
        self.task = self.progress.add_task(config.method, total=last_step, completed=first_step, status="")
        self.collected: dict[str, list[Tensor]] = defaultdict(list)
        self._reset()
        if show:
            done = first_step or -1  # before the first step nothing is, not even the grid of step 0
            forget_after(config.out / METRICS_NAME, done)
            self.tracker = Tracker(config, first_step=done + 1)

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.stop()
        if self.show:
            self.tracker.close()

    def say(self, text: str) -> None:
        if not self.quiet:
            self.warn(text)

    def warn(self, text: str) -> None:
        """Print what has to be known, even in a quiet run."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def waited(self, seconds: float) -> None:
        """Count time spent waiting for data."""
        self.waiting_s += seconds

    def add(self, metrics: dict[str, Tensor], *, samples: int) -> None:
        """Collect the detached scalars of one step that trained on ``samples``."""
        for name, value in metrics.items():
            self.collected[name].append(value)
        self.samples += samples
        self.steps += 1
        self.progress.advance(self.task)
        now = time.perf_counter()
        if not self.progress.disable and now - self.refreshed >= REFRESH_S:
            own = {name: float(value) for name, value in self._own_means().items()}
            self._show(own, now)

    def _own_means(self) -> dict[str, Tensor]:
        return {name: torch.stack(values).mean() for name, values in self.collected.items()}

    def means(self) -> dict[str, float]:
        """The means of the scalars collected since the last ``write``, over all processes."""
        means = self._own_means()
        shared = self.accelerator.reduce(means, reduction="mean") if self.accelerator.num_processes > 1 else means
        return {name: float(value) for name, value in shared.items()}

    def alarm(self, step: int, text: str) -> None:
        """Print and log that training is going wrong."""
        self.warn(f"ALARM at step {step}: {text}")
        self._append({"step": step, "alarm": text})

    def go_back(self, step: int, text: str) -> None:
        """Log that the run goes on from the earlier ``step``, and why; the lines of later steps stay."""
        self.warn(text)
        self._append({"step": step, "rollback": text})
        self._reset()
        self.progress.update(self.task, completed=step)

    def write(self, step: int, means: dict[str, float], *, lr: float) -> None:
        """Write ``means`` with the speed since the last ``write`` and the resources in use; then reset."""
        now = time.perf_counter()
        seconds = max(now - self.since, 1e-9)
        speed = {
            "lr": lr,
            "images_per_s": self.samples / seconds,
            "waiting_share": self.waiting_s / seconds,
        }
        remaining = timedelta(seconds=round((self.last_step - step) * seconds / max(self.steps, 1)))
        if self.progress.disable or self.verbose:
            losses = ", ".join(f"{name} {value:.4g}" for name, value in means.items())
            self.say(f"step {step}/{self.last_step}: {losses}; {self._pace(now)}, {remaining} left")
        self._show(means, now)
        self._reset()
        self._record(step, means | speed | resources_in_use())

    def _show(self, means: Mapping[str, float], now: float) -> None:
        """Update the progress line; a speed is given from the first step on."""
        self.progress.update(self.task, status=f"{main_losses(means)}; {self._pace(now)}")
        self.refreshed = now

    def _pace(self, now: float) -> str:
        seconds = max(now - self.since, 1e-9)
        return f"{self.samples / seconds:.3g} images/s, waiting {self.waiting_s / seconds:.0%}"

    def write_validation(
        self, step: int, grid: NDArray[np.uint8], metrics: dict[str, float], *, seconds: float
    ) -> None:
        """Write ``grid``, RGB [H, W, 3], as a PNG, and the validation's metrics.

        The training's speed does not count the ``seconds`` that it took.
        """
        self.since += seconds
        if self.show:
            with atomic_file(self.out / SAMPLES / f"step-{step:09d}.png") as file:
                Image.fromarray(grid).save(file, "PNG")
            self.tracker.show(step, grid)
            self._record(step, metrics)

    def evaluated(self, step: int, metrics: dict[str, float], *, seconds: float) -> None:
        """Write the metrics of an evaluation that took ``seconds``, which the training's speed does not count."""
        self.since += seconds
        if self.show:
            self._record(step, metrics)
            self.say(f"step {step}: " + ", ".join(f"{name} {value:.4g}" for name, value in metrics.items()))

    def _record(self, step: int, values: dict[str, float]) -> None:
        self._append({"step": step} | values)
        if self.show:
            self.tracker.log(step, values)

    def _append(self, line: dict[str, Any]) -> None:
        if self.show:
            descriptor = open_own(self.out / METRICS_NAME, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            with os.fdopen(descriptor, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

    def _reset(self) -> None:
        self.collected.clear()
        self.samples, self.waiting_s, self.since, self.steps = 0, 0.0, time.perf_counter(), 0


def main_losses(means: Mapping[str, float]) -> str:
    """The first losses of ``means`` as text: the generators' first, without norms and scores."""
    losses = [name for name in means if name.startswith("G/") or name.endswith("/loss")]
    chosen = sorted((name for name in losses if not name.endswith("/gradient")), key=lambda name: name[0] != "G")
    return ", ".join(f"{name} {means[name]:.3g}" for name in chosen[:SHOWN_LOSSES])


def forget_after(metrics: Path, step: int) -> None:
    """Drop the lines of steps that a resumed run takes again, and a last line that a kill cut short.

    A rollback to ``step`` was logged after the checkpoint of that step was saved, so it may be repeated too.
    """
    if metrics.is_symlink() or not metrics.is_file():  # writing refuses a link
        return
    kept = []
    for line in metrics.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.endswith("\n"):
            written = parse_nested(json.loads, line)
            if written["step"] + ("rollback" in written) <= step:
                kept.append(line)
    write_atomically(metrics, "".join(kept).encode())
