"""How well are drawn pictures enlarged, beside plain resizing?

    python -m tools.styles.judge.enlarging PICTURES NAME=FILE... [--scale 2 --scale 4]

PICTURES is a folder of drawn pictures that took no part in training. Each is made smaller by averaging areas, enlarged
again, and compared with itself: by the networks FILE, styles that enlarge, and by bicubic and Lanczos interpolation.
The distance is that of `fidelity`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Annotated

import numpy as np
import typer
from PIL import Image
from rich.console import Console
from rich.table import Table

from models.features import FeatureNetwork
from tools.styles.judge.fidelity import Fidelity, compare
from tools.styles.judge.variants import Pixels, by_stem, parse_named
from translate.evaluate.pair_metrics import MAX_PSNR_DB
from translate.media.images import load_rgb
from translate.style.enlarger import Enlarger
from translate.weights.feature_networks import build_feature_network

Size = tuple[int, int]  # width and height, pixels
Enlarge = Callable[[Pixels, Size], Pixels]  # a picture, [h, w, 3], to a size

HEADINGS = ("", "PSNR dB", "lowest", "SSIM", "distance")


def resized(picture: Pixels, size: Size, *, filter: Image.Resampling) -> Pixels:
    return np.asarray(Image.fromarray(picture).resize(size, filter))


def enlarged(picture: Pixels, size: Size, *, enlarger: Enlarger) -> Pixels:
    return enlarger(picture[np.newaxis], size)[0]


PLAIN: dict[str, Enlarge] = {
    "bicubic": partial(resized, filter=Image.Resampling.BICUBIC),
    "Lanczos": partial(resized, filter=Image.Resampling.LANCZOS),
}


def measure(enlarge: Enlarge, pictures: Sequence[Pixels], scale: int, network: FeatureNetwork) -> list[Fidelity]:
    """How close each of ``pictures`` comes to itself when it is made ``scale`` times smaller and enlarged again."""
    found = []
    for picture in pictures:
        height, width = (side // scale * scale for side in picture.shape[:2])
        whole = picture[:height, :width]
        small = resized(whole, (width // scale, height // scale), filter=Image.Resampling.BOX)
        found.append(compare(enlarge(small, (width, height)), whole, network))
    return found


def row(name: str, found: Sequence[Fidelity]) -> list[str]:
    psnr = [min(each.psnr_db, MAX_PSNR_DB) for each in found]
    others = (fmean(each.ssim for each in found), fmean(each.distance for each in found))
    return [name, f"{fmean(psnr):.2f}", f"{min(psnr):.2f}", *(f"{value:.4f}" for value in others)]


def main(
    pictures: Annotated[Path, typer.Argument(help="folder of drawn pictures")],
    networks: Annotated[list[str], typer.Argument(help="NAME=FILE of styles that enlarge")],
    scale: Annotated[list[int], typer.Option(min=2, max=8, help="how many times as high and wide")] = [2, 4],  # noqa: B006
) -> None:
    enlargers = {
        name: partial(enlarged, enlarger=Enlarger(path=Path(file))) for name, file in map(parse_named, networks)
    }
    loaded = [load_rgb(path) for path in by_stem(pictures).values()]
    features = build_feature_network("efficientnet-lite0")
    for times in scale:
        table = Table(title=f"{len(loaded)} pictures, enlarged {times} times")
        for heading in HEADINGS:
            table.add_column(heading, justify="left" if heading == "" else "right")
        for name, enlarge in (PLAIN | enlargers).items():
            table.add_row(*row(name, measure(enlarge, loaded, times, features)))
        Console(width=110).print(table)


if __name__ == "__main__":
    typer.run(main)
