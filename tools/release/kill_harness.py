"""Kill training and converting at random moments, repeatedly, and compare the results with undisturbed runs.

python -m tools.release.kill_harness [--kills 50] [--seed 0] [--only pix2pix pictures ...]

A run consists of attempts. Each attempt is a process that is killed by SIGKILL after a random part of the time that the
undisturbed run takes; the same command is repeated until it finishes. Then the next run begins, until the number of
kills is reached. Counted are:
- lost: finished files or checkpoints that are gone after a kill; files and logged steps that are missing at the end;
- duplicated: finished files that were made again; steps logged twice, and files left over at the end;
- partial: files with a final name whose content is not what the undisturbed run wrote;
- different: weights, state, logged metrics or pictures that differ from the undisturbed run's at the end;
- failed: attempts that ended by themselves with an error.
Exit code 1: any of these was counted.
"""

from __future__ import annotations

import argparse
import importlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ |= {"OMP_NUM_THREADS": "1", "TRANSLATE_CACHE": "", "NO_ALBUMENTATIONS_UPDATE": "1"}

import torch

from tests.helpers.pairs import TINY
from tools.release.kill_tasks import TASKS, Task
from translate import cli

# imported before forking the attempts, so that kills hit the work and not the imports
PRELOADED = (
    "commands.convert",
    "commands.train",
    "train.loop",
    "style.translator",
    "convert.pipeline",
    "media.animation",
    "media.video.segments",
)
COUNTED = ("kills", "runs", "lost", "duplicated", "partial", "different", "failed")


@dataclass
class Harness:
    """Runs one task and kills it repeatedly."""

    task: Task
    work: Path
    counts: Counter[str] = field(default_factory=Counter)

    def run(self, kills: int, rng: random.Random) -> Counter[str]:
        self.work.mkdir(parents=True, exist_ok=True)
        whole = self.work / "undisturbed"
        self.finish(whole, undisturbed=True)
        self.whole = self.task.contents(whole)
        start = time.monotonic()
        self.finish(self.work / "again")  # everything below relies on runs being reproducible
        seconds = time.monotonic() - start
        self.compare(self.work / "again", whole)
        while self.counts["kills"] < kills:
            out = self.work / f"run-{self.counts['runs']}"
            before: dict[str, Any] = {}
            while (code := attempt(self.task.command(out), self.work / "log.txt", self.delay(kills, rng, seconds))) < 0:
                self.counts["kills"] += 1
                before = self.inspect(out, before)
            self.counts["failed"] += code != 0
            self.counts["runs"] += 1
            self.inspect(out, before)
            self.compare(out, whole)
            shutil.rmtree(out, ignore_errors=True)
        return self.counts

    def delay(self, kills: int, rng: random.Random, seconds: float) -> float | None:
        """Seconds after which to kill the next attempt; None: let it finish."""
        return rng.uniform(0, seconds) if self.counts["kills"] < kills else None

    def finish(self, out: Path, *, undisturbed: bool = False) -> None:
        """Run the task without killing it; exits if it fails."""
        log = self.work / "log.txt"
        if attempt(self.task.command(out, undisturbed=undisturbed), log, None) != 0:
            raise SystemExit(f"the undisturbed run failed: {log.read_text()[-3000:]}")

    def inspect(self, out: Path, before: dict[str, Any]) -> dict[str, Any]:
        """After an attempt: what was finished must still be there, and files with a final name must be whole."""
        now = self.task.finished(out)
        self.counts["lost"] += len(before.keys() - now.keys())
        self.counts["duplicated"] += sum(now[name] != before[name] for name in now.keys() & before.keys())
        for name, content in self.task.contents(out).items():
            if content is None or content != self.whole.get(name):
                self.counts["partial"] += 1
                print(f"partial: {out / name}")
        return now

    def compare(self, out: Path, whole: Path) -> None:
        """After the last attempt: compare files and log with those of the undisturbed run."""
        found = self.task.contents(out)
        wanted = {name: self.whole[name] for name in self.whole if name in found or not superseded(name, found)}
        left = list(out.rglob(".*"))
        self.counts["lost"] += len(wanted.keys() - found.keys())
        self.counts["duplicated"] += len(found.keys() - wanted.keys()) + len(left)
        self.counts["different"] += sum(found[name] != wanted[name] for name in wanted.keys() & found.keys())
        logged, expected = self.task.log(out), self.task.log(whole)
        happened, should = Counter(what for what, _ in logged), Counter(what for what, _ in expected)
        self.counts["lost"] += sum((should - happened).values())
        self.counts["duplicated"] += sum((happened - should).values())
        metrics = dict(expected)
        self.counts["different"] += sum(metrics.get(what) != values for what, values in logged)


def superseded(name: str, found: Mapping[str, Any]) -> bool:
    """Whether ``name`` belongs to a checkpoint that was removed because newer ones exist, as the settings ask."""
    kept = sorted(other for other in found if other.startswith("checkpoints/"))
    return name.startswith("checkpoints/") and len(kept) == 2 and name < kept[0]


def attempt(arguments: list[str], log: Path, seconds: float | None) -> int:
    """Run `translate ARGUMENTS...` in a child process, killed after ``seconds``; its exit code, negative if killed."""
    process = os.fork()
    if process == 0:
        code = 70
        try:
            with log.open("w") as file:
                os.dup2(file.fileno(), 1)
                os.dup2(file.fileno(), 2)
            sys.argv = ["translate", *arguments]
            try:
                cli.main()
                code = 0
            except SystemExit as ended:
                code = int(ended.code or 0)
            except BaseException:  # noqa: BLE001 (it is reported and ends this child)
                traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(process, signal.SIGKILL)  # harmless if it has ended: its id stays reserved until `waitpid`
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    if code > 0:
        print(log.read_text()[-3000:])
    return code


def split_evenly(total: int, parts: int) -> list[int]:
    return [total // parts + (index < total % parts) for index in range(parts)]


def main() -> None:
    parser = argparse.ArgumentParser(description="Kill training and converting at random moments.")
    parser.add_argument("--kills", type=int, default=50, help="number of kills of training, and as many of converting")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=list(TASKS), default=list(TASKS))
    options = parser.parse_args()
    rng = random.Random(options.seed)
    for name in ("torch._dynamo", *(f"translate.{name}" for name in PRELOADED)):
        importlib.import_module(name)
    torch.set_num_threads(1)
    print("| task | " + " | ".join(COUNTED) + " |\n| --- |" + " ---: |" * len(COUNTED))
    total: Counter[str] = Counter()
    trained = [name for name in options.only if name in TINY]
    for chosen in (trained, [name for name in options.only if name not in TINY]):
        for name, kills in zip(chosen, split_evenly(options.kills, len(chosen)), strict=True):
            with tempfile.TemporaryDirectory() as folder:
                work = Path(folder)
                counts = Harness(TASKS[name](work), work / "runs").run(kills, rng)
            print(f"| {name} | " + " | ".join(str(counts[what]) for what in COUNTED) + " |", flush=True)
            total += counts
    print("| together | " + " | ".join(str(total[what]) for what in COUNTED) + " |")
    sys.exit(any(total[what] for what in COUNTED[2:]))


if __name__ == "__main__":
    main()
