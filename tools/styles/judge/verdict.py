"""How drawn do pictures look to a judge that took no part in training? One table per set of photos.

    python -m tools.styles.judge.verdict --photos kodak=DIR [--photos NAME=DIR] --drawn ART --work WORK
        --variants anime=anime@fp32 [--variants NAME=STYLE] [--variants teacher=DIR --teacher teacher]
        --node-modules DIR [--network InceptionV3] [--long 768]

A variant is a shipped style (as the library chooses on this machine, or ``anime@fp32``, ``anime@int8``), an .onnx file,
or a folder of pictures with the photos' names. Photos, variants and art are resized to the same longer side, written
below WORK and classified by drawn.mjs (see there). A percentage says how far the mean logit has come from the photos'
(0 %) to the teacher's or drawn art's (100 %). `rule` says which networks may not be trained against.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tools.styles.judge.variants import DRAWN, PHOTO, Variant, by_stem, collect, parse_named

JUDGE = Path(__file__).with_name("drawn.mjs")


@dataclass(frozen=True)
class Verdict:
    """On a folder of pictures: their number, mean log odds of being drawn and mean probability."""

    count: int
    logit: float
    probability: float


def main(
    photos: Annotated[list[str], typer.Option(help="NAME=DIR of photos not used for training")],
    variants: Annotated[list[str], typer.Option(help="NAME=STYLE, NAME=FILE.onnx, or NAME=DIR of pictures")],
    drawn: Annotated[Path, typer.Option(help="folder of drawn art")],
    work: Annotated[Path, typer.Option(help="folder to write pictures to, reused the next time")],
    node_modules: Annotated[Path, typer.Option(help="folder where npm installed the packages in package.json")],
    teacher: Annotated[str | None, typer.Option(help="the variant that counts as 100 %")] = None,
    network: Annotated[str, typer.Option(help="MobileNetV2 or InceptionV3")] = "MobileNetV2",
    long: Annotated[int, typer.Option(min=64, help="longer side of the pictures in pixels")] = 768,
) -> None:
    chosen = [Variant.parse(option) for option in variants]
    work = work.resolve()  # as in the output of drawn.mjs
    if teacher is not None and teacher not in [variant.name for variant in chosen]:
        raise typer.BadParameter(f"--teacher {teacher}: is not one of the variants")
    if reserved := {PHOTO, DRAWN} & {variant.name for variant in chosen}:
        raise typer.BadParameter(f"--variants: {', '.join(reserved)} is reserved, choose another name")
    art = collect(drawn, [], work / DRAWN, long=long)[PHOTO]
    sets = {}
    for name, folder in map(parse_named, photos):
        if name == DRAWN:
            raise typer.BadParameter(f"--photos: {DRAWN} is reserved, choose another name")
        sets[name] = {**collect(Path(folder), chosen, work / name, long=long), DRAWN: art}
    judged = judge([folder for folders in sets.values() for folder in folders.values()], network, node_modules)
    for name, folders in sets.items():
        console = Console(width=110)
        console.print(tabulate(f"{name}, {network}", {key: judged[folder] for key, folder in folders.items()}, teacher))


def judge(folders: Sequence[Path], network: str, node_modules: Path) -> dict[Path, Verdict]:
    """The verdict on each folder, cached inside it until one of its pictures changes."""
    stale = [folder for folder in dict.fromkeys(folders) if not _is_cached(folder, network)]
    if stale:
        command: list[str | Path] = ["node", JUDGE, network, *stale, "--node-modules", node_modules]
        answer = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
        lines = [json.loads(line) for line in answer.splitlines()]
        for folder in stale:
            own = [json.dumps(line) + "\n" for line in lines if Path(line["file"]).parent == folder]
            _cache_file(folder, network).write_text("".join(own))
    return {folder: summarise(_cache_file(folder, network).read_text()) for folder in folders}


def summarise(lines: str) -> Verdict:
    """The verdict from the output of drawn.mjs; raises ``ValueError`` where it has no pictures."""
    pictures = [json.loads(line) for line in lines.splitlines()]
    if not pictures:
        raise ValueError("the judge saw no picture")
    logit, probability = (sum(picture[key] for picture in pictures) / len(pictures) for key in ("logit", "p"))
    return Verdict(len(pictures), logit, probability)


def fraction_of_way(logit: float, start: float, end: float) -> float:
    """How far ``logit`` has come from ``start`` (0) to ``end`` (1); NaN where those are equal."""
    return (logit - start) / (end - start) if end != start else float("nan")


def tabulate(title: str, verdicts: Mapping[str, Verdict], teacher: str | None) -> Table:
    """One row per variant; `PHOTO` and `DRAWN` have to be among them."""
    table = Table("", title=title)
    for heading in ("pictures", "mean logit", "mean P(drawn)", "of the way to the teacher", "to drawn art"):
        table.add_column(heading, justify="right")
    start = verdicts[PHOTO].logit
    for name, verdict in verdicts.items():
        fractions = [
            "" if goal is None else f"{fraction_of_way(verdict.logit, start, verdicts[goal].logit):.0%}"
            for goal in (teacher, DRAWN)
        ]
        table.add_row(name, str(verdict.count), f"{verdict.logit:.2f}", f"{verdict.probability:.3f}", *fractions)
    return table


def _cache_file(folder: Path, network: str) -> Path:
    return folder / f"{network}.jsonl"


def _is_cached(folder: Path, network: str) -> bool:
    cache = _cache_file(folder, network)
    if not cache.is_file():
        return False
    pictures = by_stem(folder)
    seen = {Path(json.loads(line)["file"]).stem for line in cache.read_text().splitlines()}
    return seen == pictures.keys() and all(path.stat().st_mtime <= cache.stat().st_mtime for path in pictures.values())


if __name__ == "__main__":
    typer.run(main)
