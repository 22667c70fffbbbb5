"""Fuzz the code that reads untrusted files, for a limited time: pictures, animations, styles and their metadata.

    python -m tools.release.fuzz --seconds 60
    python -m tools.release.fuzz picture animation --seconds 600 --keep findings

Each target runs in its own process, with atheris (libFuzzer, guided by coverage of Pillow and of this program) if it is
installed, else with seeded mutations of whole files. A finding is an exception other than the promised one-line error,
a message that is not one line, a crash, or more than 20 seconds or 2 GB for one input. The table says which engine ran,
how many inputs there were and what was found; exit code 1 if anything was.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib
import importlib.util
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

MAX_PIXELS = 1_000_000
SLOW, MEMORY = 20, 2048  # seconds and MB for one input
SEPARATOR = b"\0\1\0"  # between the keys and values of metadata
Target = Callable[[bytes], None]


def require_line(text: str) -> None:
    assert text.isprintable() and 5 < len(text) < 2000, f"not one line: {text!r}"


def picture(work: Path) -> Target:
    """Target: decode, then encode in one of the formats."""
    from translate.errors import PictureError, one_line
    from translate.media.formats import FORMATS
    from translate.media.images import encode_picture, load_picture

    formats = list(FORMATS)

    def run(data: bytes) -> None:
        try:
            loaded = load_picture(data, max_pixels=MAX_PIXELS)
        except PictureError as error:
            require_line(one_line(error))
            return
        assert loaded.rgb.dtype == np.uint8 and loaded.rgb.shape[2] == 3 and 0 < loaded.rgb.size <= 3 * MAX_PIXELS
        if loaded.rgb.size < 100_000 and max(loaded.size) < 16_000:  # sizes that every format can hold
            format = formats[data[-1] % len(formats)]
            assert len(encode_picture(loaded, format, effort="fast")), format

    return run


def animation(work: Path) -> Target:
    """Target: check for an animation and convert it; a failure must leave nothing behind."""
    from translate.errors import PictureError, one_line
    from translate.media.animation import convert_animation
    from translate.media.formats import ANIMATED
    from translate.media.frames import MovingOptions
    from translate.media.guards import is_animated

    source = work / "source"

    def run(data: bytes) -> None:
        source.write_bytes(data)
        format = ANIMATED[data[-1] % len(ANIMATED)] if data else "GIF"
        try:
            is_animated(source)
            options = MovingOptions(max_pixels=10_000)
            convert_animation(source, work / "out", lambda frames: frames, format, options, overwrite=True)
        except PictureError as error:
            require_line(one_line(error))
        (work / "out").unlink(missing_ok=True)
        assert not list(work.glob(".*.tmp")), "a temporary file is left"

    return run


def metadata(work: Path) -> Target:
    """Target: parse a style's metadata; errors must be those that `read_contract` turns into one line."""
    from translate.style.contract import ContractError, StyleInfo

    def run(data: bytes) -> None:
        texts = [part.decode("utf-8", "replace") for part in data.split(SEPARATOR)]
        with contextlib.suppress(ContractError):
            info = StyleInfo.from_metadata(dict(zip(texts[::2], texts[1::2], strict=False)))
            assert info.stride >= 1 and 0 <= info.halo < 10**7, info
            info.positions(info.domains[0] if info.domains else None)

    return run


def style(work: Path) -> Target:
    """Target: read a whole style file."""
    from translate.errors import UnusableError, one_line
    from translate.style.session import read_style

    file = work / "style.onnx"

    def run(data: bytes) -> None:
        file.write_bytes(data)
        try:
            read_style(file)
        except UnusableError as error:
            require_line(one_line(error))

    return run


TARGETS: dict[str, Callable[[Path], Target]] = {
    "picture": picture,
    "animation": animation,
    "metadata": metadata,
    "style": style,
}


def write_seeds(name: str, folder: Path) -> None:
    """Write the files that mutations start from."""
    from tests.helpers.styles import style_info, write_style

    folder.mkdir()
    if name in ("picture", "animation"):
        from tests.helpers.corpus.broken import whole_files

        for kind, (_, content) in whole_files().items():
            if name == "picture" or kind.startswith("moving"):
                (folder / kind).write_bytes(content)
    for number, info in enumerate((style_info(), style_info(domains=["spring", "late summer"], exclusive=False))):
        if name == "metadata":
            texts = [text for pair in info.to_metadata().items() for text in pair]
            (folder / f"{number}").write_bytes(SEPARATOR.join(text.encode() for text in texts))
        elif name == "style":
            write_style(folder / f"{number}", info=info)


