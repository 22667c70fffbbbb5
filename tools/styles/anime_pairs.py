"""Make training pairs for the style ``anime``: OUT/A holds photos, OUT/B the teacher's pictures of them.

    python -m tools.styles.anime_pairs PHOTOS... OUT --landmarks LANDMARKS [--sizes 768,512]

The teacher paints each photo separately at each of the ``--sizes``, with the same brush, so that people appear both
close and distant. Photos are enlarged at most `MAX_ENLARGEMENT` times, as blurred ones would teach the network to blur.
``--rough`` adds a crisper version of each photo, with grain, as scans and small sensors give them: a network that has
seen only photos reduced from large ones leaves fine texture in its pictures. Photo and picture are cut into tiles,
which decode faster in training; each face also gets a tile of its own, and its eyes a smaller one. LANDMARKS holds the
output of tools/styles/teachers/landmarks.py for each folder of PHOTOS, in a subfolder named after it and its parent,
such as ``portraits/train``.
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
from tools.styles.pairs import Source, random_of, run_in_processes, sources, through_jpeg
from tools.styles.teachers.anime import draw
from tools.styles.teachers.face_geometry import Face
from tools.styles.teachers.faces import load_faces
from tools.styles.teachers.paint import Picture, Pixels, blur, bring_to_size
from tools.styles.teachers.scenery import scenery
from translate.distillation.tiles import save_pair, save_window
from translate.media.images import load_picture

DETAIL_SIGMA = 1.0  # pixels; detail is what a Gaussian blur of this standard deviation removes
CRISPER = (0.3, 1.5)  # the shares of their detail that rough photos get on top
GRAIN = 8.0  # the highest standard deviation of their grain, in 8-bit levels
JPEG_QUALITY = (40, 96)
MAX_ENLARGEMENT = 2
EYE_TILE_SCALE = 0.71  # of a tile's side: any crop of 224 contains the eyes, even after enlarging by up to 1.2
IRIS_CENTRES = [468, 473]  # MediaPipe landmarks


def make_photo_pairs(source: Source, *, out: Path, landmarks: Path, sizes: list[int], tile: int, rough: bool) -> None:
    """Write the tiles of one photo, painted at each of ``sizes`` (long sides in pixels), unless an earlier run did."""
    cv2.setNumThreads(1)
    path, name = source
    if (out / "done" / name).exists():
        return
    original = load_picture(path).rgb
    random = random_of(name)
    for size in sorted({min(size, MAX_ENLARGEMENT * max(original.shape[:2])) for size in sizes}):
        photo = bring_to_size(original, size)
        faces = load_faces(landmarks / f"{name}.npz", *photo.shape[:2])
        save_tiles(photo, draw(photo, faces), faces, out, f"{name}_{size}", tile)
        if rough:
            crisp = crisper(photo, random.uniform(*CRISPER))
            save_tiles(with_grain(crisp, random), draw(crisp, faces), faces, out, f"{name}_{size}_rough", tile)
    (out / "done" / name).parent.mkdir(parents=True, exist_ok=True)
    (out / "done" / name).touch()


def save_tiles(photo: Pixels, picture: Pixels, faces: list[Face], out: Path, name: str, tile: int) -> None:
    """Write the tiles of ``photo`` and ``picture`` [H, W, 3], and those on ``faces``."""
    height, width = photo.shape[:2]
    save_pair(photo, picture, out, name, tile)
    for part, side in (("face", tile), ("eyes", round(EYE_TILE_SCALE * tile))):
        for number, window in enumerate(face_windows(faces, height, width, side)):
            save_window(photo, picture, out, f"{name}_{part}{number}", window)


def crisper(photo: Pixels, share: float) -> Pixels:
    """``photo`` with ``share`` of its detail added again (unsharp masking)."""
    values = photo.astype(np.float32)
    return to_pixels(values + share * (values - blur(values, DETAIL_SIGMA)))


def with_grain(photo: Pixels, random: np.random.Generator) -> Pixels:
    """``photo`` with up to `GRAIN`, mostly the same in all colours; every other one compressed as JPEG."""
    height, width = photo.shape[:2]
    grain = random.normal(size=(height, width, 1)) + 0.4 * random.normal(size=(height, width, 3))
    soft = blur(grain.astype(np.float32), random.uniform(0.3, 0.8))  # the grain of film spans pixels
    grainy = to_pixels(photo + random.uniform(0, GRAIN) * soft / soft.std())
    if random.random() < 0.5:
        return grainy
    return through_jpeg(grainy, int(random.integers(*JPEG_QUALITY)))


def to_pixels(values: Picture) -> Pixels:
    return np.clip(values + 0.5, 0, 255).astype(np.uint8)


def face_windows(faces: list[Face], height: int, width: int, side: int) -> Iterator[tuple[slice, slice]]:
    """For each face a window of ``side`` pixels centred between its irises, shifted to stay inside the photo."""
    for face in faces:
        x, y = face.points[IRIS_CENTRES].mean(axis=0)
        top = int(np.clip(y - side / 2, 0, max(0, height - side)))
        left = int(np.clip(x - side / 2, 0, max(0, width - side)))
        yield np.s_[top : top + side, left : left + side]


def make_field_pair(seed: int, *, out: Path, tile: int) -> None:
    """Write the tiles of the synthetic picture drawn with ``seed``."""
    cv2.setNumThreads(1)
    field = random_field(np.random.default_rng(seed), tile)
    save_pair(field, scenery(field), out, f"fields/{seed:04d}", tile)


def main(
    photos: Annotated[list[Path], typer.Argument(help="folders of photos, then the output folder: PHOTOS... OUT")],
    landmarks: Annotated[Path, typer.Option(help="folder of the photos' landmarks")],
    sizes: Annotated[str, typer.Option(help="long sides in pixels at which each photo is painted")] = "768,512",
    rough: Annotated[bool, typer.Option(help="add a crisper, grainy version of each photo")] = True,
    tile: Annotated[int, typer.Option(help="side of the tiles in pixels")] = 384,
    fields: Annotated[int, typer.Option(help="number of random colour fields and ramps to add")] = 60,
    lattice: Annotated[bool, typer.Option(help="add each uniform field and ramp of the colour lattice")] = True,
    leave_out: Annotated[str, typer.Option(help="photos to leave out: names without suffix, separated by commas")] = "",
    workers: Annotated[int, typer.Option(help="number of processes")] = os.cpu_count() or 1,
) -> None:
    found, out = sources(photos, leave_out=leave_out.split(","))
    long_sides = [int(size) for size in sizes.split(",")]
    photo_pairs = partial(make_photo_pairs, out=out, landmarks=landmarks, sizes=long_sides, tile=tile, rough=rough)
    run_in_processes(photo_pairs, found, total=len(found), workers=workers, description="photos")
    field_pairs = partial(make_field_pair, out=out, tile=tile)
    run_in_processes(field_pairs, range(fields), total=fields, workers=workers, description="fields")
    for index, picture in enumerate(lattice_pictures() if lattice else ()):
        save_pair(picture, scenery(picture), out, f"lattice/{index:02d}", 0)
    typer.echo(f"{len(found)} photos and {fields} fields -> {out}")


if __name__ == "__main__":
    typer.run(main)
