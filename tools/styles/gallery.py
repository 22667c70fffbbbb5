"""Make the README's gallery: rows of photos, each followed by a row of the same photos in each style.

    python -m tools.styles.gallery OUT.jpg PHOTO... [--style anime] [--style cel] [--columns 3] [--width 560]

Photos are first scaled down to the style's working size, if it has one; pictures are finally cropped to a common shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image, ImageOps

from translate.media.images import load_rgb_within
from translate.style.catalogue import find_style
from translate.style.translator import Translator

Pixels = NDArray[np.uint8]  # RGB [H, W, 3]
LONGEST_SIDE = 1024  # pixels, of the photos shown and of those for styles without a working size


def gallery_rows(photos: Sequence[Path], translators: Sequence[Translator], size: tuple[int, int]) -> list[Pixels]:
    """A row of the photos, then one per style; every picture has ``size`` (width, height)."""
    rows = [[load_rgb_within(path, LONGEST_SIDE) for path in photos]]
    for translator in translators:
        side = translator.info.working_size or LONGEST_SIDE
        rows.append([translator(load_rgb_within(path, side)[None])[0] for path in photos])
    return [np.hstack([fitted(picture, size) for picture in row]) for row in rows]


def fitted(picture: Pixels, size: tuple[int, int]) -> Pixels:
    """``picture`` cropped and resized to ``size``: its middle, slightly above the centre if it is too tall."""
    return np.asarray(ImageOps.fit(Image.fromarray(picture), size, Image.Resampling.LANCZOS, centering=(0.5, 0.4)))


def main(
    out: Annotated[Path, typer.Argument(help="the JPEG to write")],
    photos: Annotated[list[Path], typer.Argument(help="the photos to show, from left to right")],
    style: Annotated[list[str], typer.Option(help="names of shipped styles, or .onnx files")] = ["anime", "cel"],  # noqa: B006
    columns: Annotated[int, typer.Option(help="photos per row", min=1)] = 3,
    width: Annotated[int, typer.Option(help="width of a picture in pixels; its height is 3/4 of that")] = 560,
) -> None:
    translators = [Translator(find_style(name)) for name in style]
    blocks = [photos[start : start + columns] for start in range(0, len(photos), columns)]
    rows = [row for block in blocks for row in gallery_rows(block, translators, (width, width * 3 // 4))]
    widest = max(row.shape[1] for row in rows)
    padded = [np.pad(row, ((0, 0), (0, widest - row.shape[1]), (0, 0)), constant_values=255) for row in rows]
    Image.fromarray(np.vstack(padded)).save(out, quality=88)


if __name__ == "__main__":
    typer.run(main)
