"""How drawn do pictures look to a judge that took no part in training? A table for each set of photos.

    python -m tools.styles.judge.verdict --photos kodak=DIR [--photos NAME=DIR] --drawn ART --work WORK
        --variants anime=anime@fp32 [--variants NAME=STYLE] [--variants teacher=DIR --teacher teacher]
        --node-modules DIR [--network InceptionV3] [--long 768]

A variant is a shipped style (as the library chooses on this machine, or ``anime@fp32``, ``anime@int8``), an .onnx file,
or a folder of pictures with the photos' names. Photos, variants and art are brought to one working size, written below
WORK and shown to drawn.mjs, see there. The share of the way is that of the mean logit from the photos, 0 %, to the
teacher's pictures or to drawn art, 100 %. `rule` says which networks may not be trained against.
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

from tools.styles.judge.variants import DRAWN, PHOTO, Variant, by_stem, collect, named

JUDGE = Path(__file__).with_name("drawn.mjs")


@dataclass(frozen=True)
class Verdict:
    """Of a folder of pictures: their number, the mean log odds of being drawn and the mean probability."""

    count: int
    logit: float
    probability: float


def main(
    photos: Annotated[list[str], typer.Option(help="NAME=DIR of photos, none of them trained on")],
    variants: Annotated[list[str], typer.Option(help="NAME=STYLE, an .onnx file or a folder of pictures")],
    drawn: Annotated[Path, typer.Option(help="folder of drawn art")],
    work: Annotated[Path, typer.Option(help="folder to write pictures to, kept for the next time")],
    node_modules: Annotated[Path, typer.Option(help="where npm installed what package.json names")],
    teacher: Annotated[str | None, typer.Option(help="the variant that counts as 100 %")] = None,
    network: Annotated[str, typer.Option(help="MobileNetV2 or InceptionV3")] = "MobileNetV2",
    long: Annotated[int, typer.Option(min=64, help="pixels of the longer side")] = 768,
) -> None:
    chosen = [Variant.parse(option) for option in variants]
    work = work.resolve()  # as Node names what is in it
    if teacher is not None and teacher not in [variant.name for variant in chosen]:
        raise typer.BadParameter(f"--teacher {teacher}: is none of the variants")
    if taken := {PHOTO, DRAWN} & {variant.name for variant in chosen}:
        raise typer.BadParameter(f"--variants: {', '.join(taken)} is taken, choose another name")
    art = collect(drawn, [], work / DRAWN, long=long)[PHOTO]
    sets = {}
    for name, folder in map(named, photos):
        if name == DRAWN:
            raise typer.BadParameter(f"--photos: {DRAWN} is taken, choose another name")
        sets[name] = {**collect(Path(folder), chosen, work / name, long=long), DRAWN: art}
    judged = judge([folder for folders in sets.values() for folder in folders.values()], network, node_modules)
    for name, folders in sets.items():
        console = Console(width=110)
        console.print(tabulate(f"{name}, {network}", {key: judged[folder] for key, folder in folders.items()}, teacher))


def judge(folders: Sequence[Path], network: str, node_modules: Path) -> dict[Path, Verdict]:
    """The verdict on each folder; what was judged before is kept in it until one of its pictures changes."""
    stale = [folder for folder in dict.fromkeys(folders) if not _is_kept(folder, network)]
    if stale:
        command: list[str | Path] = ["node", JUDGE, network, *stale, "--node-modules", node_modules]
        answer = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
        lines = [json.loads(line) for line in answer.splitlines()]
        for folder in stale:
            own = [json.dumps(line) + "\n" for line in lines if Path(line["file"]).parent == folder]
            _record(folder, network).write_text("".join(own))
    return {folder: summarise(_record(folder, network).read_text()) for folder in folders}


def summarise(lines: str) -> Verdict:
    """The verdict of what drawn.mjs printed; raises ``ValueError`` where it saw no picture."""
    pictures = [json.loads(line) for line in lines.splitlines()]
    if not pictures:
        raise ValueError("the judge saw no picture")
    logit, probability = (sum(picture[key] for picture in pictures) / len(pictures) for key in ("logit", "p"))
    return Verdict(len(pictures), logit, probability)


def share_of_way(logit: float, start: float, end: float) -> float:
    """0 where ``logit`` is that of the photos, ``start``, and 1 where it is ``end``; NaN where those are equal."""
    return (logit - start) / (end - start) if end != start else float("nan")


def tabulate(title: str, verdicts: Mapping[str, Verdict], teacher: str | None) -> Table:
    """A row for each variant, with `PHOTO` and `DRAWN` among them."""
    table = Table("", title=title)
    for heading in ("pictures", "mean logit", "mean P(drawn)", "of the way to the teacher", "to drawn art"):
        table.add_column(heading, justify="right")
    start = verdicts[PHOTO].logit
    for name, verdict in verdicts.items():
        shares = [
            "" if goal is None else f"{share_of_way(verdict.logit, start, verdicts[goal].logit):.0%}"
            for goal in (teacher, DRAWN)
        ]
        table.add_row(name, str(verdict.count), f"{verdict.logit:.2f}", f"{verdict.probability:.3f}", *shares)
    return table


def _record(folder: Path, network: str) -> Path:
    return folder / f"{network}.jsonl"


def _is_kept(folder: Path, network: str) -> bool:
    record = _record(folder, network)
    if not record.is_file():
        return False
    pictures = by_stem(folder)
    seen = {Path(json.loads(line)["file"]).stem for line in record.read_text().splitlines()}
    return seen == pictures.keys() and all(path.stat().st_mtime <= record.stat().st_mtime for path in pictures.values())


if __name__ == "__main__":
    typer.run(main)
