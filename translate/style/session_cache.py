"""Graphs as onnxruntime has optimised them for this processor, kept so that a large style starts sooner.

What is won is the optimiser's time, less the time to read the style for its key and the kept graph for its checksum.
Opening a style of 0.9 MB (`mobile`) took 16 ms of processor time by itself and 12 from the cache, 9 MB (`animegan`) 87
and 83, 46 MB (`resnet`) 232 and 166: medians of 12 on one core with AVX2, onnxruntime 1.31. Hence only large styles are
kept. Sessions on a GPU are not: their graphs depend on more than goes into the key.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import onnxruntime

from translate.machine import processor_features
from translate.storage.cache import cache_folder

WORTHWHILE = 20_000_000  # bytes of a style; smaller ones open about as fast by themselves
MAX_FILES = 20
MAX_BYTES = 1_000_000_000  # of all files together
STALE = 3600  # seconds after which a file that was never finished is removed


def cache_size(folder: Path) -> tuple[int, int]:
    """How many graphs ``folder`` holds, and their bytes."""
    sizes = [size for _, size, _ in _newest_first(folder)]
    return len(sizes), sum(sizes)


def load_through_cache(
    path: Path, options: Any, load: Callable[[Path], Any], errors: tuple[type[Exception], ...]
) -> Any:
    """``load(path)``, or sooner the same from the cache. For sessions on the processor alone.

    ``load`` makes a session of a file with ``options``, onnxruntime's ``SessionOptions``, which are changed meanwhile;
    ``errors`` are what it raises where it cannot. A cache that cannot be read or written is passed over; what is
    damaged in it is written anew.
    """
    stem = _stem_of_entries(path, options)
    if stem is None:
        return load(path)
    session = _load_kept(stem, options, load, errors)
    return _load_and_keep(path, stem, options, load, errors) if session is None else session


def _stem_of_entries(path: Path, options: Any) -> Path | None:
    """What the kept graphs of this style begin with, ``FOLDER/VERSION-KEY``; a checksum follows. None: not kept."""
    folder, features = cache_folder(), processor_features()
    try:
        if folder is None or not features or path.stat().st_size < WORTHWHILE:
            return None
        with path.open("rb") as file:
            key = hashlib.file_digest(file, "sha256")
    except OSError:
        return None
    # What the optimiser does follows from these; it is the same for any number of threads.
    for part in (onnxruntime.__version__, str(options.graph_optimization_level), *features):
        key.update(part.encode() + b"\0")
    return folder / f"{onnxruntime.__version__}-{key.hexdigest()[:32]}"


def _load_kept(stem: Path, options: Any, load: Callable[[Path], Any], errors: tuple[type[Exception], ...]) -> Any:
    """``None``: nothing is kept, or it is damaged and has been removed."""
    level = options.graph_optimization_level
    with suppress(OSError):
        for entry in list(stem.parent.glob(f"{stem.name}-*.onnx")):
            if entry.name == _name_of_entry(stem, entry):
                options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
                try:
                    session = load(entry)
                except errors:
                    pass
                else:
                    with suppress(OSError):
                        os.utime(entry)  # those not used for the longest time go first
                    return session
                finally:
                    options.graph_optimization_level = level
            entry.unlink()
    return None


def _name_of_entry(stem: Path, content: Path) -> str:
    return f"{stem.name}-{zlib.crc32(content.read_bytes()):08x}.onnx"


def _load_and_keep(
    path: Path, stem: Path, options: Any, load: Callable[[Path], Any], errors: tuple[type[Exception], ...]
) -> Any:
    temporary = stem.with_name(f".{secrets.token_hex(8)}.tmp")
    failures: tuple[type[Exception], ...] = (OSError, *errors)
    try:
        temporary.parent.mkdir(parents=True, exist_ok=True)
        options.optimized_model_filepath = str(temporary)
        session = load(path)
        with suppress(OSError):
            temporary.replace(stem.with_name(_name_of_entry(stem, temporary)))
            _remove_superfluous(stem.parent)
        return session
    except failures:  # the folder cannot be written, or the fault is the style's own and shows below
        pass
    finally:
        options.optimized_model_filepath = ""
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return load(path)


def _newest_first(folder: Path) -> list[tuple[float, int, Path]]:
    """When it was last used, bytes and path of each graph in ``folder``."""
    entries = []
    for path in folder.glob("*-*-*.onnx"):
        with suppress(OSError):  # another process has removed it
            stat = path.stat()
            entries.append((stat.st_mtime, stat.st_size, path))
    return sorted(entries, reverse=True)


def _remove_superfluous(folder: Path) -> None:
    """Graphs of other versions of onnxruntime, those over the limits, and what interrupted processes left."""
    total = 0
    for number, (_, size, path) in enumerate(_newest_first(folder)):
        total += size
        other = not path.name.startswith(f"{onnxruntime.__version__}-")
        if other or number >= MAX_FILES or total > MAX_BYTES:
            with suppress(OSError):
                path.unlink()
    for path in folder.glob(".*.tmp"):
        with suppress(OSError):
            if path.stat().st_mtime < time.time() - STALE:
                path.unlink()
