"""Runs that kill themselves at chosen moments and are restarted: `python -m tests.helpers.lives FOLDER METHOD...`.

Prints the exit codes of all lives as JSON, by method. Each life is a process, forked from this one to start fast.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch._dynamo  # the first optimizer step imports it: import it once for all lives

from tests.helpers.pairs import tiny_run
from translate.config import TrainConfig
from translate.train.log import RunLog
from translate.train.loop import train
from translate.train.methods.base import Method


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def after_two_steps() -> None:
    take = Method.step

    def take_and_die(self: Method, batch: Any, *, step: int, progress: float) -> Any:
        metrics = take(self, batch, step=step, progress=progress)
        if step == 1:
            die()
        return metrics

    Method.step = take_and_die  # type: ignore[method-assign]


def in_the_state() -> None:
    save = torch.save

    def save_half(state: Any, path: Path) -> None:
        save(state, path)
        os.truncate(path, path.stat().st_size // 2)
        die()

    vars(torch)["save"] = save_half


def before_the_rename() -> None:
    rename = Path.rename

    def rename_or_die(self: Path, target: Path) -> Path:
        if self.name.startswith(".writing-"):
            die()
        return rename(self, target)

    Path.rename = rename_or_die  # type: ignore[method-assign, assignment]


def in_the_removal_of_the_old_one() -> None:
    remove = shutil.rmtree

    def remove_half(path: Path, **options: Any) -> None:
        if path.name.startswith(".removing-"):
            next(iter(path.iterdir())).unlink()
            die()
        remove(path, **options)

    shutil.rmtree = remove_half  # type: ignore[assignment]


def in_a_line_of_the_log() -> None:
    def append_half(self: RunLog, line: dict[str, Any]) -> None:
        with (self.out / "metrics.jsonl").open("a") as file:
            file.write(json.dumps(line)[:20])
        die()

    RunLog._append = append_half  # type: ignore[method-assign]


DEATHS = (
    after_two_steps,
    in_the_state,
    before_the_rename,
    in_the_removal_of_the_old_one,
    in_a_line_of_the_log,
)


def settings(method: str, folder: Path, out: Path) -> TrainConfig:
    noisy: dict[str, Any] = {"instance_noise": 0.1, "diff_augment": "color", "flip": True, "ema": 0.9}
    return tiny_run(method, folder, out, steps=6, save_every=2, sample_every=2, keep=1, **noisy)


def deaths_of(method: str) -> tuple[Callable[[], None], ...]:
    """All of them for pix2pix; for other methods one that restarts from the beginning and one that resumes."""
    return DEATHS if method == "pix2pix" else (in_the_state, in_the_removal_of_the_old_one)


def live(config: TrainConfig, prepare: Callable[[], None] = lambda: None) -> int:
    """Train in a child process; its exit code, negative for a signal."""
    process = os.fork()
    if process == 0:
        code = 1
        try:
            prepare()
            train(config)
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def main(folder: Path, methods: list[str]) -> None:
    torch.set_num_threads(1)
    vars(os)["fsync"] = lambda descriptor: None  # only needed against power cuts, not against kills
    ended = {}
    for method in methods:
        work = folder / method
        work.mkdir()
        ended[method] = [live(settings(method, work, work / "undisturbed"))]
        config = settings(method, work, work / "killed")
        ended[method] += [live(config, death) for death in deaths_of(method)]
        ended[method].append(live(config))
    sys.stdout.write(json.dumps(ended))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
