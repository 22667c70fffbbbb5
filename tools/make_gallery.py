"""Make the README's gallery: a row of photos, and below it the same photos through each style.

python tools/make_gallery.py OUT.jpg PHOTO... [--style anime] [--style cel] [--height 300]
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image

from translate.images import load_picture
from translate.inference import Translator
from translate.shipped import find_style


def main(
    out: Annotated[Path, typer.Argument(help="the picture to write")],
    photos: Annotated[list[Path], typer.Argument(help="the photos to show, from left to right")],
    style: Annotated[list[str], typer.Option(help="names of shipped styles, or .onnx files")] = ["anime", "cel"],  # noqa: B006
    height: Annotated[int, typer.Option(help="height of a row in pixels")] = 300,
) -> None:
    translators = [Translator(find_style(name)) for name in style]
    columns = []
    for path in photos:
        photo = load_picture(path).rgb
        size = (round(photo.shape[1] * height / len(photo)), height)
        # translated at its own size, then scaled: the lines keep the weight they have in the result
        pictures = [photo, *(translator(photo[None])[0] for translator in translators)]
        rows = [np.asarray(Image.fromarray(each).resize(size, Image.Resampling.LANCZOS)) for each in pictures]
        columns.append(np.vstack(rows))
    Image.fromarray(np.hstack(columns)).save(out, quality=88)


if __name__ == "__main__":
    typer.run(main)
