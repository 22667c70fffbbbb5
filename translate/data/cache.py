"""The decoded pictures of a data set in memory, once for all workers: `--cache ram`.

They are decoded before the first step, not as they come up: the workers then only read, so none has to wait for
another. What they get are the same bytes as from the files, so a run with a cache takes the same steps as one without.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import accumulate
from math import prod
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from translate.config import TrainConfig
from translate.data.datasets import PictureDataset, TrainingData
from translate.errors import PictureError
from translate.machine import available_memory_mb
from translate.media.images import load_rgb, picture_size
from translate.storage.shards import Source

SHARE = 0.5  # of the free memory that is taken where no limit is given
SHARED_MEMORY = Path("/dev/shm")  # where Linux has the memory that processes share; containers often have little


@dataclass(frozen=True)
class PictureCache:
    """Reads pictures like `load_rgb`, those of ``places`` from ``pixels``, uint8 [bytes] in shared memory."""

    pixels: Tensor
    places: dict[Source, tuple[int, tuple[int, int, int]]]  # the first byte and the shape [H, W, 3]

    def __call__(self, source: Source) -> NDArray[np.uint8]:
        """The picture as uint8 [H, W, 3], not to be written to where it is a cached one."""
        if source not in self.places:
            return load_rgb(source)
        start, shape = self.places[source]
        picture: NDArray[np.uint8] = self.pixels[start : start + prod(shape)].numpy().reshape(shape)
        picture.flags.writeable = False
        return picture


def cached(data: TrainingData, config: TrainConfig) -> TrainingData:
    """``data`` with as many of its training pictures in memory as fit, and a remark about them; without `--cache ram`
    as it is.

    Pictures that cannot be read are left to the step that needs them, which deals with them as without a cache.
    """
    if config.cache == "none" or not isinstance(data.training, PictureDataset):  # captions are in memory anyway
        return data
    start = time.perf_counter()
    sources = data.training.sources()
    limit = config.cache_mb or _free_mb()
    cache = decode(sources, limit_bytes=int(limit * 1e6))
    text = f"{len(cache.places)} pictures in {len(cache.pixels) / 1e6:,.0f} MB of memory, in "
    text += f"{time.perf_counter() - start:.1f} s"
    if missing := len(sources) - len(cache.places):
        text += f"; {missing} more are read each time: they do not fit in {limit:,.0f} MB (--cache-mb), or are damaged"
    return replace(data, training=data.training.reading(cache), remarks=(*data.remarks, text))


def decode(sources: Sequence[Source], *, limit_bytes: int) -> PictureCache:
    """The first of ``sources`` that take at most ``limit_bytes`` together, decoded by a thread per core."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        sizes = pool.map(_bytes_of, sources)
        ends = list(accumulate(sizes))
        held = sum(end <= limit_bytes for end in ends)
        pixels = torch.empty(ends[held - 1] if held else 0, dtype=torch.uint8).share_memory_()
        starts = [0, *ends][:held]
        shapes = pool.map(lambda source, start, end: _store(source, pixels[start:end]), sources[:held], starts, ends)
        places = {
            source: (start, shape)
            for source, start, shape in zip(sources[:held], starts, shapes, strict=True)
            if shape is not None
        }
    return PictureCache(pixels, places)


def _bytes_of(source: Source) -> int:
    """What the decoded picture takes; 0 where its header cannot be read."""
    try:
        return 3 * prod(picture_size(source))
    except PictureError:
        return 0


def _store(source: Source, room: Tensor) -> tuple[int, int, int] | None:
    """Decode a picture into ``room``, uint8 [bytes]; returns its shape, or None where it is damaged."""
    try:
        picture = load_rgb(source)
    except PictureError:
        return None
    if picture.size != len(room):
        return None
    room.numpy()[:] = picture.reshape(-1)
    height, width, channels = picture.shape
    return height, width, channels


def _free_mb() -> float:
    """What a process may take: its share of the free memory, of which other processes of a run take as much."""
    free = available_memory_mb() or 0.0
    if SHARED_MEMORY.is_dir():
        free = min(free, shutil.disk_usage(SHARED_MEMORY).free / 1e6)
    return SHARE * free / int(os.environ.get("LOCAL_WORLD_SIZE", "1"))  # set by torchrun
