"""The tasks that the kill harness runs: training and converting with known results.

This imports PyTorch, so `kill_harness` sets the environment first.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from PIL import Image

from tests.helpers.pairs import TINY, picture, tiny_run
from tests.media.video.test_convert import noisy_film, write_video
from translate.media.video import convert as video

STEPS = 12
PICTURES = 40
IGNORED = {"out", "keep"}  # settings that differ from the undisturbed run's


class Task(Protocol):
    """A command whose result is known."""

    def command(self, out: Path, *, undisturbed: bool = False) -> list[str]:
        """The arguments of `translate` that start the task in ``out``, or resume it."""

    def finished(self, out: Path) -> dict[str, Any]:
        """Finished files or checkpoints by name, each with a value that changes if it is made again."""

    def contents(self, out: Path) -> dict[str, Any]:
        """The comparable contents of all files with a final name, by name; None: not whole."""

    def log(self, out: Path) -> list[tuple[Any, Any]]:
        """The logged events, each with its metrics."""


@dataclass
class Training:
    """Training one method on a few pictures."""

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
        metrics = [{name: value for name, value in line.items() if "/" in name or name == "lr"} for line in lines]
        return [((line["step"], tuple(sorted(values))), values) for line, values in zip(lines, metrics, strict=True)]


@dataclass
class Converting:
    """Converting a folder of pictures or videos."""

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
    """The content of a file or checkpoint of a run, without `IGNORED` settings; None: it is not whole."""
    try:
        if path.is_dir():
            return {file.name: comparable(file) for file in path.iterdir()}
        if path.suffix == ".json":
            return without_ignored(json.loads(path.read_text()))
        if path.suffix == ".pt":
            return as_bytes(torch.load(path, weights_only=True))
        return path.read_bytes()
    except (OSError, ValueError, RuntimeError, EOFError):
        return None


def without_ignored(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_ignored(inner) for name, inner in value.items() if name not in IGNORED}
    return value


def as_bytes(value: Any) -> Any:
    """Replace tensors by their bytes, so that ``==`` compares bit for bit."""
    if isinstance(value, Mapping):
        return {key: as_bytes(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [as_bytes(inner) for inner in value]
    return value.numpy().tobytes() if isinstance(value, torch.Tensor) else value


def write_photos(work: Path) -> Path:
    folder = work / "photos"
    folder.mkdir()
    for index in range(PICTURES):
        suffix = (".png", ".jpg", ".webp")[index % 3]
        Image.fromarray(picture(index, width=96, height=64)).save(folder / f"{index:02}{suffix}")
    return folder


def write_films(work: Path) -> Path:
    vars(video)["SEGMENT_SECONDS"] = 0.32  # eight frames, so that there are several segments to resume from
    for index in range(2):
        write_video(work / "films" / f"{index}.mp4", noisy_film(40 - 10 * index), audio="aac")
    return work / "films"


TASKS: dict[str, Callable[[Path], Task]] = {
    **{method: (lambda work, method=method: Training(method, work)) for method in TINY},  # type: ignore[misc]
    "pictures": lambda work: Converting(write_photos(work)),
    "videos": lambda work: Converting(write_films(work)),
}
