"""Make training pairs for the style ``cel``: OUT/A holds photos, OUT/B the same photos cel-shaded.

    python -m tools.styles.cel_pairs PHOTOS... OUT [--scales 1,0.5] [--tile 288] [--fields 600] [--lattice 16]

The filter sees whole photos; ``--tile`` then cuts photo and picture into tiles, which decode faster in training.
``--fields`` and ``--lattice`` add synthetic colour fields and ramps (see fields.py).
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer

from tools.styles.fields import lattice_pictures, random_field
from tools.styles.pairs import Source, run_in_processes, sources
from tools.styles.teachers.cel import cel_shade
from translate.distillation.tiles import save_pair
from translate.media.images import load_picture


def make_photo_pairs(source: Source, *, out: Path, scales: list[float], tile: int) -> None:
    """Write the tiles of one photo, filtered at each of ``scales``."""
    cv2.setNumThreads(1)
    path, name = source
    photo = load_picture(path).rgb
    for scale in scales:
        resized = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)  # a copy at scale 1
        scaled = resized.astype(np.uint8)
        save_pair(scaled, cel_shade(scaled), out, f"{name}_x{scale:g}" if len(scales) > 1 else name, tile)


def make_field_pair(seed: int, *, out: Path, tile: int) -> None:
    """Write the tiles of the synthetic picture drawn with ``seed``."""
    cv2.setNumThreads(1)
    field = random_field(np.random.default_rng(seed), tile or 288)
    save_pair(field, cel_shade(field), out, f"fields/{seed:04d}", tile)


def make_lattice_pairs(out: Path, copies: int) -> None:
    """Write each picture of the colour lattice ``copies`` times, to give it more weight in training."""
    for index, picture in enumerate(lattice_pictures()):
        for copy in range(copies):
            save_pair(picture, cel_shade(picture), out, f"lattice/{index:02d}_{copy:02d}", 0)


def main(
    photos: Annotated[list[Path], typer.Argument(help="folders of photos, then the output folder: PHOTOS... OUT")],
    scales: Annotated[str, typer.Option(help="scales at which each photo is filtered, separated by commas")] = "1",
    tile: Annotated[int, typer.Option(help="cut into tiles of this size in pixels; 0 keeps whole pictures")] = 0,
    fields: Annotated[int, typer.Option(help="number of random colour fields and ramps to add")] = 0,
    lattice: Annotated[int, typer.Option(help="copies of each uniform field and ramp of the lattice to add")] = 0,
    leave_out: Annotated[list[str], typer.Option(help="photos to leave out, by name without suffix")] = [],  # noqa: B006
    workers: Annotated[int, typer.Option(help="number of processes")] = 2,
) -> None:
    found, out = sources(photos, leave_out=leave_out)
    photo_pairs = partial(make_photo_pairs, out=out, scales=[float(scale) for scale in scales.split(",")], tile=tile)
    run_in_processes(photo_pairs, found, total=len(found), workers=workers, description="photos")
    field_pairs = partial(make_field_pair, out=out, tile=tile)
    run_in_processes(field_pairs, range(fields), total=fields, workers=workers, description="fields")
    make_lattice_pairs(out, lattice)
    typer.echo(f"{len(found)} photos and {fields} fields -> {out}")


if __name__ == "__main__":
    typer.run(main)
