"""Make the data of a known translation, paired and unpaired: OUT/train and OUT/test.

    python -m tools.known.make PHOTOS OUT --test DIR [--test DIR] [--look grade] [--side 176]

train/A holds one half of PHOTOS, train/B the other half translated: unpaired, for cyclegan and cut. train/A_of_B holds
the photos of train/B, for pix2pix. test/A and test/B are the photos of the ``--test`` folders, and what they should
become; no training sees these.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import cv2
import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image
from rich.progress import track

from tools.known.grade import grade
from tools.styles.teachers.cel import cel_shade
from translate.media.images import load_rgb
from translate.storage.folders import find_images

Picture = NDArray[np.uint8]
LOOKS: dict[str, Callable[[Picture], Picture]] = {"grade": grade, "cel": cel_shade}


def load_small(path: Path, side: int) -> Picture:
    """The photo, RGB uint8 [H, W, 3], scaled so that its shorter side has ``side`` pixels."""
    photo = load_rgb(path)
    scale = side / min(photo.shape[:2])
    size = (round(photo.shape[1] * scale), round(photo.shape[0] * scale))
    return cv2.resize(photo, size, interpolation=cv2.INTER_AREA).astype(np.uint8)


def save(picture: Picture, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, compress_level=1)


def main(
    photos: Annotated[Path, typer.Argument(help="folder of photos to train on")],
    out: Annotated[Path, typer.Argument(help="folder to write")],
    test: Annotated[list[Path], typer.Option(help="folder of photos to test on (repeatable)")],
    look: Annotated[Literal["grade", "cel"], typer.Option(help="what the photos become")] = "grade",
    side: Annotated[int, typer.Option(help="pixels of the photos' shorter side")] = 176,
) -> None:
    translated = LOOKS[look]
    for index, path in enumerate(track(find_images(photos, recursive=True), description="train")):
        photo, name = load_small(path, side), f"{path.relative_to(photos).with_suffix('').as_posix()}.png"
        if index % 2 == 0:
            save(photo, out / "train" / "A" / name)
        else:
            save(photo, out / "train" / "A_of_B" / name)
            save(translated(photo), out / "train" / "B" / name)
    for folder in (path.resolve() for path in test):
        for path in track(find_images(folder, recursive=True), description="test"):
            photo = load_small(path, side)
            name = f"{folder.parent.name}_{folder.name}/{path.relative_to(folder).with_suffix('').as_posix()}.png"
            save(photo, out / "test" / "A" / name)
            save(translated(photo), out / "test" / "B" / name)


if __name__ == "__main__":
    typer.run(main)
