"""Draw a photo in one of the looks: the command that `translate distill` runs as its teacher.

    python -m tools.styles.teachers LOOK PHOTO PICTURE

The photo is drawn at its own size; strokes are made for a longer side of 768 pixels, for 512 by oil and watercolour.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import cv2
import typer
from PIL import Image

from tools.styles.teachers.cel import cel_shade
from tools.styles.teachers.manga import manga
from tools.styles.teachers.oil import oil
from tools.styles.teachers.paint import Pixels
from tools.styles.teachers.poster import poster
from tools.styles.teachers.scenery import scenery
from tools.styles.teachers.sketch import sketch
from tools.styles.teachers.watercolour import watercolour
from tools.styles.teachers.woodblock import woodblock
from translate.media.images import load_rgb

LOOKS: dict[str, Callable[[Pixels], Pixels]] = {
    "cel": cel_shade,
    "manga": manga,
    "oil": oil,
    "poster": poster,
    "scenery": scenery,
    "sketch": sketch,
    "watercolour": watercolour,
    "woodblock": woodblock,
}


def main(
    look: Annotated[str, typer.Argument(help=f"one of {', '.join(LOOKS)}")],
    photo: Annotated[Path, typer.Argument(help="the photo to draw")],
    picture: Annotated[Path, typer.Argument(help="the picture to write")],
) -> None:
    if look not in LOOKS:
        raise typer.BadParameter(f"{look}: choose one of {', '.join(LOOKS)}")
    cv2.setNumThreads(1)  # one photo per process, as many processes as cores
    Image.fromarray(LOOKS[look](load_rgb(photo))).save(picture, compress_level=1)


if __name__ == "__main__":
    typer.run(main)
