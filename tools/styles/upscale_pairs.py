"""Make training pairs for the network ``upscale``: OUT/B holds drawn pictures, OUT/A the same at half their size.

    python -m tools.styles.upscale_pairs PICTURES... OUT [--tile 192] [--jpeg 0.25]

Each picture is made smaller by one of several filters, as nobody knows which one was used on the pictures to be
enlarged, and some then go through JPEG, so that the network learns not to enlarge its artefacts. Filter and quality
follow from the picture's name alone. Both sizes are cut into tiles, which decode faster in training; ``--tile`` is the
side of those in OUT/B.
"""

from __future__ import annotations

import os
from functools import partial
from itertools import product
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image

from tools.styles.pairs import Source, random_of, run_in_processes, sources, through_jpeg
from translate.distillation.tiles import tile_starts
from translate.media.images import load_rgb

Pixels = NDArray[np.uint8]  # [H, W, 3]

SCALE = 2
# all of them average over the pixels that become one, also the bilinear one
FILTERS = (Image.Resampling.BOX, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)
QUALITIES = (60, 95)  # of JPEG, lowest and highest


def make_pairs(source: Source, *, out: Path, tile: int, jpeg: float) -> None:
    """Write the tiles of one picture; it is cut to even sides, and left out if that leaves nothing."""
    path, name = source
    large = load_rgb(path)
    large = large[: large.shape[0] // SCALE * SCALE, : large.shape[1] // SCALE * SCALE]
    if not large.size:
        return
    small = made_smaller(large, random_of(name), jpeg=jpeg)
    side = tile // SCALE
    for top, left in product(*(tile_starts(length, side) for length in small.shape[:2])):
        for folder, pixels, scale in (("A", small, 1), ("B", large, SCALE)):
            rows, columns = (slice(scale * start, scale * (start + side)) for start in (top, left))
            target = out / folder / f"{name}_{top:04d}_{left:04d}.bmp"
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels[rows, columns]).save(target)


def made_smaller(large: Pixels, rng: np.random.Generator, *, jpeg: float) -> Pixels:
    """``large`` at half its size, by a random filter; with the probability ``jpeg`` after JPEG of random quality."""
    height, width = large.shape[0] // SCALE, large.shape[1] // SCALE
    chosen = FILTERS[rng.integers(len(FILTERS))]
    small = np.asarray(Image.fromarray(large).resize((width, height), chosen))
    if rng.random() >= jpeg:
        return small
    quality = int(rng.integers(QUALITIES[0], QUALITIES[1], endpoint=True))
    return through_jpeg(small, quality)


def main(
    pictures: Annotated[
        list[Path], typer.Argument(help="folders of drawn pictures, then the output folder: PICTURES... OUT")
    ],
    tile: Annotated[int, typer.Option(min=SCALE, help="side of the tiles of OUT/B in pixels, an even number")] = 192,
    jpeg: Annotated[float, typer.Option(min=0, max=1, help="share of the small pictures that go through JPEG")] = 0.25,
    leave_out: Annotated[str, typer.Option(help="pictures to leave out: names without suffix, with commas")] = "",
    workers: Annotated[int, typer.Option(help="number of processes")] = os.cpu_count() or 1,
) -> None:
    if tile % SCALE:
        raise typer.BadParameter(f"--tile {tile}: give an even number")
    found, out = sources(pictures, leave_out=leave_out.split(","))
    pairs = partial(make_pairs, out=out, tile=tile, jpeg=jpeg)
    run_in_processes(pairs, found, total=len(found), workers=workers, description="pictures")
    typer.echo(f"{len(found)} pictures -> {out}")


if __name__ == "__main__":
    typer.run(main)
