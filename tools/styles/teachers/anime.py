"""The teacher of the style ``anime``, applied to a folder: scenes are painted, faces drawn on top.

    python -m tools.styles.teachers.anime PHOTOS OUT --landmarks LANDMARKS [--size 768]

LANDMARKS is the output of landmarks.py for PHOTOS; that script runs in its own environment.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import cv2
import typer
from PIL import Image
from rich.progress import track

from tools.styles.teachers.face_geometry import Face
from tools.styles.teachers.faces import draw_faces, enlarge_eyes, load_faces
from tools.styles.teachers.paint import WORKING_SIZE, Pixels, bring_to_size
from tools.styles.teachers.scenery import scenery
from translate.media.images import load_picture
from translate.storage.folders import find_images


def draw(photo: Pixels, faces: Sequence[Face]) -> Pixels:
    """Paint ``photo``, uint8 RGB [H, W, 3], and draw its ``faces``; same shape and type."""
    photo, faces = enlarge_eyes(photo, list(faces))
    return draw_faces(scenery(photo), photo, faces)


def draw_file(name: Path, *, photos: Path, out: Path, landmarks: Path, size: int) -> None:
    cv2.setNumThreads(1)
    photo = bring_to_size(load_picture(photos / name).rgb, size)
    height, width = photo.shape[:2]
    picture = draw(photo, load_faces((landmarks / name).with_suffix(".npz"), height, width))
    target = (out / name).with_suffix(".png")
    target.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(target, compress_level=1)


def main(
    photos: Annotated[Path, typer.Argument(help="folder of photos")],
    out: Annotated[Path, typer.Argument(help="folder to write")],
    landmarks: Annotated[Path, typer.Option(help="folder of the photos' landmarks")],
    size: Annotated[int, typer.Option(help="longer side of the pictures in pixels")] = WORKING_SIZE,
    workers: Annotated[int, typer.Option(help="number of processes")] = os.cpu_count() or 1,
) -> None:
    names = [path.relative_to(photos) for path in find_images(photos, recursive=True)]
    job = partial(draw_file, photos=photos, out=out, landmarks=landmarks, size=size)
    # spawn: OpenCV's threads do not survive a fork
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for _ in track(pool.map(job, names), total=len(names), description="photos"):
            pass


if __name__ == "__main__":
    typer.run(main)
