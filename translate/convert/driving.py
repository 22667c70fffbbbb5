"""Several pictures translated together, the last of them still or moving: a portrait and a film of landmarks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from translate.convert.sampling import RATE
from translate.errors import PictureError, UserError
from translate.media.formats import CONTAINERS
from translate.media.images import load_rgb
from translate.media.video.decode import probe, read_frames
from translate.storage.folders import find_images
from translate.style.translator import Translator

Pixels = NDArray[np.uint8]  # [H, W, 3]


@dataclass(frozen=True)
class Drive:
    """What the last input shows, picture after picture: a video, or the pictures of a folder, sorted by name."""

    source: Path
    names: list[str]  # of a folder's pictures; empty for a video
    rate: Fraction | int  # pictures per second

    @classmethod
    def open(cls, source: Path) -> Drive:
        """Raises ``UserError`` for a folder without pictures and for what is neither folder nor video."""
        if source.is_dir():
            names = [path.relative_to(source).as_posix() for path in find_images(source, recursive=True)]
            if not names:
                raise UserError(f"<drive> {source}: holds no pictures")
            return cls(source, names, RATE)
        if source.suffix.lower() not in CONTAINERS:
            raise UserError(f"<drive> {source}: give a folder of pictures, or a video: {', '.join(CONTAINERS)}")
        return cls(source, [], probe(source).rate)

    def pictures(self) -> Iterator[tuple[str, Pixels]]:
        """Each picture after what to call it in errors. Raises ``PictureError`` for one that cannot be read."""
        for name in self.names:
            yield str(self.source / name), load_rgb(self.source / name)
        if not self.names:
            for number, frame in enumerate(read_frames(self.source, probe(self.source)), 1):
                yield f"{self.source}, frame {number}", frame.pixels


def translate_together(translator: Translator, files: Sequence[Path]) -> Pixels:
    """The translation of the pictures in ``files``.

    Raises ``PictureError`` where one cannot be read, or is not of the first one's size.
    """
    *still, last = files
    return _translated(translator, _loaded(still), (str(last), load_rgb(last)))


def translate_driven(translator: Translator, still: Sequence[Path], drive: Drive) -> Iterator[Pixels]:
    """The translation of the pictures in ``still`` with each picture of ``drive``. Raises as `translate_together`."""
    loaded = _loaded(still)
    for picture in drive.pictures():
        yield _translated(translator, loaded, picture)


def _loaded(files: Sequence[Path]) -> list[tuple[str, Pixels]]:
    return [(str(path), load_rgb(path)) for path in files]


def _translated(translator: Translator, still: Sequence[tuple[str, Pixels]], last: tuple[str, Pixels]) -> Pixels:
    (first_name, first), *others = *still, last
    for name, pixels in others:
        if pixels.shape != first.shape:
            raise PictureError(f"{name}: is {_size(pixels)}, but {first_name} is {_size(first)}; they have to be equal")
    together = np.concatenate([first, *(pixels for _, pixels in others)], axis=2)  # [H, W, 3 K]
    return translator(together[None])[0]


def _size(pixels: Pixels) -> str:
    return f"{pixels.shape[1]}x{pixels.shape[0]}"
