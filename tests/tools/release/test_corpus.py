"""Odd pictures: each is converted correctly or refused in one line, and nothing else happens."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.helpers.corpus import make_corpus
from tests.helpers.corpus.entry import MAX_PIXELS, Entry
from tests.helpers.corpus.places import CLOSED
from tests.helpers.paths import ROOT
from translate.errors import CODEC_ERRORS, ExitCode, printable

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="needs named pipes, devices and names of any bytes"),
]
LIMIT = 100  # seconds in total: a file that hangs the run fails the test
DAC_OVERRIDE, DAC_READ_SEARCH, DROP = 1, 2, 24  # capabilities, and the operation of `prctl`


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> list[Entry]:
    return make_corpus(tmp_path_factory.mktemp("corpus"))


@dataclass(frozen=True)
class Converted:
    """The outcome of a run over the corpus."""

    outcomes: dict[str, dict]  # by source, as in `--json`
    lines: list[str]  # on standard error
    out: Path


@pytest.fixture(params=[("--strength", "0", "--format", "png"), ()], ids=["unchanged, as PNG", "in their formats"])
def converted(
    request: pytest.FixtureRequest, corpus: list[Entry], tiny_style: Path, tmp_path: Path
) -> tuple[Converted, bool]:
    """The corpus converted by one process, and whether the results show the photos unchanged."""
    source, out = corpus[0].path.parents[1], tmp_path / "out"
    closed = out / "places" / CLOSED
    closed.mkdir(parents=True)
    closed.chmod(0o555)
    before = fingerprints(corpus)
    command: list[Any] = [
        sys.executable,
        "-m",
        "translate",
        "convert",
        source,
        "-o",
        out,
        "--recursive",
        "--json",
        "--quiet",
    ]
    command += ["--style", tiny_style, "--device", "cpu", "--max-pixels", str(MAX_PIXELS), *request.param]
    done = subprocess.run(command, check=False, capture_output=True, timeout=LIMIT, preexec_fn=as_anyone)
    assert done.returncode == ExitCode.SOME_FAILED, done.stderr.decode()
    assert fingerprints(corpus) == before, "a source was changed"
    files = json.loads(done.stdout)["files"]
    outcomes = {file["source"]: file for file in files}
    assert len(outcomes) == len(files), "a file was taken twice"
    return Converted(outcomes, done.stderr.decode().splitlines(), out), bool(request.param)


def as_anyone() -> None:
    """Make file permissions apply to root too, by dropping the capabilities that bypass them."""
    if os.geteuid() == 0:
        for capability in (DAC_OVERRIDE, DAC_READ_SEARCH):
            ctypes.CDLL(None).prctl(DROP, capability, 0, 0, 0)


def fingerprints(corpus: list[Entry]) -> dict[Path, object]:
    """For all sources: the content, or what is known of those without; and the modification time."""
    told: dict[Path, object] = {}
    for entry in corpus:
        with suppress(PermissionError):  # root can read it anyway
            status = entry.path.lstat()
            told[entry.path] = (status.st_mode, status.st_mtime_ns, status.st_ino)
            if entry.regular:
                told[entry.path] = (told[entry.path], hashlib.sha256(entry.path.read_bytes()).digest())
    return told


def test_every_file_is_converted_correctly_or_is_one_line(
    corpus: list[Entry], converted: tuple[Converted, bool]
) -> None:
    run, unchanged = converted
    assert run.outcomes.keys() == {str(entry.path) for entry in corpus}, "a file was passed over"
    counts: Counter[str] = Counter()
    by_kind: dict[str, Counter[str]] = defaultdict(Counter)
    problems = []
    for entry in corpus:
        outcome = run.outcomes[str(entry.path)]
        counts[outcome["status"]] += 1
        by_kind[entry.path.parent.relative_to(corpus[0].path.parents[1]).parts[0]][outcome["status"]] += 1
        if outcome["status"] == "converted":
            problem = wrong_result(entry, Path(outcome["output"]), unchanged=unchanged)
        else:
            problem = wrong_refusal(entry, outcome, run.lines)
        if entry.fate not in ("either", {"failed": "refused"}.get(outcome["status"], outcome["status"])):
            problem = f"is to be {entry.fate}, not {outcome['status']}: {outcome['error']}"
        problems += [f"{entry.path}: {problem}"] if problem else []
    assert not problems, "\n".join(problems)
    assert len(run.lines) == counts["failed"], "\n".join(run.lines)  # and no others
    written = {path for path in run.out.rglob("*") if not path.is_dir()}
    assert written == {Path(file["output"]) for file in run.outcomes.values() if file["status"] == "converted"}
    print(  # noqa: T201 (what it is run with -s for)
        f"{len(corpus)} files: {counts['converted']} converted, {counts['failed']} refused with one line, 0 others"
    )
    for kind, found in by_kind.items():
        print(f"{kind}: {found['converted']} converted, {found['failed']} refused")  # noqa: T201
    assert len(corpus) > 1300 and set(counts) == {"converted", "failed"}


def wrong_refusal(entry: Entry, outcome: dict, lines: list[str]) -> str | None:
    """What is wrong with the line about a refused file."""
    error = outcome["error"]
    said = [line for line in lines if line == f"failed: {printable(error)}"]
    if len(said) != 1:
        return f"{len(said)} lines: {error!r}"
    named = (printable(path.replace("\n", " ")) for path in (outcome["source"], outcome["output"]))
    if not error.startswith(tuple(f"{name}: " for name in named)):
        return f"is not named: {error!r}"
    return None if 10 < len(error) - len(str(entry.path)) < 300 and "Traceback" not in error else f"unclear: {error!r}"


def wrong_result(entry: Entry, output: Path, *, unchanged: bool) -> str | None:
    """What is wrong with the result of a file; ``unchanged``: it must show what the file shows."""
    with Image.open(output) as image:
        image.load()
        size, clear = image.size, image.has_transparency_data
        shown = np.asarray(image.convert("RGBA"), np.int16)
        if image.getexif().get(274, 1) != 1:
            return "is turned again by whoever shows it"
    if entry.picture is None:
        expected = as_pillow_sees(entry.path)
        return f"is {size}, not {expected}" if expected not in (None, size) else None
    height, width, channels = entry.picture.shape
    if size != (width, height):
        return f"is {size}, not {(width, height)}"
    if channels == 4 and not clear and image.format in ("PNG", "WEBP", "TIFF", "AVIF"):
        return "has lost its transparency"
    if not unchanged:
        return None
    off = difference(shown, entry.picture)
    return f"is off by {off:.1f}, more than {entry.tolerance}" if off > entry.tolerance else None


def difference(shown: np.ndarray, picture: np.ndarray) -> float:
    """Mean difference over all pixels; clear pixels have no colour."""
    channels = picture.shape[2]
    alpha = picture[..., 3:] / 255 if channels == 4 else 1
    colours = np.abs(shown[..., :3] - picture[..., :3]) * alpha
    return float(max(colours.mean(), np.abs(shown[..., 3] - (picture[..., 3] if channels == 4 else 255)).mean()))


def as_pillow_sees(path: Path) -> tuple[int, int] | None:
    """Width and height of the upright picture."""
    with suppress(*CODEC_ERRORS), Image.open(path) as image:
        return ImageOps.exif_transpose(image).size
    return None


def test_any_name_can_be_given_on_the_command_line(corpus: list[Entry], tiny_style: Path, tmp_path: Path) -> None:
    folder = next(entry.path.parent for entry in corpus if entry.path.name == "-o.png")
    given = [entry.path.name for entry in corpus if entry.path.parent == folder and entry.fate == "converted"]
    command: list[Any] = [sys.executable, "-m", "translate", "convert", "--style", tiny_style, "--device", "cpu"]
    done = subprocess.run(
        [*command, "--output", tmp_path / "out", "--", *given],
        check=False,
        capture_output=True,
        cwd=folder,
        timeout=LIMIT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == ExitCode.OK, done.stderr.decode()
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(given)
