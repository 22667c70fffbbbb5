"""Are objectives different at all? Several, each from several seeds, with the same network, data and steps.

    python -m tools.generation.compare_objectives FACES OUT --steps 2000 --seeds 3

Lucic, Kurach, Michalski, Gelly, Bousquet: Are GANs Created Equal? A Large-Scale Study, NeurIPS 2018: with enough seeds
most differences between objectives are within the spread over seeds. A tenth of FACES is held out for judging. Each run
is judged at its end: FID and KID to the held-out pictures, precision, recall and diversity; a run whose samples are
less than half as far apart as real pictures counts as collapsed. OUT gets runs/OBJECTIVE-SEED, results.csv, table.md,
plot.png and sheet.png, with samples of each objective's first run; repeating the command resumes it.

What can be concluded: how far the spreads over seeds overlap at this budget, on this data, with these settings. What
cannot: that one objective is better elsewhere, or would not overtake later; the settings were tuned for none of them.
"""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from matplotlib.figure import Figure
from numpy.typing import NDArray

from translate.config import GanConfig
from translate.convert.sampling import write_still
from translate.evaluate.evaluation import Pictures, evaluate
from translate.evaluate.extractors import Extractor, build_extractor
from translate.evaluate.sampling import as_trained_on, write_samples
from translate.evaluate.verdicts import COLLAPSED
from translate.export.sampler import ExportedSampler
from translate.media.images import load_rgb
from translate.media.sheet import Cell, draw_sheet
from translate.storage.atomic import write_atomically
from translate.storage.folders import find_images
from translate.train.evaluation import pictures_by
from translate.train.loop import train
from translate.weights.checkpoint import load_noise_generator

OBJECTIVES = ("vanilla", "lsgan", "hinge", "wgan-gp", "kl", "relativistic")
HELD_OUT = 10  # every tenth picture judges
RESULTS = "results.csv"
REAL, MADE = Path("judged/real"), Path("judged/made")  # in the folder of a run
SHOWN = 8  # pictures of each objective on the sheet


@dataclass(frozen=True)
class Result:
    """One run at its end."""

    objective: str
    seed: int
    fid: float
    kid: float
    precision: float
    recall: float
    diversity: float  # relative to real pictures

    @property
    def collapsed(self) -> bool:
        return not self.diversity >= COLLAPSED  # also where it is not a number


def split(faces: Path, out: Path) -> tuple[Path, Path]:
    """Links to FACES in ``out/train`` and ``out/test``, by number."""
    for number, path in enumerate(find_images(faces, recursive=True)):
        load_rgb(path)  # raises for a picture that cannot be read, before hours of training
        link = out / ("test" if number % HELD_OUT == 0 else "train") / f"{number:06}{path.suffix}"
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.exists():
            link.symlink_to(path.resolve())
    return out / "train", out / "test"


def settings(objective: str, seed: int, images: Path, out: Path, given: dict[str, Any]) -> GanConfig:
    """The same for every objective but for what its paper cannot do without: clipping, or the gradient penalty."""
    common: dict[str, Any] = {"images": images, "out": out, "objective": objective, "seed": seed, "sample_every": 0}
    if objective == "wgan-gp":
        common |= {"lambda_r1": 0.0, "lambda_r2": 0.0}
    return GanConfig.resolve(common | given, preset="light")


def judge(run: Path, objective: str, seed: int, test: Path, extractor: Extractor) -> Result:
    """The metrics of a finished run."""
    generator, _ = load_noise_generator(run)
    sampler = ExportedSampler(generator)
    real = as_trained_on(Pictures.below(test), generator.size, run / REAL)
    write_samples(pictures_by(sampler), len(real.paths), run / MADE)
    metrics = evaluate(Pictures.below(run / MADE), real, extractor).metrics
    return Result(objective, seed, *(metrics[field.name] for field in fields(Result)[2:]))


def run_of(out: Path, objective: str, seed: int) -> Path:
    return out / "runs" / f"{objective}-{seed}"


def read_results(path: Path) -> list[Result]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Result(row["objective"], int(row["seed"]), *(float(row[field.name]) for field in fields(Result)[2:]))
            for row in csv.DictReader(file)
        ]


