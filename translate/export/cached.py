"""A run as a style file, exported once for each of its checkpoints and kept in the cache."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from translate import __version__
from translate.errors import UnusableError
from translate.export.to_onnx import GENERATORS, export_style, load_run
from translate.storage.cache import cache_folder, make_cache_folder
from translate.style.session import read_style
from translate.weights.checkpoint import Checkpoint, find

PART = "exports"  # of the cache
MAX_EXPORTS = 20


@contextmanager
def exported_run(
    run: Path, direction: str = "AtoB", *, on_export: Callable[[str], None] | None = None
) -> Iterator[Path]:
    """The style file of ``run``, a run's folder or a checkpoint's, within the context; its name is the folder's.

    A run stands for its newest checkpoint. It is exported as by `translate export`, unless the cache has the file;
    where caching is off, the file is a temporary one. ``on_export`` is called with a line where it was exported.

    Raises as `load_run` and `export_style`.
    """
    checkpoint = find(run)
    if not checkpoint.has_weights(f"{GENERATORS[direction]}_ema"):
        load_run(run, direction, title=run.name)  # says what is missing
    name = f"{run.resolve().name}.onnx"
    entry = _entry(checkpoint, direction, name)
    if entry is None:
        with TemporaryDirectory() as folder:
            _export(run, direction, Path(folder) / name, on_export)
            yield Path(folder) / name
        return
    if not _is_export_of(entry, checkpoint, direction):
        _export(run, direction, entry, on_export)
        _evict(entry.parent)
    with suppress(OSError):
        os.utime(entry.parent)  # those unused for longest are evicted first
    yield entry


def _entry(checkpoint: Checkpoint, direction: str, name: str) -> Path | None:
    """The file in the cache, whether it exists or not; None: caching is off.

    Its folder is named after all that the file depends on: weights, configuration and version.
    """
    folder = cache_folder(PART)
    if folder is None:
        return None
    try:
        make_cache_folder(folder)
    except OSError:
        return None
    weights = checkpoint.weights_sha256(f"{GENERATORS[direction]}_ema")
    content = json.dumps([__version__, weights, direction, name, checkpoint.config], sort_keys=True)
    return folder / hashlib.sha256(content.encode()).hexdigest()[:32] / name


def _is_export_of(file: Path, checkpoint: Checkpoint, direction: str) -> bool:
    """Whether ``file`` is there, undamaged, and made from these weights."""
    try:
        return read_style(file).checkpoint_sha256 == checkpoint.weights_sha256(f"{GENERATORS[direction]}_ema")
    except UnusableError:
        return False


def _export(run: Path, direction: str, file: Path, on_export: Callable[[str], None] | None) -> None:
    export_style(*load_run(run, direction, title=run.resolve().name), file)
    if on_export is not None:
        on_export(f"{run}: exported step {find(run).step} to {file}")


def _evict(newest: Path) -> None:
    """Remove the exports beyond the limit, those unused for longest first, but not ``newest``."""
    others = []
    for folder in newest.parent.iterdir():
        with suppress(OSError):  # another process has removed it
            if folder != newest:
                others.append((folder.stat().st_mtime, folder))
    for _, folder in sorted(others, reverse=True)[MAX_EXPORTS - 1 :]:
        shutil.rmtree(folder, ignore_errors=True)
