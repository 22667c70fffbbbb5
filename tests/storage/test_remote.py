"""Pictures at URLs, in fsspec's in-memory store."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from translate.errors import PictureError, UnusableError, UserError
from translate.storage import remote
from translate.storage.remote import (
    Location,
    RemotePath,
    atomic_file,
    find_images,
    fingerprint,
    is_below,
    is_remote,
    location,
)

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def store() -> Iterator[Any]:
    """The store of memory:// URLs, emptied afterwards: there is one per process."""
    store = fsspec.filesystem("memory")
    yield store
    store.store.clear()
    store.pseudo_dirs[:] = [""]


def write_atomically(target: Location, content: bytes) -> None:
    with atomic_file(target) as file:
        file.write(content)


def test_urls_and_paths_are_told_apart(tmp_path: Path) -> None:
    assert all(is_remote(text) for text in ("s3://bucket/photos", "gs://b", "memory://", "file:///tmp/photos"))
    assert not any(is_remote(text) for text in ("photos", "/a/b", "C:/photos", "C:\\photos", "-", "a://b", "x/s3://b"))
    assert location("photos/a.jpg") == Path("photos/a.jpg")
    assert location((tmp_path / "a b.jpg").as_uri()) == tmp_path / "a b.jpg"
    assert location("s3://bucket/photos/") == RemotePath("s3://bucket/photos")
    assert str(location("memory://")) == "memory://"


def test_names_work_as_in_a_path() -> None:
    path = RemotePath("s3://bucket/my photos/a.b.jpg")
    assert (path.name, path.stem, path.suffix) == ("a.b.jpg", "a.b", ".jpg")
    assert path.parent == RemotePath("s3://bucket/my photos")
    assert path.with_stem("c") == path.with_name("c.jpg") == RemotePath("s3://bucket/my photos/c.jpg")
    assert path.parent / PurePosixPath("sub/d.png") == RemotePath("s3://bucket/my photos/sub/d.png")
    assert RemotePath("memory://") / "a.png" == RemotePath("memory://b.png").with_name("a.png")
    assert pickle.loads(pickle.dumps(path)) == path


def test_is_below(tmp_path: Path) -> None:
    folder = RemotePath("s3://bucket/photos")
    assert is_below(folder / "a.jpg", folder) and is_below(folder, folder)
    assert not is_below(RemotePath("s3://bucket/photos-2/a.jpg"), folder)
    assert is_below(tmp_path / "x" / ".." / "a.jpg", tmp_path) and not is_below(tmp_path.parent, tmp_path)
    assert not is_below(tmp_path, folder) and not is_below(folder, tmp_path)


@pytest.mark.parametrize("url", ["memory://photos", "memory:///photos", "memory://"])
def test_pictures_are_found(store: Any, url: str) -> None:
    prefix = "/photos" if "photos" in url else ""
    for name in ("b.PNG", "a.jpg", "notes.txt", ".hidden.jpg", "sub/c.webp", ".git/d.jpg", "sub/e.jpg/f"):
        store.pipe_file(f"{prefix}/{name}", b"content")
    folder = location(url)
    flat = find_images(folder, recursive=False)
    assert [str(relative) for _, relative in flat] == ["a.jpg", "b.PNG"]
    deep = find_images(folder, recursive=True)
    assert [str(relative) for _, relative in deep] == ["a.jpg", "b.PNG", "sub/c.webp"]
    for path, _ in deep:
        assert isinstance(path, RemotePath)
        assert path.exists() and not path.is_dir() and path.read_bytes() == b"content"


def test_pictures_of_a_folder_are_found(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.jpg").touch()
    assert find_images(tmp_path, recursive=True) == [(tmp_path / "sub" / "a.jpg", Path("sub/a.jpg"))]


@pytest.mark.parametrize("atomic_upload", [False, True])
def test_write_and_read(store: Any, monkeypatch: pytest.MonkeyPatch, atomic_upload: bool) -> None:
    if atomic_upload:
        monkeypatch.setattr(remote, "ATOMIC_UPLOAD", {"memory"})
    path = RemotePath("memory://new/folders/photo.png")
    assert not path.exists()
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert path.parent.is_dir()
    assert store.find("/") == ["/new/folders/photo.png"]


def test_a_file_that_appears_meanwhile_is_kept(store: Any) -> None:
    path = RemotePath("memory://folder/photo.png")
    with pytest.raises(PictureError, match="appeared"), atomic_file(path, replace=False) as file:
        file.write(b"ours")
        path.write_whole(b"theirs")
    assert path.read_bytes() == b"theirs"


def test_failed_write_leaves_the_old_file_and_nothing_else(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = RemotePath("memory://folder/photo.png")
    write_atomically(path, b"old")

    def fail(*arguments: object, **options: object) -> None:
        raise RuntimeError("no connection")

    monkeypatch.setattr(type(store), "mv", fail)
    with pytest.raises(PictureError, match=r"^memory://folder/photo.png: cannot be written: no connection$"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert store.find("/") == ["/folder/photo.png"]


def test_a_mistake_of_ours_is_not_blamed_on_the_store(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: RemotePath, name: str) -> None:
        raise TypeError("a mistake of ours")

    monkeypatch.setattr(RemotePath, "with_name", broken)
    with pytest.raises(TypeError, match="a mistake of ours"):
        RemotePath("memory://folder/photo.png").write_whole(b"content")


def test_a_path_is_written(tmp_path: Path) -> None:
    write_atomically(tmp_path / "new" / "photo.png", b"content")
    assert (tmp_path / "new" / "photo.png").read_bytes() == b"content"


def test_an_error_while_writing_writes_nothing(store: Any) -> None:
    with pytest.raises(KeyboardInterrupt), atomic_file(RemotePath("memory://photo.png")) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert store.find("/") == []


def test_a_missing_file_is_one_line(store: Any) -> None:
    with pytest.raises(PictureError, match=r"^memory://nothing.png: no such file$"):
        RemotePath("memory://nothing.png").read_bytes()
    with pytest.raises(UserError, match=r"^nowhere://bucket: not a URL that fsspec supports: "):
        RemotePath("nowhere://bucket").exists()


def test_a_missing_driver_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(UnusableError, match=r"^s3://bucket/photos: .*s3fs"):
        RemotePath("s3://bucket/photos").is_dir()
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(UnusableError, match=r"needs fsspec: pip install 'picture-translate\[ray\]'"):
        RemotePath("s3://bucket/photos").is_dir()


def test_fingerprint_changes_with_every_write(store: Any, tmp_path: Path) -> None:
    path = RemotePath("memory://photo.png")
    seen = [fingerprint(path)]
    for _ in range(2):
        write_atomically(path, b"same")
        seen += [fingerprint(path), fingerprint(path)]
    assert seen[0] is None
    assert seen[1] == seen[2] != seen[3] == seen[4]

    photo = tmp_path / "photo.png"
    assert fingerprint(photo) is None
    photo.write_bytes(b"same")
    os.utime(photo, ns=(0, 1_000_000_000))
    before = fingerprint(photo)
    os.utime(photo, ns=(0, 1_000_000_001))
    assert fingerprint(photo) == before
    write_atomically(photo, b"same")
    assert fingerprint(photo) != before
