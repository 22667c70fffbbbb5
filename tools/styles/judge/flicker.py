"""How steady is a style while the camera pans slowly over a still scene?

    python -m tools.styles.judge.flicker PHOTOS NAME=STYLE... [--frames 60] [--count 4]

What is measured: `translate.evaluate.flicker`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from tools.styles.judge.variants import Variant, by_stem
from tools.styles.teachers.paint import bring_to_size
from translate.evaluate.flicker import BORDER, DIAGONAL, HORIZONTAL, SIDE, flicker, mean
from translate.media.images import load_rgb

LONG_SIDE = 768  # of the photos, in pixels


def main(
    photos: Annotated[Path, typer.Argument(help="folder of photos")],
    styles: Annotated[list[str], typer.Argument(help="NAME=STYLE, such as anime, anime@fp32 or an .onnx file")],
    frames: Annotated[int, typer.Option(min=2, help="frames per pan")] = 60,
    count: Annotated[int, typer.Option(min=1, help="number of photos, spread evenly over the folder")] = 4,
    side: Annotated[int, typer.Option(min=2 * BORDER + 16, help="side of the window in pixels")] = SIDE,
) -> None:
    paths = list(by_stem(photos).values())
    chosen = [paths[index] for index in np.linspace(0, len(paths) - 1, min(count, len(paths))).round().astype(int)]
    pictures = [bring_to_size(load_rgb(path), LONG_SIDE) for path in chosen]
    title = f"{len(pictures)} photos, {frames} frames: " + ", ".join(path.stem for path in chosen)
    table = Table("", title=title)
    headings = ("diagonal: style", "photo", "ratio", "still", "horizontal: style", "worst photo")
    for heading in headings:
        table.add_column(heading, justify="right")
    for option in styles:
        variant = Variant.parse(option)
        style = variant.open()
        diagonal, horizontal = (
            [flicker(picture, style, step, frames=frames, side=side, border=BORDER) for picture in pictures]
            for step in (DIAGONAL, HORIZONTAL)
        )
        average, worst = mean(diagonal), max(each.style for each in horizontal)
        metrics = (average.style, average.photo, average.ratio, average.still, mean(horizontal).style, worst)
        table.add_row(variant.name, *(f"{metric:.3f}" for metric in metrics))
    Console(width=120).print(table)


if __name__ == "__main__":
    typer.run(main)
