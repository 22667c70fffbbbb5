"""Make training pairs for the style ``anime``: OUT/A holds photos, OUT/B the teacher's pictures of them.

    python -m tools.styles.anime_pairs PHOTOS... OUT --landmarks LANDMARKS [--sizes 768,512]

The teacher paints each photo anew at each of the ``--sizes``, so that people are seen from near and from far and the
brush is the same. A photo is enlarged `MOST_ENLARGED` times at most: what is blurred teaches to blur. ``--sharpen``
adds that share of the picture's detail finer than `DETAIL` once more, ahead of what learning by distances will soften.
Photo and picture are cut into tiles, which decode faster in training; each face has a tile of its own besides, and its
eyes a smaller one. ``LANDMARKS`` are what tools/styles/teachers/landmarks.py wrote of the folder PHOTOS, which may be
several, in a folder of the same name, such as ``portraits/train``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer

from tools.styles.fields import lattice_pictures, random_field
from tools.styles.pairs import Source, in_processes, sources
from tools.styles.teachers.anime import draw
from tools.styles.teachers.face_geometry import Face
from tools.styles.teachers.faces import load_faces
from tools.styles.teachers.paint import Pixels, blur, bring_to_size, paint
from translate.distill.tiles import save_pair, save_window
from translate.media.images import load_picture

DETAIL = 2.0  # pixels, standard deviation of the blur that detail is what is left of
MOST_ENLARGED = 2
EYES_SHARE = 0.71  # of a tile's side: crops of 224, enlarged by up to 1.2, then always hold the eyes
IRISES = [468, 473]  # landmarks: their centres


def make_photo_pairs(
    source: Source, *, out: Path, landmarks: Path, sizes: list[int], tile: int, sharpen: float
) -> None:
    cv2.setNumThreads(1)
    path, name = source
    if (out / "done" / name).exists():
        return
    original = load_picture(path).rgb
    for size in sorted({min(size, MOST_ENLARGED * max(original.shape[:2])) for size in sizes}):
        photo = bring_to_size(original, size)
        height, width = photo.shape[:2]
        faces = load_faces(landmarks / f"{name}.npz", height, width)
        picture = sharpened(draw(photo, faces), sharpen)
        save_pair(photo, picture, out, f"{name}_{size}", tile)
        for part, side in (("face", tile), ("eyes", round(EYES_SHARE * tile))):
            for number, window in enumerate(face_windows(faces, height, width, side)):
                save_window(photo, picture, out, f"{name}_{size}_{part}{number}", window)
    (out / "done" / name).parent.mkdir(parents=True, exist_ok=True)
    (out / "done" / name).touch()


def sharpened(picture: Pixels, share: float) -> Pixels:
    """``picture`` with ``share`` of its detail added once more, by unsharp masking."""
    values = picture.astype(np.float32)
    detail = values - blur(values, DETAIL)
    return np.clip(values + share * detail + 0.5, 0, 255).astype(np.uint8)


def face_windows(faces: list[Face], height: int, width: int, tile: int) -> Iterator[tuple[slice, slice]]:
    """For each face the tile that has the middle between its eyes as near to its own middle as the photo allows."""
    for face in faces:
        x, y = face.points[IRISES].mean(axis=0)
        top = int(np.clip(y - tile / 2, 0, max(0, height - tile)))
        left = int(np.clip(x - tile / 2, 0, max(0, width - tile)))
        yield np.s_[top : top + tile, left : left + tile]


def make_field_pair(seed: int, *, out: Path, tile: int) -> None:
    cv2.setNumThreads(1)
    field = random_field(np.random.default_rng(seed), tile)
    save_pair(field, paint(field), out, f"fields/{seed:04d}", tile)


def main(
    photos: Annotated[list[Path], typer.Argument(help="folders of photos, then the folder to write: PHOTOS... OUT")],
    landmarks: Annotated[Path, typer.Option(help="folder of the photos' landmarks")],
    sizes: Annotated[str, typer.Option(help="long sides at which each photo is painted")] = "768,512",
    sharpen: Annotated[float, typer.Option(min=0, help="share of the detail to add once more")] = 0.7,
    tile: Annotated[int, typer.Option(help="side of the tiles in pixels")] = 384,
    fields: Annotated[int, typer.Option(help="number of random fields and ramps to add")] = 60,
    lattice: Annotated[bool, typer.Option(help="add each plain field and ramp of the colour lattice")] = True,
    leave_out: Annotated[str, typer.Option(help="photos to leave out: names without suffix, separated by commas")] = "",
    workers: Annotated[int, typer.Option(help="processes")] = os.cpu_count() or 1,
) -> None:
    found, out = sources(photos, leave_out=leave_out.split(","))
    long_sides = [int(size) for size in sizes.split(",")]
    photo_pairs = partial(make_photo_pairs, out=out, landmarks=landmarks, sizes=long_sides, tile=tile, sharpen=sharpen)
    in_processes(photo_pairs, found, total=len(found), workers=workers, description="photos")
    field_pairs = partial(make_field_pair, out=out, tile=tile)
    in_processes(field_pairs, range(fields), total=fields, workers=workers, description="fields")
    for index, picture in enumerate(lattice_pictures() if lattice else ()):
        save_pair(picture, paint(picture), out, f"lattice/{index:02d}", 0)
    typer.echo(f"{len(found)} photos and {fields} fields -> {out}")


if __name__ == "__main__":
    typer.run(main)
