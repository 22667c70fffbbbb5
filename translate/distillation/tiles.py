"""Training pairs on disk, FOLDER/A the photos and FOLDER/B the pictures of them, cut into tiles that decode fast."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image

from translate.distillation.drawn import Pixels, digest, key_of
from translate.errors import PictureError, one_line
from translate.media.images import load_rgb
from translate.storage.atomic import write_atomically

SIDE = 288  # pixels of a tile: room for training's random crops of 256


def write_tiles(pairs: Mapping[str, tuple[Path, Path]], folder: Path, side: int = SIDE) -> None:
    """Cut each photo and its picture, of one size, into ``folder``/A and ``folder``/B, in place of what they held.

    Where they hold these tiles already, nothing is done. Raises ``PictureError`` for a picture that cannot be read, or
    a tile that cannot be written.
    """
    done = folder / "tiles.key"  # written last: tiles without it, such as those of a killed process, do not count
    key = _key_of(pairs, side).encode()
    if done.is_file() and done.read_bytes() == key:
        return
    try:
        done.unlink(missing_ok=True)
        for half in ("A", "B"):
            shutil.rmtree(folder / half, ignore_errors=True)
            (folder / half).mkdir(parents=True)  # fails if a link is left there, so that all below is new
        for name, (photo, picture) in sorted(pairs.items()):
            save_pair(load_rgb(photo), load_rgb(picture), folder, name, side)
    except OSError as error:
        raise PictureError(f"{folder}: cannot be written: {error.strerror or one_line(error)}") from error
    write_atomically(done, key)


def _key_of(pairs: Mapping[str, tuple[Path, Path]], side: int) -> str:
    """What the tiles depend on. Raises ``PictureError`` for a file that cannot be read."""
    parts = [str(side).encode()]
    for name, files in sorted(pairs.items()):
        parts.append(name.encode("utf-8", "surrogateescape"))
        for path in files:
            try:
                parts.append(digest(path.read_bytes()).encode())
            except OSError as error:
                raise PictureError(f"{path}: cannot be read: {error.strerror or one_line(error)}") from error
    return key_of(*parts)


def save_pair(photo: Pixels, picture: Pixels, out: Path, name: str, tile: int) -> None:
    """Write a photo and the picture of it, whole (``tile`` 0) or cut into tiles that cover all of it."""
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
