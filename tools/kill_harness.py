"""Kills training and converting at random moments, over and over, and compares what comes of it to undisturbed runs.

python tools/kill_harness.py [--kills 50] [--seed 0] [--only pix2pix pictures ...]

Each life of a run is a process of its own, killed by SIGKILL after a random part of the time that the undisturbed run
takes, and begun anew by the same command until it is through; then the next run begins, until there were so many kills.
Counted are:
- lost: finished files or checkpoints that are gone after a kill; files and logged steps that are missing at the end;
- duplicated: finished files that were made anew; steps logged twice and files left over at the end;
- partial: files with a final name that are not what the undisturbed run wrote under it;
- different: weights, state, logged figures or pictures that differ from the undisturbed run's at the end;
- failed: lives that ended by themselves with an error.
Exit code 1: something but kills was counted.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

os.environ |= {"OMP_NUM_THREADS": "1", "TRANSLATE_CACHE": "", "NO_ALBUMENTATIONS_UPDATE": "1"}
sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
from PIL import Image

from tests.pairs import TINY, picture, tiny_run
from tests.test_video import noisy_film, write_video
from translate import cli, video

# what a life imports on its way: all of them are forked from this process, so that kills hit work and not imports
FOR_LIVES = ("commands.convert", "commands.train", "training", "inference", "pipeline", "animation", "video_parts")
COUNTED = ("kills", "runs", "lost", "duplicated", "partial", "different", "failed")
STEPS = 12
PICTURES = 40
FREE = {"out", "keep"}  # settings that the undisturbed run has otherwise


class Task(Protocol):
    """Something to do whose result is known."""

    def command(self, out: Path, *, undisturbed: bool = False) -> list[str]:
        """The arguments of `translate` that make the result in ``out``, and go on with it."""

    def finished(self, out: Path) -> dict[str, Any]:
        """By name what is there for good, of what it can be told that it was made anew."""

    def contents(self, out: Path) -> dict[str, Any]:
        """By name all files with a final name, as what can be compared."""

    def log(self, out: Path) -> list[tuple[Any, Any]]:
        """What happened, and the figures of it."""


@dataclass
class Training:
    """A run of one method on a few pictures."""

    method: str
    work: Path

    def command(self, out: Path, *, undisturbed: bool = False) -> list[str]:
        changes: dict[str, Any] = {"instance_noise": 0.1, "diff_augment": "color", "flip": True, "ema": 0.9}
        config = tiny_run(
            self.method,
            self.work / "data",
            out,
            **changes,
            steps=STEPS,
            save_every=2,
            sample_every=4,
            log_every=1,
            keep=99 if undisturbed else 2,
            workers=1 if self.method == "pix2pix" else 0,
        )
        file = self.work / f"{out.name}.json"
        file.write_text(json.dumps(config.to_dict()))
        return ["train", self.method, "--config", str(file)]

    def finished(self, out: Path) -> dict[str, Any]:
        names = [path.name for path in (out / "checkpoints").glob("step-*")]
        return {"newest checkpoint": None} if names else {}

    def contents(self, out: Path) -> dict[str, Any]:
        files = [*out.glob("*.json"), *out.glob("checkpoints/[!.]*"), *out.glob("samples/[!.]*")]
        return {path.relative_to(out).as_posix(): comparable(path) for path in files}

    def log(self, out: Path) -> list[tuple[Any, Any]]:
        lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        figures = [{name: value for name, value in line.items() if "/" in name or name == "lr"} for line in lines]
        return [((line["step"], tuple(sorted(values))), values) for line, values in zip(lines, figures, strict=True)]


@dataclass
class Converting:
    """A folder of pictures or videos."""

    source: Path

    def command(self, out: Path, *, undisturbed: bool = False) -> list[str]:
        return ["convert", str(self.source), "-o", str(out), "--skip-existing", "--device", "cpu", "--quiet"]

    def finished(self, out: Path) -> dict[str, Any]:
        return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in out.glob("[!.]*")}

    def contents(self, out: Path) -> dict[str, Any]:
        return {path.name: path.read_bytes() for path in out.glob("[!.]*")}

    def log(self, out: Path) -> list[tuple[Any, Any]]:
        return []


def comparable(path: Path) -> Any:
    """What is in a file or checkpoint of a run, without what may differ; ``None``: it is not whole."""
    try:
        if path.is_dir():
            return {file.name: comparable(file) for file in path.iterdir()}
        if path.suffix == ".json":
            return without_free(json.loads(path.read_text()))
        if path.suffix == ".pt":
            return plain(torch.load(path, weights_only=True))
        return path.read_bytes()
    except (OSError, ValueError, RuntimeError, EOFError):
        return None


def without_free(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_free(inner) for name, inner in value.items() if name not in FREE}
    return value


def plain(value: Any) -> Any:
    """Tensors as bytes, so that ``==`` compares bit for bit."""
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value.numpy().tobytes() if isinstance(value, torch.Tensor) else value


@dataclass
class Harness:
    """One task under fire."""

    task: Task
    work: Path
    counts: Counter[str] = field(default_factory=Counter)

    def run(self, kills: int, rng: random.Random) -> Counter[str]:
        self.work.mkdir(parents=True, exist_ok=True)
        whole = self.work / "undisturbed"
        self.must(whole, undisturbed=True)
        self.whole = self.task.contents(whole)
        start = time.monotonic()
        self.must(self.work / "again")  # that it gives the same is a condition of all that follows
        seconds = time.monotonic() - start
        self.judge(self.work / "again", whole)
        while self.counts["kills"] < kills:
            out = self.work / f"run-{self.counts['runs']}"
            before: dict[str, Any] = {}
            while (code := life(self.task.command(out), self.work / "log.txt", self.moment(kills, rng, seconds))) < 0:
                self.counts["kills"] += 1
                before = self.inspect(out, before)
            self.counts["failed"] += code != 0
            self.counts["runs"] += 1
            self.inspect(out, before)
            self.judge(out, whole)
            shutil.rmtree(out, ignore_errors=True)
        return self.counts

    def moment(self, kills: int, rng: random.Random, seconds: float) -> float | None:
        """When to kill the next life, in seconds from its start; None: not at all."""
        return rng.uniform(0, seconds) if self.counts["kills"] < kills else None

    def must(self, out: Path, *, undisturbed: bool = False) -> None:
        log = self.work / "log.txt"
        if life(self.task.command(out, undisturbed=undisturbed), log, None) != 0:
            raise SystemExit(f"the undisturbed run failed: {log.read_text()[-3000:]}")

    def inspect(self, out: Path, before: dict[str, Any]) -> dict[str, Any]:
        """After a life: what was finished is still there, and what has a final name is whole."""
        now = self.task.finished(out)
        self.counts["lost"] += len(before.keys() - now.keys())
        self.counts["duplicated"] += sum(now[name] != before[name] for name in now.keys() & before.keys())
        for name, content in self.task.contents(out).items():
            if content is None or content != self.whole.get(name):
                self.counts["partial"] += 1
                print(f"partial: {out / name}")
        return now

    def judge(self, out: Path, whole: Path) -> None:
        """After the last life."""
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
        figures = dict(expected)
        self.counts["different"] += sum(figures.get(what) != values for what, values in logged)


def superseded(name: str, found: Mapping[str, Any]) -> bool:
    """Whether ``name`` is of a checkpoint that was dropped for newer ones, as the settings ask."""
    kept = sorted(other for other in found if other.startswith("checkpoints/"))
    return name.startswith("checkpoints/") and len(kept) == 2 and name < kept[0]


def life(arguments: list[str], log: Path, seconds: float | None) -> int:
    """Run `translate ARGUMENTS...` in a process; its exit code, negative where it was killed after ``seconds``."""
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
            except BaseException:  # noqa: BLE001 (it is reported, and ends this process)
                traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(process, signal.SIGKILL)  # one that has ended has not been waited for: the kill does nothing
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    if code > 0:
        print(log.read_text()[-3000:])
    return code


def photos(work: Path) -> Path:
    folder = work / "photos"
    folder.mkdir()
    for index in range(PICTURES):
        suffix = (".png", ".jpg", ".webp")[index % 3]
        Image.fromarray(picture(index, width=96, height=64)).save(folder / f"{index:02}{suffix}")
    return folder


def films(work: Path) -> Path:
    vars(video)["SEGMENT_SECONDS"] = 0.32  # eight frames, so that there are several to resume from
    for index in range(2):
        write_video(work / "films" / f"{index}.mp4", noisy_film(40 - 10 * index), audio="aac")
    return work / "films"


TASKS: dict[str, Callable[[Path], Task]] = {
    **{method: (lambda work, method=method: Training(method, work)) for method in TINY},  # type: ignore[misc]
    "pictures": lambda work: Converting(photos(work)),
    "videos": lambda work: Converting(films(work)),
}


def shares(total: int, parts: int) -> list[int]:
    return [total // parts + (index < total % parts) for index in range(parts)]


def main() -> None:
    parser = argparse.ArgumentParser(description="Kill training and converting at random moments.")
    parser.add_argument("--kills", type=int, default=50, help="of training, and as many of converting")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=list(TASKS), default=list(TASKS))
    options = parser.parse_args()
    rng = random.Random(options.seed)
    for name in ("torch._dynamo", *(f"translate.{name}" for name in FOR_LIVES)):
        importlib.import_module(name)
    torch.set_num_threads(1)
    print("| task | " + " | ".join(COUNTED) + " |\n| --- |" + " ---: |" * len(COUNTED))
    total: Counter[str] = Counter()
    trained = [name for name in options.only if name in TINY]
    for chosen in (trained, [name for name in options.only if name not in TINY]):
        for name, kills in zip(chosen, shares(options.kills, len(chosen)), strict=True):
            with tempfile.TemporaryDirectory() as folder:
                work = Path(folder)
                counts = Harness(TASKS[name](work), work / "runs").run(kills, rng)
            print(f"| {name} | " + " | ".join(str(counts[what]) for what in COUNTED) + " |", flush=True)
            total += counts
    print("| together | " + " | ".join(str(total[what]) for what in COUNTED) + " |")
    sys.exit(any(total[what] for what in COUNTED[2:]))


if __name__ == "__main__":
    main()
