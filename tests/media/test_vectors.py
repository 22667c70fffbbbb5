"""Vectors by name, from both kinds of files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from translate.errors import PictureError
from translate.media.vectors import read_vectors


def test_both_kinds_of_files_hold_the_same(tmp_path: Path) -> None:
    vectors = {"a.png": np.arange(3.0), "b": np.ones((2, 3), np.float32)}
    np.savez(tmp_path / "v.npz", **vectors)  # type: ignore[arg-type]
    save_file(vectors, tmp_path / "v.safetensors")
    for name in ("v.npz", "v.safetensors"):
        found = read_vectors(tmp_path / name)
        assert {key: value.tolist() for key, value in found.items()} == {"a.png": [0, 1, 2], "b": [[1, 1, 1]] * 2}


def test_what_is_not_vectors_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "broken.npz").write_bytes(b"PK")
    (tmp_path / "broken.safetensors").write_bytes(b"\0" * 20)
    np.savez(tmp_path / "cube.npz", a=np.ones(3), b=np.ones((2, 2, 3)))
    np.savez(tmp_path / "uneven.npz", a=np.ones(3), b=np.ones(4))
    np.savez(tmp_path / "nan.npz", a=np.array([np.nan]))
    np.savez(tmp_path / "objects.npz", a=np.array([{}]))
    for name, problem in (
        ("broken.npz", "cannot be read as vectors"),
        ("broken.safetensors", "cannot be read as vectors"),
        ("cube.npz", r"b is float64 \[2, 2, 3\], not a vector of 3 numbers"),
        ("uneven.npz", r"b is float64 \[4\], not a vector of 3"),
        ("nan.npz", "not finite"),
        ("objects.npz", "cannot be read as vectors"),
        ("v.txt", r"give a file of vectors, \.npz or \.safetensors"),
    ):
        with pytest.raises(PictureError, match=f"{name}: .*{problem}"):
            read_vectors(tmp_path / name)
