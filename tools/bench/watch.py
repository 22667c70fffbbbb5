"""Copy files slowly into a folder under `translate watch`, which is killed meanwhile, and check what comes out.

    python -m tools.bench.watch [--files 500] [--kills 2] [--style cel]

Each file is copied in two parts with a pause between. At the end each photo has one result, with the bytes that
`translate convert` writes, and no line twice. The exit status is 1 otherwise.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tools.release.soak import draw
from translate import ConvertRequest, convert_files

SIDE = 96  # pixels of the photos
PAUSE = 0.02  # seconds between the halves of a file


def copy_slowly(photos: list[Path], folder: Path) -> None:
    for photo in photos:
        content = photo.read_bytes()
        with (folder / photo.name).open("wb") as file:
            file.write(content[: len(content) // 2])
            file.flush()
            time.sleep(PAUSE)
            file.write(content[len(content) // 2 :])


def finished(out: Path) -> int:
    return sum(1 for _ in out.glob("*.jpg"))


def main(
    files: Annotated[int, typer.Option(min=10)] = 500,
    kills: Annotated[int, typer.Option(min=0)] = 2,
    style: str = "cel",
    patience: Annotated[float, typer.Option(help="seconds without a new result after which it gives up")] = 60.0,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        photos = draw(work / "drawn", files, SIDE)
        for result in convert_files(ConvertRequest(inputs=[work / "drawn"], output=work / "expected", style=style)):
            assert result.failure is None, result.failure
        watched, out, log = work / "in", work / "out", work / "log"
        watched.mkdir()
        command = [sys.executable, "-m", "translate", "watch", str(watched), "-o", str(out), "--style", style]
        copying = threading.Thread(target=copy_slowly, args=(photos, watched))
        copying.start()
        killed = run_and_kill([*command, "--settle", "0.5"], log, out, files, kills, patience)
        copying.join()
        lines = Counter(line.partition(" -> ")[0] for line in log.read_text().splitlines() if " -> " in line)
        results = {path.name: path.read_bytes() for path in out.glob("*.jpg")}
        same = sum(results.get(path.name) == path.read_bytes() for path in (work / "expected").iterdir())
        left = [path for path in out.rglob("*") if path.is_file() and path.parent != out and path.name != "lock"]
    twice = sum(count > 1 for count in lines.values())
    table = Table("", "", title=f"{files} files, killed {killed} times")
    table.add_row("results", str(len(results)))
    table.add_row("with the bytes of `translate convert`", str(same))
    table.add_row("files with a line, with more than one", f"{len(lines)}, {twice}")
    table.add_row("partial files left", str(len(left)))
    Console(width=80).print(table)
    held = len(results) == same == files and not twice and not left and killed == kills
    raise typer.Exit(0 if held else 1)


def run_and_kill(command: list[str], log: Path, out: Path, files: int, kills: int, patience: float) -> int:
    """Run ``command`` until there are as many results as ``files``; returns how often it was killed on the way."""
    killed, seen, since = 0, 0, time.monotonic()
    with log.open("wb") as file:
        running = subprocess.Popen(command, stderr=file)
        try:
            while finished(out) < files and time.monotonic() - since < patience:
                if finished(out) > seen:
                    seen, since = finished(out), time.monotonic()
                if killed < kills and seen >= files * (killed + 1) // (kills + 1):
                    running.kill()
                    running.wait()
                    killed += 1
                    running = subprocess.Popen(command, stderr=file)
                time.sleep(0.01)
            time.sleep(2)  # for what would be translated again
        finally:
            running.terminate()
            running.wait()
    return killed


if __name__ == "__main__":
    typer.run(main)
