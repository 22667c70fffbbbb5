"""How steady is a style while the camera pans slowly over what stands still?

    python -m tools.styles.judge.flicker PHOTOS NAME=STYLE... [--frames 60] [--count 4]

What is measured, `translate.evaluate.flicker` says.
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
from translate.evaluate.flicker import BORDER, LEVEL, SIDE, SLANT, flicker, mean
from translate.media.images import load_rgb

LONG = 768  # pixels of the longer side of the photos


def main(
    photos: Annotated[Path, typer.Argument(help="folder of photos")],
    styles: Annotated[list[str], typer.Argument(help="NAME=STYLE, as of the verdict")],
    frames: Annotated[int, typer.Option(min=2)] = 60,
    count: Annotated[int, typer.Option(min=1, help="photos, evenly chosen from the folder")] = 4,
    side: Annotated[int, typer.Option(min=2 * BORDER + 16, help="pixels of the window")] = SIDE,
) -> None:
    paths = list(by_stem(photos).values())
    chosen = [paths[index] for index in np.linspace(0, len(paths) - 1, min(count, len(paths))).round().astype(int)]
    pictures = [bring_to_size(load_rgb(path), LONG) for path in chosen]
    title = f"{len(pictures)} photos, {frames} frames: " + ", ".join(path.stem for path in chosen)
    table = Table("", title=title)
    headings = ("slanting: style", "photo", "ratio", "still", "level: style", "most of a photo")
    for heading in headings:
        table.add_column(heading, justify="right")
    for option in styles:
        variant = Variant.parse(option)
        style = variant.open()
        slanting, level = (
            [flicker(picture, style, step, frames=frames, side=side, border=BORDER) for picture in pictures]
            for step in (SLANT, LEVEL)
        )
        both = mean(slanting)
        metrics = (both.style, both.photo, both.ratio, both.still, mean(level).style, max(f.style for f in level))
        table.add_row(variant.name, *(f"{metric:.3f}" for metric in metrics))
    Console(width=120).print(table)


if __name__ == "__main__":
    typer.run(main)
