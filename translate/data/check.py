"""Decoding every picture of a data set: its size, or what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from translate.data.pairing import Size
from translate.errors import PictureError
from translate.storage.shards import Source


def measure(files: Iterable[Source]) -> Iterator[tuple[Source, Size | PictureError]]:
    """Decode each picture, in the order given: its width and height, or the error."""
    with ThreadPoolExecutor() as pool:
        yield from pool.map(_measure, files)


def _measure(path: Source) -> tuple[Source, Size | PictureError]:
    from translate.media.images import load_rgb

    try:
        height, width = load_rgb(path).shape[:2]
    except PictureError as error:
        return path, error
    return path, (width, height)
