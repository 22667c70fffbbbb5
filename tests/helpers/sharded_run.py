"""`python sharded_run.py FOLDER`: two processes train an epoch on FOLDER's tars, are killed, and go on.

Each appends to FOLDER/steps.jsonl what every step sees: [step, names of the process's samples].
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import torch

from tests.helpers.pairs import tiny_settings
from translate.config import Pix2PixConfig
from translate.data.datasets import PairedDataset
from translate.data.loader import Key
from translate.train.loop import train
from translate.train.methods.base import Method

PROCESSES = 2


def record(folder: Path) -> None:
    """Have the steps of this process recorded; a step takes long enough to be killed in."""
    load, step_of = PairedDataset.__getitem__, Method.step
    seen: list[str] = []

    def load_and_note(self: PairedDataset, key: Key) -> dict[str, torch.Tensor]:
        seen.append(self.pairs[key.sample].name)
        return load(self, key)

    def step_and_note(self: Method, batch: Any, *, step: int, progress: float) -> dict[str, torch.Tensor]:
        metrics = step_of(self, batch, step=step, progress=progress)
        with (folder / "steps.jsonl").open("a") as file:
            file.write(json.dumps([step, seen]) + "\n")
        seen.clear()
        time.sleep(0.1)
        return metrics

    PairedDataset.__getitem__ = load_and_note  # type: ignore[method-assign]
    Method.step = step_and_note  # type: ignore[method-assign]


def start(config: Pix2PixConfig, folder: Path) -> list[int]:
    """The ids of the processes of a run."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    started = []
    for rank in range(PROCESSES):
        process = os.fork()
        if process == 0:
            numbers = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": PROCESSES, "LOCAL_WORLD_SIZE": PROCESSES}
            os.environ |= {name: str(number) for name, number in numbers.items()}
            os.environ |= {"MASTER_ADDR": "localhost", "MASTER_PORT": str(port)}
            code = 1
            try:
                record(folder)
                train(config, quiet=True)
                code = 0
            except BaseException:  # noqa: BLE001 (the process ends here)
                traceback.print_exc()
            finally:
                os._exit(code)
        started.append(process)
    return started


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    settings = {
        **tiny_settings(folder, folder, folder / "run", save_every=1, epochs=1, steps=0, val_samples=0),
        "a": None,
        "b": None,
        "shards": str(folder / "p-{000..019}.tar"),
    }
    config = Pix2PixConfig.from_dict(settings)
    killed = start(config, folder)
    while not list((config.out / "checkpoints").glob("step-*")):
        time.sleep(0.01)
    time.sleep(random.random() / 2)
    for process in killed:
        os.kill(process, signal.SIGKILL)
    ended = [os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) for process in killed]
    assert set(ended) <= {0, -signal.SIGKILL}, ended
    ended = [os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) for process in start(config, folder)]
    assert ended == [0, 0], ended


if __name__ == "__main__":
    main(Path(sys.argv[1]))
