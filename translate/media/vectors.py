"""Files of vectors by name: NumPy's .npz and .safetensors."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from translate.errors import PictureError, UnusableError, one_line

Vectors = dict[str, NDArray[np.float32]]  # [K] or [R, K] by name


def read_vectors(path: Path) -> Vectors:
    """The vectors of ``path``, each [K], or [R, K] for several of one name.

    Raises ``PictureError`` for a file that cannot be read or holds anything else, ``UnusableError`` without the
    library of its format.
    """
    arrays = _read(path)
    if not arrays:
        raise PictureError(f"{path}: holds no vectors")
    width = next(iter(arrays.values())).shape[-1:]
    for name, array in arrays.items():
        if array.dtype.kind not in "fiu" or array.ndim not in (1, 2) or array.shape[-1:] != width or not array.size:
            raise PictureError(
                f"{path}: {name} is {array.dtype} {list(array.shape)}, not a vector of {width[0] if width else 0} "
                "numbers, or rows of them"
            )
        if not np.isfinite(array).all():
            raise PictureError(f"{path}: {name} holds numbers that are not finite")
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def _read(path: Path) -> dict[str, NDArray[Any]]:
    suffix = path.suffix.lower()
    if suffix not in (".npz", ".safetensors"):
        raise PictureError(f"{path}: give a file of vectors, .npz or .safetensors")
    try:
        if suffix == ".npz":
            with np.load(path, allow_pickle=False) as file:
                return {name: file[name] for name in file.files}
        try:
            from safetensors import SafetensorError
            from safetensors.numpy import load_file
        except ImportError as error:
            raise UnusableError(f"{path}: needs safetensors: pip install safetensors; or give an .npz file") from error
        try:
            return dict(load_file(path))
        except SafetensorError as error:
            raise ValueError(str(error)) from error
    except (OSError, ValueError, EOFError, KeyError, TypeError, zipfile.BadZipFile) as error:
        if isinstance(error, UnusableError):
            raise
        raise PictureError(f"{path}: cannot be read as vectors: {one_line(error)}") from error
