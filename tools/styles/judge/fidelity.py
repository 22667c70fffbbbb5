"""How close does a student come to its teacher's pictures, on photos that neither was trained on?

    python -m tools.styles.judge.fidelity TEACHER NAME=DIR...

TEACHER and each DIR are folders of pictures with the same names and sizes, as `verdict` writes them below its WORK;
give the photos themselves as another DIR for the untranslated baseline. Besides PSNR and SSIM there is a perceptual
distance after Zhang et al. 2018 (LPIPS, equation 1) on five levels of EfficientNet-Lite0's features, normalised to unit
length at each pixel: the mean squared difference over positions, with equal weights for all levels and channels, where
LPIPS has learned weights and other networks. Its values are not comparable with those of LPIPS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table

from models.features import FeatureNetwork, perceptual_distance
from tools.styles.judge.variants import Pixels, by_stem, parse_named
from translate.evaluate.features import one_thread_each
from translate.evaluate.pair_metrics import compare_pictures
from translate.machine import usable_cores
from translate.media.images import load_rgb, to_signed_unit
from translate.weights.feature_networks import build_feature_network

QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Fidelity:
    """How close one picture is to the teacher's."""

    psnr_db: float  # infinite where they are equal
    ssim: float
    distance: float  # 0 (equal) to 4 (opposite features everywhere)


METRICS = {  # name -> heading, and whether higher is better
    "psnr_db": ("PSNR dB", True),
    "ssim": ("SSIM", True),
    "distance": ("distance", False),
}


def main(
    teacher: Annotated[Path, typer.Argument(help="folder of the teacher's pictures")],
    students: Annotated[list[str], typer.Argument(help="NAME=DIR of pictures with the same names and sizes")],
) -> None:
    network = build_feature_network("efficientnet-lite0")
    targets = by_stem(teacher)
    for name, folder in map(parse_named, students):
        found = measure(by_stem(Path(folder)), targets, network)
        if not found:
            raise typer.BadParameter(f"{folder}: no names in common with {teacher}")
        Console(width=110).print(tabulate(name, found))


def measure(pictures: Mapping[str, Path], targets: Mapping[str, Path], network: FeatureNetwork) -> dict[str, Fidelity]:
    """How close each picture is to the target of the same name; names that only one side has are skipped."""

    def fidelity_of(stem: str) -> Fidelity:
        return compare(load_rgb(pictures[stem]), load_rgb(targets[stem]), network)

    shared = sorted(targets.keys() & pictures.keys())
    with one_thread_each(usable_cores()) as pool:
        return dict(zip(shared, pool.map(fidelity_of, shared), strict=True))


def compare(picture: Pixels, target: Pixels, network: FeatureNetwork) -> Fidelity:
    """``picture`` against ``target``, both uint8 [H, W, 3]; raises ``ValueError`` where the sizes differ."""
    pair = compare_pictures(picture, target)
    with torch.inference_mode():
        maps = [
            network(to_signed_unit(torch.from_numpy(each).permute(2, 0, 1)[None].float())) for each in (picture, target)
        ]
        distance = float(perceptual_distance(*maps))
    return Fidelity(pair.psnr_db, pair.ssim, distance)


def worst(found: Mapping[str, Fidelity], metric: str) -> str:
    """The name of the photo whose ``metric`` is worst."""
    pick = min if METRICS[metric][1] else max
    return pick(found, key=lambda stem: getattr(found[stem], metric))


def tabulate(name: str, found: Mapping[str, Fidelity]) -> Table:
    table = Table(title=f"{name}: {len(found)} photos")
    for heading in ("", "mean", *(f"{quantile:.0%} quantile" for quantile in QUANTILES), "worst", "photo"):
        table.add_column(heading, justify="left" if heading in ("", "photo") else "right")
    for metric, (heading, _) in METRICS.items():
        values = np.array([getattr(each, metric) for each in found.values()])
        worst_photo = worst(found, metric)
        numbers = [values.mean(), *np.quantile(values, QUANTILES), getattr(found[worst_photo], metric)]
        table.add_row(heading, *(f"{number:.4f}" for number in numbers), worst_photo)
    return table


if __name__ == "__main__":
    typer.run(main)
