"""How near does a student come to its teacher's pictures of photos that neither was trained on?

    python -m tools.styles.judge.fidelity TEACHER NAME=DIR...

TEACHER and each DIR are folders of pictures with the same names and sizes, as `verdict` writes them below its WORK;
give the photos themselves as one more DIR to see where the student started. Besides PSNR and SSIM there is a perceptual
distance after Zhang et al. 2018 (LPIPS, equation 1) on the five levels of EfficientNet-Lite0's features: channels of
unit length, squared differences averaged over places, all levels and channels weighing the same, where LPIPS has
learned weights and other networks. Its numbers are not to be compared with those of LPIPS.
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

from models.features import FeatureNetwork
from tools.styles.judge.variants import Pixels, by_stem, named
from translate.evaluate.extractors import perceptual_distance
from translate.evaluate.features import one_thread_each
from translate.evaluate.pair_metrics import compare_pictures
from translate.machine import usable_cores
from translate.media.images import load_rgb, to_signed_unit
from translate.weights.feature_networks import build_feature_network

QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Fidelity:
    """Of one picture to the teacher's."""

    psnr_db: float  # infinite where they are equal
    ssim: float
    distance: float  # 0: equal, to 4: features opposed at every place


METRICS = {  # name -> heading, and whether more is better
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
    for name, folder in map(named, students):
        found = measure(by_stem(Path(folder)), targets, network)
        if not found:
            raise typer.BadParameter(f"{folder}: none of the names in {teacher}")
        Console(width=110).print(tabulate(name, found))


def measure(pictures: Mapping[str, Path], targets: Mapping[str, Path], network: FeatureNetwork) -> dict[str, Fidelity]:
    """Each of ``pictures`` against the one of its name among ``targets``; what only one side has is passed over."""

    def of(stem: str) -> Fidelity:
        return compare(load_rgb(pictures[stem]), load_rgb(targets[stem]), network)

    shared = sorted(targets.keys() & pictures.keys())
    with one_thread_each(usable_cores()) as pool:
        return dict(zip(shared, pool.map(of, shared), strict=True))


def compare(picture: Pixels, target: Pixels, network: FeatureNetwork) -> Fidelity:
    """``picture`` against ``target``, uint8 [H, W, 3] of one size; raises ``ValueError`` where the sizes differ."""
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
    for heading in ("", "mean", *(f"{quantile:.0%} lie below" for quantile in QUANTILES), "worst", "photo"):
        table.add_column(heading, justify="left" if heading in ("", "photo") else "right")
    for metric, (heading, _) in METRICS.items():
        values = np.array([getattr(each, metric) for each in found.values()])
        worst_photo = worst(found, metric)
        numbers = [values.mean(), *np.quantile(values, QUANTILES), getattr(found[worst_photo], metric)]
        table.add_row(heading, *(f"{number:.4f}" for number in numbers), worst_photo)
    return table


if __name__ == "__main__":
    typer.run(main)
