"""Folders of pictures -> features: batches are processed in parallel, results are cached on disk."""

from __future__ import annotations

import hashlib
import io
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from translate.evaluate.extractors import Extractor, Features
from translate.machine import usable_cores
from translate.media.images import load_rgb
from translate.storage.atomic import write_atomically
from translate.storage.cache import cache_folder, make_cache_folder

BATCH = 4  # pictures per pass: with 16, the network was measured to take 1.5 times as long
MAX_CACHED = 50  # entries, one per folder and variant
CACHE_FORMAT = 1  # a change invalidates all entries
RESIZE = "antialiased bicubic to a square (Parmar et al. 2022)"

SHIFT = 1 / 16  # of a picture's side

Pixels = NDArray[np.uint8]  # [H, W, 3]


def mirrored(picture: Pixels) -> Pixels:
    return picture[:, ::-1]


def shifted(picture: Pixels) -> Pixels:
    """Moved down and to the right, with the edge pixels repeated."""
    step = round(len(picture) * SHIFT)
    return np.pad(picture, ((step, 0), (step, 0), (0, 0)), mode="edge")[:-step, :-step]


PLAIN = "as it is"
VARIANTS: dict[str, Callable[[Pixels], Pixels]] = {  # of a square picture, before the network sees it
    PLAIN: lambda picture: picture,
    "mirrored": mirrored,
    "shifted": shifted,
    "mirrored and shifted": lambda picture: shifted(mirrored(picture)),
}


class Clock:
    """Measures the seconds per stage, summed over threads."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._lock = threading.Lock()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time within the context to stage ``name``."""
        start = time.perf_counter()
        try:
            yield
        finally:
            with self._lock:
                self.seconds[name] += time.perf_counter() - start


def load_square(path: Path, size: int) -> Pixels:
    """The picture, resized to a square: uint8 [size, size, 3]. Raises ``PictureError``, naming the file."""
    picture = Image.fromarray(load_rgb(path))
    return np.asarray(picture.resize((size, size), Image.Resampling.BICUBIC))


def features_of(paths: Sequence[Path], extractor: Extractor, clock: Clock, *, variant: str = PLAIN) -> Features:
    """The features of the pictures, in their order; ``variant`` is one of `VARIANTS`.

    The network gets them shuffled, so that ``Features.perceptual``, the distance of each to the next, is between random
    pictures. Raises ``PictureError``, naming the file.
    """
    change = VARIANTS[variant]
    order = np.random.default_rng(0).permutation(len(paths))
    batches = np.array_split(order, -(-len(order) // BATCH))  # of nearly equal sizes, so that none has a single picture

    def look_at(batch: NDArray[np.intp]) -> Features:
        with clock.stage("decode"):
            pictures = np.stack([change(load_square(paths[index], extractor.size)) for index in batch])
        with clock.stage("features"):
            return extractor(pictures)

    with one_thread_each(usable_cores()) as pool:
        found = Features.concatenated(list(pool.map(look_at, batches)))
    return found[np.argsort(order)]


@contextmanager
def one_thread_each(workers: int) -> Iterator[ThreadPoolExecutor]:
    """A pool whose threads run PyTorch single-threaded: batches in parallel wait less than the parts of one batch."""
    threads = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(workers, "features", initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield pool
    finally:
        torch.set_num_threads(threads)


def cached_features_of(
    folder: Path, paths: Sequence[Path], extractor: Extractor, clock: Clock, *, variant: str = PLAIN
) -> Features:
    """As `features_of`, from the cache where ``paths``, files in ``folder``, have the same names, sizes and times."""
    cache = cache_folder("features")
    if cache is None:
        return features_of(paths, extractor, clock, variant=variant)
    key = hashlib.sha256(
        f"{CACHE_FORMAT} {extractor.identity} {extractor.size} {RESIZE} {variant} {folder.resolve()}".encode()
    )
    for path in paths:
        status = path.stat()
        key.update(f"\0{path.relative_to(folder)}\0{status.st_size}\0{status.st_mtime_ns}".encode())
    entry = cache / f"{key.hexdigest()[:32]}.npz"
    with clock.stage("cache"), suppress(OSError, ValueError, EOFError, BadZipFile):  # missing or damaged: compute
        return _read(entry)
    features = features_of(paths, extractor, clock, variant=variant)
    with clock.stage("cache"), suppress(OSError):
        _write(entry, features)
    return features


PARTS = ("content", "texture", "logits", "perceptual")


def _read(entry: Path) -> Features:
    with np.load(entry, allow_pickle=False) as stored:
        features = Features(*(stored.get(name) for name in PARTS))
    entry.touch()  # the least recently used are deleted first
    return features


def _write(entry: Path, features: Features) -> None:
    make_cache_folder(entry.parent)
    content = io.BytesIO()
    named = zip(PARTS, features.parts(), strict=True)
    np.savez(content, **{name: part for name, part in named if part is not None})  # type: ignore[arg-type]
    write_atomically(entry, content.getvalue())
    for old in sorted(entry.parent.glob("*.npz"), key=lambda path: path.stat().st_mtime)[:-MAX_CACHED]:
        old.unlink(missing_ok=True)
