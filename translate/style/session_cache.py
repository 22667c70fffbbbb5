"""A cache of graphs that onnxruntime has optimised for this processor, so that a large style opens faster.

It saves the optimiser's time, minus the time to read the style for its key and the cached graph for its checksum.
Opening a style of 0.9 MB (`mobile`) took 16 ms of processor time without the cache and 12 with it, 9 MB (`animegan`) 87
and 83, 46 MB (`resnet`) 232 and 166: medians of 12 on one core with AVX2, onnxruntime 1.31. Hence only large styles are
cached. GPU sessions are not: their graphs depend on more than the key covers.

A cached graph holds operators of onnxruntime's own, so that `onnx_check` would refuse it. It is as trustworthy as the
style it was made from, by the hash in its name, and as its folder, which only this user may write to.
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
from translate.storage.cache import cache_folder, make_cache_folder

MIN_STYLE_BYTES = 20_000_000  # smaller styles open about as fast without the cache
MAX_FILES = 20
MAX_BYTES = 1_000_000_000  # all files together
STALE_SECONDS = 3600  # after which an unfinished file is removed


def cache_size(folder: Path) -> tuple[int, int]:
    """The number of graphs in ``folder``, and their total size in bytes."""
    sizes = [size for _, size, _ in _newest_first(folder)]
    return len(sizes), sum(sizes)


def load_through_cache(
    path: Path, options: Any, load: Callable[[Path], Any], errors: tuple[type[Exception], ...]
) -> Any:
    """``load(path)``, or the same faster from the cache. Only for CPU sessions.

    ``load`` opens a file with ``options``, onnxruntime's ``SessionOptions``, which are changed temporarily; ``errors``
    are what it raises on failure. A cache that cannot be read or written is ignored; damaged entries are replaced.
    """
    stem = _stem_of_entries(path, options)
    if stem is None:
        return load(path)
    session = _load_cached(stem, options, load, errors)
    return _load_and_cache(path, stem, options, load, errors) if session is None else session


def _stem_of_entries(path: Path, options: Any) -> Path | None:
    """The prefix of this style's entries, ``FOLDER/VERSION-KEY``; a checksum follows. None: do not cache."""
    folder, features = cache_folder(), processor_features()
    try:
        if folder is None or not features or path.stat().st_size < MIN_STYLE_BYTES:
            return None
        with path.open("rb") as file:
            key = hashlib.file_digest(file, "sha256")
    except OSError:
        return None
    # The optimiser's result depends on these, and not on the number of threads.
    for part in (onnxruntime.__version__, str(options.graph_optimization_level), *features):
        key.update(part.encode() + b"\0")
    return folder / f"{onnxruntime.__version__}-{key.hexdigest()[:32]}"


def _load_cached(stem: Path, options: Any, load: Callable[[Path], Any], errors: tuple[type[Exception], ...]) -> Any:
    """The session; None: there is no entry, or it was damaged and has been removed."""
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
                        os.utime(entry)  # the least recently used are evicted first
                    return session
                finally:
                    options.graph_optimization_level = level
            entry.unlink()
    return None


def _name_of_entry(stem: Path, content: Path) -> str:
    return f"{stem.name}-{zlib.crc32(content.read_bytes()):08x}.onnx"


def _load_and_cache(
    path: Path, stem: Path, options: Any, load: Callable[[Path], Any], errors: tuple[type[Exception], ...]
) -> Any:
    temporary = stem.with_name(f".{secrets.token_hex(8)}.tmp")
    failures: tuple[type[Exception], ...] = (OSError, *errors)
    try:
        make_cache_folder(temporary.parent)
        options.optimized_model_filepath = str(temporary)
        session = load(path)
        with suppress(OSError):
            temporary.replace(stem.with_name(_name_of_entry(stem, temporary)))
            _evict(stem.parent)
        return session
    except failures:  # the folder cannot be written, or the style itself is broken, and then `load` below fails too
        pass
    finally:
        options.optimized_model_filepath = ""
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return load(path)


def _newest_first(folder: Path) -> list[tuple[float, int, Path]]:
    """Time of last use, size in bytes and path of each graph in ``folder``."""
    entries = []
    for path in folder.glob("*-*-*.onnx"):
        with suppress(OSError):  # another process has removed it
            stat = path.stat()
            entries.append((stat.st_mtime, stat.st_size, path))
    return sorted(entries, reverse=True)


def _evict(folder: Path) -> None:
    """Remove graphs of other onnxruntime versions, those over the limits, and leftovers of interrupted processes."""
    total = 0
    for number, (_, size, path) in enumerate(_newest_first(folder)):
        total += size
        other = not path.name.startswith(f"{onnxruntime.__version__}-")
        if other or number >= MAX_FILES or total > MAX_BYTES:
            with suppress(OSError):
                path.unlink()
    for path in folder.glob(".*.tmp"):
        with suppress(OSError):
            if path.stat().st_mtime < time.time() - STALE_SECONDS:
                path.unlink()
