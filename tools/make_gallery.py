"""Make the README's gallery: photos above, the same photos through a style below.

python tools/make_gallery.py OUT.jpg PHOTO... [--style cel] [--height 300]
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image

from translate.images import load_picture
from translate.inference import Translator
from translate.shipped import DEFAULT_STYLE, find_style


def main(
    out: Annotated[Path, typer.Argument(help="the picture to write")],
    photos: Annotated[list[Path], typer.Argument(help="the photos to show, from left to right")],
    style: Annotated[str, typer.Option(help="name of a shipped style, or an .onnx file")] = DEFAULT_STYLE,
    height: Annotated[int, typer.Option(help="height of a row in pixels")] = 300,
) -> None:
    translator = Translator(find_style(style))
    columns = []
    for path in photos:
        photo = load_picture(path).rgb
        size = (round(photo.shape[1] * height / len(photo)), height)
        # translated at its own size, then scaled: the lines keep the weight they have in the result
        sides = [
            Image.fromarray(side).resize(size, Image.Resampling.LANCZOS) for side in (photo, translator(photo[None])[0])
        ]
        columns.append(np.vstack([np.asarray(side) for side in sides]))
    Image.fromarray(np.hstack(columns)).save(out, quality=88)


if __name__ == "__main__":
    typer.run(main)