def append_result(path: Path, result: Result) -> None:
    new = not path.is_file()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Result)])
        if new:
            writer.writeheader()
        writer.writerow(asdict(result))


def by_objective(results: Sequence[Result]) -> dict[str, list[Result]]:
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        groups[result.objective].append(result)
    return dict(groups)


def table(results: Sequence[Result]) -> str:
    """Markdown: a row per objective, means over its seeds with their standard deviation, the lowest KID first."""
    lines = [
        "| objective | runs | FID | KID x 1000 | precision | recall | diversity | collapsed |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    groups = by_objective(results)
    for objective in sorted(groups, key=lambda name: float(np.mean([result.kid for result in groups[name]]))):
        runs = groups[objective]
        cells = [
            _mean([result.fid for result in runs], 1),
            _mean([1000 * result.kid for result in runs], 1),
            _mean([result.precision for result in runs], 2),
            _mean([result.recall for result in runs], 2),
            _mean([result.diversity for result in runs], 2),
            f"{sum(result.collapsed for result in runs) / len(runs):.0%}",
        ]
        lines.append(f"| {objective} | {len(runs)} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _mean(values: list[float], digits: int) -> str:
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
    return f"{np.mean(values):.{digits}f} ± {spread:.{digits}f}"


def plot(results: Sequence[Result]) -> Figure:
    """FID and KID: a dot per run, a bar at each objective's mean."""
    groups = by_objective(results)
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    for axes, (name, title) in zip(figure.subplots(1, 2), (("fid", "FID"), ("kid", "KID")), strict=True):
        for place, runs in enumerate(groups.values()):
            values: NDArray[np.float64] = np.array([getattr(result, name) for result in runs])
            axes.plot(np.full(len(values), place), values, "o", alpha=0.6)
            axes.hlines(values.mean(), place - 0.3, place + 0.3, color="black")
        axes.set_xticks(range(len(groups)), list(groups), rotation=30, ha="right")
        axes.set(title=f"{title}, lower is better", ylim=(0, None))
    return figure


def sheet(runs: dict[str, Path]) -> NDArray[np.uint8]:
    """Judged samples of each run, by objective, below real pictures, all enlarged: uint8 [H, W, 3]."""
    folders = {"real": next(iter(runs.values())) / REAL} | {name: run / MADE for name, run in runs.items()}
    paths = {name: Pictures.below(folder, SHOWN).paths for name, folder in folders.items()}
    rows = [[Cell(load_rgb(path).repeat(3, 0).repeat(3, 1), [name]) for path in found] for name, found in paths.items()]
    return draw_sheet(rows)


def main(
    faces: Annotated[Path, typer.Argument(help="folder of pictures, at least 200")],
    out: Annotated[Path, typer.Argument(help="folder to write")],
    objectives: Annotated[str, typer.Option(help="separated by commas")] = ",".join(OBJECTIVES),
    seeds: Annotated[int, typer.Option(min=2, help="runs per objective")] = 3,
    steps: Annotated[int, typer.Option(min=1, help="of each run")] = 2000,
    crop: Annotated[int, typer.Option(help="side of the squares in pixels")] = 64,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N")] = "auto",
) -> None:
    images, test = split(faces, out)
    extractor = build_extractor("efficientnet-lite0", device=device)
    done = read_results(out / RESULTS)
    given = {"steps": steps, "crop": crop, "device": device, "save_every": max(1, steps // 4), "keep": 1}
    for seed in range(seeds):  # all objectives once, then again: a stopped comparison is balanced
        for objective in objectives.split(","):
            if any((result.objective, result.seed) == (objective, seed) for result in done):
                continue
            run = run_of(out, objective, seed)
            train(settings(objective, seed, images, run, given))
            result = judge(run, objective, seed, test, extractor)
            append_result(out / RESULTS, result)
            done.append(result)
            print(f"{objective}, seed {seed}: FID {result.fid:.1f}, KID {result.kid:.4f}")
            write_atomically(out / "table.md", table(done).encode())
            plot(done).savefig(out / "plot.png", dpi=150)
            firsts = {result.objective: run_of(out, result.objective, 0) for result in done if result.seed == 0}
            write_still(out / "sheet.png", sheet(firsts))
    print(table(done))


if __name__ == "__main__":
    typer.run(main)
