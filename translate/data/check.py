"""Decoding every picture of a data set: its size, or what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from translate.data.pairing import Size
from translate.errors import PictureError
from translate.storage.shards import Source

S = TypeVar("S", bound=Source)


def measure(files: Iterable[S]) -> Iterator[tuple[S, Size | PictureError]]:
    """Decode each picture, in the order given: its width and height, or the error."""
    with ThreadPoolExecutor() as pool:
        yield from pool.map(_measure, files)


def _measure(path: S) -> tuple[S, Size | PictureError]:
    from translate.media.images import load_rgb

    try:
        height, width = load_rgb(path).shape[:2]
    except PictureError as error:
        return path, error
    return path, (width, height)
