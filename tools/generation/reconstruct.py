"""How near a generator's pictures come to given ones: a table, and a sheet to look at.

    python -m tools.generation.reconstruct RUN SHEET.png FOLDER [FOLDER ...]

For pictures of each FOLDER, such as one that RUN learnt from and one held out, the nearest picture that the run's
generator can make: by the gradient at the origin for `gon`, else by descent, as `translate sample --project` does. So
pictures that `glo` learnt from are looked for like any others, without their learnt vectors. SHEET.png has eight
pictures of each FOLDER above their reconstructions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from translate.convert.sampling import write_still
from translate.data.squares import middle_square
from translate.evaluate.evaluation import Pictures
from translate.media.images import load_rgb
from translate.media.sheet import Cell, draw_sheet
from translate.train.projection import nearest_pictures
from translate.weights.checkpoint import load_noise_generator

BATCH = 25  # pictures at once
SHOWN = 8  # of each folder


def main(
    run: Annotated[Path, typer.Argument(help="a run of glo, gon or gan")],
    sheet: Annotated[Path, typer.Argument(help="picture to write")],
    folders: Annotated[list[Path], typer.Argument(help="folders of pictures")],
    count: Annotated[int, typer.Option(min=1, help="pictures of each folder")] = 100,
) -> None:
    generator, checkpoint = load_noise_generator(run)
    by_origin = checkpoint.config.get("method") == "gon"
    rows: list[list[Cell]] = []
    typer.echo("| pictures | number | PSNR, mean | lowest |\n| --- | ---: | ---: | ---: |")
    for folder in folders:
        paths = Pictures.below(folder, count, least=1).paths
        squares = np.stack([middle_square(load_rgb(path), generator.size) for path in paths])
        parts = np.split(squares, range(BATCH, len(squares), BATCH))
        found, decibels = (
            np.concatenate(each)
            for each in zip(*(nearest_pictures(generator, part, by_origin=by_origin) for part in parts), strict=True)
        )
        typer.echo(f"| {folder.name} | {len(squares)} | {decibels.mean():.1f} dB | {decibels.min():.1f} dB |")
        rows.append([Cell(square, [path.stem]) for square, path in zip(squares[:SHOWN], paths, strict=False)])
        shown = zip(found[:SHOWN], decibels, strict=False)
        rows.append([Cell(picture, [f"{value:.1f} dB"]) for picture, value in shown])
    write_still(sheet, draw_sheet(rows, least_width=96))


if __name__ == "__main__":
    typer.run(main)