def mutate(content: bytes, random: np.random.Generator) -> bytes:
    """Apply a few random changes: flip bits, set special values, delete, duplicate or randomise parts."""
    changed = bytearray(content)
    for _ in range(int(random.integers(1, 6))):
        at = int(random.integers(max(1, min(len(changed), 200) if random.random() < 0.5 else len(changed))))
        length = int(random.integers(1, 9))
        match int(random.integers(5)):
            case 0:
                changed[at : at + 1] = bytes(byte ^ (1 << int(random.integers(8))) for byte in changed[at : at + 1])
            case 1:
                changed[at : at + length] = random.choice([b"\0", b"\xff", b"\x7f", b"\x80"]) * length
            case 2:
                del changed[at : at + (length if random.random() < 0.7 else len(changed))]
            case 3:
                changed[at:at] = changed[at : at + 8 * length]
            case _:
                changed[at : at + length] = random.bytes(length)
    return bytes(changed)


def run_plainly(target: Target, seeds: Path, seconds: float, findings: Path) -> None:
    """Run mutations until the time is up; keep one input per kind of finding."""
    random = np.random.default_rng(0)
    whole = [path.read_bytes() for path in sorted(seeds.iterdir())]
    known: set[str] = set()
    end, runs = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        data = mutate(whole[int(random.integers(len(whole)))], random)
        (findings / "running").write_bytes(data)  # this is left behind by a crash
        start = time.monotonic()
        try:
            target(data)
            problem = "took too long" if time.monotonic() - start > SLOW else None
        except Exception as error:  # noqa: BLE001 (any exception that a target lets through is a finding)
            problem = re.sub(r"\d+", "#", f"{type(error).__name__}: {error}")[:200]
        runs += 1
        if problem and problem not in known:
            known.add(problem)
            print(problem, file=sys.stderr)
            (findings / f"crash-{hashlib.sha256(data).hexdigest()[:16]}").write_bytes(data)
    (findings / "running").unlink(missing_ok=True)
    print(f"Done {runs} runs", file=sys.stderr)


def run_atheris(name: str, work: Path, seeds: Path, seconds: int, findings: Path) -> None:
    """Run atheris, which ends this process, with a non-zero code at the first finding."""
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["PIL", "translate"]):
        target = TARGETS[name](work)
    limits = [f"-max_total_time={seconds}", f"-timeout={SLOW}", f"-rss_limit_mb={MEMORY}", "-max_len=20000"]
    reached = seeds.parent / "reached"  # inputs with new coverage are added to the first folder
    reached.mkdir(exist_ok=True)
    atheris.Setup(["fuzz", *limits, f"-artifact_prefix={findings}/", "-seed=1", str(reached), str(seeds)], target)
    atheris.Fuzz()


def run_target(name: str, options: argparse.Namespace, plain: bool) -> tuple[str, ...]:
    """Run a target in a child process; returns its row of the table."""
    with tempfile.TemporaryDirectory() as folder:
        findings = (options.keep or Path(folder)) / name
        findings.mkdir(parents=True, exist_ok=True)
        before = set(findings.iterdir())
        command: list[Any] = [sys.executable, "-W", "ignore", "-m", "tools.release.fuzz", name]
        command += ["--seconds", options.seconds]
        command += ["--child", folder, "--keep", findings, *(["--plain"] if plain else [])]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, errors="replace")
        found = set(findings.iterdir()) - before
    runs = re.findall(r"Done (\d+) runs|stat::number_of_executed_units: *(\d+)|^#(\d+)\t", done.stderr, re.MULTILINE)
    if found or done.returncode:
        print(done.stderr[-4000:], file=sys.stderr)
    count = next((number for number in runs[-1] if number), "?") if runs else "?"
    found_text = f"{len(found)} (code {done.returncode})" if found or done.returncode else "0"
    return name, "plain" if plain else "atheris", count, found_text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"one of {', '.join(TARGETS)}; default: all")
    parser.add_argument("--seconds", type=int, default=60, help="time for each target")
    parser.add_argument("--keep", type=Path, help="folder to keep the findings in")
    parser.add_argument("--plain", action="store_true", help="do not use atheris")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.targets = options.targets or list(TARGETS)
    if not set(options.targets) <= TARGETS.keys():
        parser.error(f"the targets are {', '.join(TARGETS)}")
    plain = options.plain or importlib.util.find_spec("atheris") is None
    if options.child is None:
        rows = [
            ("target", "engine", "inputs", "findings"),
            *(run_target(name, options, plain) for name in options.targets),
        ]
        for row in rows:
            print("".join(f"{cell:<12}" for cell in row))
        return int(any(row[3] != "0" for row in rows[1:]))
    (name,), seeds, work = options.targets, options.child / "seeds", options.child / "work"
    work.mkdir()
    if plain:
        write_seeds(name, seeds)
        run_plainly(TARGETS[name](work), seeds, options.seconds, options.keep)
    else:  # in a separate process: modules imported before atheris are not instrumented
        make = (
            "import sys; from pathlib import Path; from tools.release.fuzz import write_seeds; "
            "write_seeds(sys.argv[1], Path(sys.argv[2]))"
        )
        subprocess.run([sys.executable, "-c", make, name, seeds], check=True)
        run_atheris(name, work, seeds, options.seconds, options.keep)
    return 0


if __name__ == "__main__":
    sys.exit(main())
