"""Make training pairs for the style ``cel``: OUT/A holds photos, OUT/B the same photos cel-shaded.

    python -m tools.styles.cel_pairs PHOTOS... OUT [--scales 1,0.5] [--tile 288] [--fields 600] [--lattice 16]

The filter works on the whole photo; ``--tile`` then cuts photo and picture into tiles, which decode faster in training.
``--fields`` and ``--lattice`` add synthetic fields and ramps (see cel_fields.py).
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image
from rich.progress import track

from tools.styles.fields import lattice_pictures, random_field
from tools.styles.teachers.cel import cel_shade
from translate.media.images import load_picture
from translate.storage.folders import find_images

Pixels = NDArray[np.uint8]  # RGB [H, W, 3]


def save_pair(photo: Pixels, picture: Pixels, out: Path, name: str, tile: int) -> None:
    """Write a photo and the teacher's picture of it, whole (``tile`` 0) or cut into tiles that cover all of it."""
    height, width = photo.shape[:2]
    if not tile:
        save_window(photo, picture, out, name, np.s_[:, :])
        return
    for top, left in product(tile_starts(height, tile), tile_starts(width, tile)):
        save_window(photo, picture, out, f"{name}_{top:04d}_{left:04d}", np.s_[top : top + tile, left : left + tile])


def save_window(photo: Pixels, picture: Pixels, out: Path, name: str, window: tuple[slice, slice]) -> None:
    for side, pixels in (("A", photo), ("B", picture)):
        target = out / side / f"{name}.bmp"  # a tenth of a PNG's decoding, which training would wait for
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels[window]).save(target)


def tile_starts(length: int, tile: int) -> list[int]:
    """Where tiles begin that cover ``length`` pixels at even distances."""
    if length <= tile:
        return [0]
    count = -(-length // tile)
    return [round(i * (length - tile) / (count - 1)) for i in range(count)]


def make_photo_pairs(source: tuple[Path, str], *, out: Path, scales: list[float], tile: int) -> None:
    cv2.setNumThreads(1)
    path, name = source
    photo = load_picture(path).rgb
    for scale in scales:
        resized = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)  # scale 1 copies
        scaled = resized.astype(np.uint8)
        save_pair(scaled, cel_shade(scaled), out, f"{name}_x{scale:g}" if len(scales) > 1 else name, tile)


def make_field_pair(seed: int, *, out: Path, tile: int) -> None:
    cv2.setNumThreads(1)
    field = random_field(np.random.default_rng(seed), tile or 288)
    save_pair(field, cel_shade(field), out, f"fields/{seed:04d}", tile)


def make_lattice_pairs(out: Path, copies: int) -> None:
    """Each picture ``copies`` times, which weighs it in the training."""
    for index, picture in enumerate(lattice_pictures()):
        for copy in range(copies):
            save_pair(picture, cel_shade(picture), out, f"lattice/{index:02d}_{copy:02d}", 0)


def main(
    photos: Annotated[list[Path], typer.Argument(help="folders of photos, then the folder to write: PHOTOS... OUT")],
    scales: Annotated[str, typer.Option(help="sizes at which each photo is filtered")] = "1",
    tile: Annotated[int, typer.Option(help="cut into tiles of this size in pixels; 0 keeps whole pictures")] = 0,
    fields: Annotated[int, typer.Option(help="number of random fields and ramps to add")] = 0,
    lattice: Annotated[int, typer.Option(help="copies of each plain field and ramp of the colour lattice to add")] = 0,
    leave_out: Annotated[list[str], typer.Option(help="photos to leave out, by name without suffix")] = [],  # noqa: B006
    workers: Annotated[int, typer.Option(help="processes")] = 2,
) -> None:
    *folders, out = photos
    if not folders:
        raise typer.BadParameter("give at least one folder of photos and the folder to write")
    sources = [
        (path, f"{folder.parent.name}_{folder.name}/{path.relative_to(folder).with_suffix('').as_posix()}")
        if len(folders) > 1
        else (path, path.relative_to(folder).with_suffix("").as_posix())
        for folder in folders
        for path in find_images(folder, recursive=True)
        if path.stem not in leave_out
    ]
    jobs = partial(make_photo_pairs, out=out, scales=[float(scale) for scale in scales.split(",")], tile=tile)
    # spawn: OpenCV's threads do not survive a fork
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for _ in track(pool.map(jobs, sources), total=len(sources), description="photos"):
            pass
        field_jobs = partial(make_field_pair, out=out, tile=tile)
        for _ in track(pool.map(field_jobs, range(fields)), total=fields, description="fields"):
            pass
    make_lattice_pairs(out, lattice)
    typer.echo(f"{len(sources)} photos and {fields} fields -> {out}")


if __name__ == "__main__":
    typer.run(main)
