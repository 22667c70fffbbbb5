from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tests.helpers.pictures import files_below
from translate.errors import PictureError
from translate.storage.atomic import atomic_file, remove_abandoned, write_atomically
from translate.storage.lock import lock


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


@pytest.fixture(params=[True, False], ids=["links", "no links"])
def with_or_without_links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that has hard links, and one that refuses them."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    if not request.param:
        monkeypatch.setattr(os, "link", refuse)


@pytest.mark.usefixtures("with_or_without_links")
def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    with pytest.raises(PictureError) as error, atomic_file(path, replace=False) as file:
        file.write(b"ours")
        path.write_bytes(b"theirs")
    assert str(error.value) == f"{path}: appeared during the conversion, and is kept; overwrite replaces it"
    assert path.read_bytes() == b"theirs"
    path.unlink()
    with atomic_file(path, replace=False) as file:
        file.write(b"ours")
    assert path.read_bytes() == b"ours" and path.stat().st_nlink == 1
    assert files_below(tmp_path) == {"photo.png"}


@pytest.mark.usefixtures("with_or_without_links")
def test_a_folder_removed_meanwhile_gets_no_empty_file(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with pytest.raises(PictureError, match="No such file"), atomic_file(folder / "photo.png", replace=False) as file:
        file.write(b"ours")
        folder.rename(tmp_path / "moved")
        folder.mkdir()  # as another worker does
    assert not files_below(folder)


@pytest.mark.skipif(os.name == "nt", reason="needs links")
def test_a_link_that_leads_nowhere_is_kept(tmp_path: Path) -> None:
    link = tmp_path / "photo.png"
    link.symlink_to(tmp_path / "later.png")
    with pytest.raises(PictureError, match="appeared"), atomic_file(link, replace=False) as file:
        file.write(b"ours")
    assert link.is_symlink() and not link.exists()


def test_a_folder_that_vanishes_while_it_is_checked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    looks: list[Path] = []

    def look(path: Path, **_: object) -> bool:
        looks.append(path)
        path.rmdir()
        return False

    monkeypatch.setattr(Path, "is_dir", look)
    write_atomically(folder / "photo.png", b"whole")
    assert looks == [folder]
    assert (folder / "photo.png").read_bytes() == b"whole"


def test_write_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PictureError, match="cannot be written"):
        write_atomically(tmp_path / "file" / "photo.png", b"content")


def test_a_file_being_written_is_not_abandoned(tmp_path: Path) -> None:
    (tmp_path / ".translate-0123456789abcdef.tmp").write_bytes(b"half")
    (tmp_path / ".photo.tmp").write_bytes(b"of another program")
    with atomic_file(tmp_path / "photo.png") as file:
        file.write(b"content")
        remove_abandoned(tmp_path)
        assert len(files_below(tmp_path)) == 2
    assert (tmp_path / "photo.png").read_bytes() == b"content"
    assert files_below(tmp_path) == {"photo.png", ".photo.tmp"}


def test_a_file_removed_between_opening_and_locking_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0

    def late(descriptor: int, **options: bool) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            remove_abandoned(tmp_path)
        lock(descriptor, **options)

    monkeypatch.setattr("translate.storage.atomic.lock", late)
    write_atomically(tmp_path / "photo.png", b"content")
    assert calls == 3  # by the writer, by the removal, by the writer again
    assert files_below(tmp_path) == {"photo.png"}
