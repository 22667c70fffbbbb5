from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import files_below
from translate.errors import PictureError
from translate.files import write_atomically


def test_write_atomically(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folders" / "photo.png"
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert files_below(tmp_path) == {"new/folders/photo.png"}


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(b"old")

    def fail(descriptor: int) -> None:
        raise failure

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(PictureError if isinstance(failure, OSError) else KeyboardInterrupt) as error:
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert files_below(tmp_path) == {"photo.png"}
    if isinstance(failure, OSError):
        assert str(error.value) == f"{path}: cannot be written: No space left on device"


def test_write_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PictureError, match="cannot be written"):
        write_atomically(tmp_path / "file" / "photo.png", b"content")
