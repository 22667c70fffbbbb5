"""How far a style goes from photos to drawn art, and what it keeps of the photos.

    python tools/eval_style.py STYLE... --photos DIR [--photos DIR] --art TEST --other-art TRAIN [--size 768]

STYLE is the name of a shipped style, an .onnx file, a run or a checkpoint, or ``filter``, the classical one that taught
``cel``. TEST is art kept out of training, TRAIN other art of the same hand: as near to TEST as anything can be.
Distances are Gaussian MMDs of EfficientNet-Lite0's features of 224x224 patches at the pictures' own scale: of content
(pooled last features) and of texture (mean and deviation of early maps). A style's share of the way is 0 % for the
photos and 100 % for the other art. Edges and SSIM of luminance say what is kept of the photo, and the mean change of
L*, a* and b* (CIELAB) whether there is a cast of colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from cel_teacher import cel_shade
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from translate.evaluation.distances import gaussian_mmd, texture_distance
from translate.evaluation.evaluate import Pictures
from translate.evaluation.extraction import BATCH, one_thread_each
from translate.evaluation.extractors import Extractor, Features, build_extractor
from translate.evaluation.models import open_model
from translate.evaluation.pairwise import PairFigures, compare_pictures, mean
from translate.images import load_rgb_within
from translate.processor import usable_cores

Pixels = NDArray[np.uint8]  # [H, W, 3]
PATCHES = 4  # of a picture, at most
FILTER = "filter"


@dataclass(frozen=True)
class Row:
    name: str
    content: float
    texture: float
    kept: Kept | None  # of the photos


@dataclass(frozen=True)
class Kept:
    pair: PairFigures
    luminance_ssim: float
    cast: NDArray[np.float64]  # mean change of L*, a*, b*


def main(
    styles: Annotated[list[str], typer.Argument(help="shipped styles, .onnx files, runs or checkpoints")],
    photos: Annotated[list[Path], typer.Option(help="folder of photos, not trained on")],
    art: Annotated[Path, typer.Option(help="folder of art, not trained on")],
    other_art: Annotated[Path, typer.Option(help="folder of other art of the same hand")],
    size: Annotated[int, typer.Option(min=224, help="longest side in pixels of photos and of art")] = 768,
    count: Annotated[int, typer.Option(min=4, help="pictures of each folder, at most")] = 400,
) -> None:
    extractor = build_extractor("efficientnet-lite0")
    shown = [path for folder in photos for path in Pictures.below(folder, count).paths]
    pictures = [load_rgb_within(path, size) for path in shown]
    real, near = (
        look_at((load_rgb_within(path, size) for path in Pictures.below(folder, count).paths), extractor)
        for folder in (art, other_art)
    )

    def row(name: str, features: Features, kept: Kept | None) -> Row:
        assert features.texture is not None and real.texture is not None
        content = gaussian_mmd(features.content, real.content).mean
        return Row(name, content, texture_distance(features.texture, real.texture).mean, kept)

    rows = [row("photo", look_at(pictures, extractor), None), row("other art", near, None)]
    for style in styles:
        if style == FILTER:
            results = [cel_shade(picture) for picture in pictures]
        else:
            with open_model(style) as translator:
                results = [translator(picture[np.newaxis])[0] for picture in pictures]
        rows.append(row(style, look_at(results, extractor), keeps(results, pictures)))
    show(rows, len(shown))


def keeps(results: list[Pixels], photos: list[Pixels]) -> Kept:
    pairs = list(zip(results, photos, strict=True))
    return Kept(
        mean([compare_pictures(*pair) for pair in pairs]),
        mean([compare_pictures(*map(grey, pair)) for pair in pairs]).ssim,
        np.mean([(lab(result) - lab(photo)).mean((0, 1)) for result, photo in pairs], axis=0),
    )


def grey(picture: Pixels) -> Pixels:
    return cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB).astype(np.uint8)


def lab(picture: Pixels) -> NDArray[np.float32]:
    return cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).astype(np.float32)


def look_at(pictures: Iterable[Pixels], extractor: Extractor) -> Features:
    """The features of up to `PATCHES` patches of each picture."""
    patches = np.stack(
        [patch for number, picture in enumerate(pictures) for patch in cut(picture, extractor.size, number)]
    )
    with one_thread_each(usable_cores()) as pool:
        return Features.joined(list(pool.map(extractor, np.array_split(patches, -(-len(patches) // BATCH)))))


def cut(picture: Pixels, side: int, seed: int) -> Iterator[Pixels]:
    """Patches at random places; none of a picture that is smaller than one."""
    rng = np.random.default_rng(seed)
    height, width = picture.shape[:2]
    if min(height, width) >= side:
        for _ in range(PATCHES):
            top, left = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
            yield picture[top : top + side, left : left + side]


def show(rows: list[Row], count: int) -> None:
    photo, art = rows[:2]
    table = Table(title=f"{count} photos")
    for name in ("", "content", "of the way", "texture", "of the way", "edges", "SSIM", "colour shift", "cast"):
        table.add_column(name, justify="right" if name else "left")
    for row in rows:
        shares = [
            (getattr(photo, level) - getattr(row, level)) / (getattr(photo, level) - getattr(art, level))
            for level in ("content", "texture")
        ]
        kept = row.kept
        table.add_row(
            row.name,
            *(f"{row.content:.4f}", f"{shares[0]:.0%}", f"{row.texture:.4f}", f"{shares[1]:.0%}"),
            *(
                ("", "", "", "")
                if kept is None
                else (
                    f"{kept.pair.edge_agreement:.3f}",
                    f"{kept.luminance_ssim:.3f}",
                    f"{kept.pair.colour_shift:.1f}",
                    "/".join(f"{change:+.1f}" for change in kept.cast),
                )
            ),
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    typer.run(main)
