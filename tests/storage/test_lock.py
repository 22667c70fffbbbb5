"""A lock file has one holder; `test_faults` tests that it is released when a process is killed."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from translate.storage import lock
from translate.storage.lock import LockedError, LockFile


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "new" / ".lock"
    first = LockFile(path)
    with pytest.raises(LockedError, match=f"process {os.getpid()} on "):
        LockFile(path)
    assert first.held
    first.release()
    assert not path.exists()
    second = LockFile(path)
    assert second.held
    second.release()


def test_a_removed_file_is_not_held(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    first = LockFile(path)
    path.unlink()
    assert not first.held
    path.write_text("process 1 on another machine")
    assert not first.held
    first.release()
    assert path.exists()  # it belongs to another


def test_a_file_removed_between_opening_and_locking_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / ".lock"
    take, calls = lock.lock, 0

    def late(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            path.unlink()
        take(descriptor)

    monkeypatch.setattr(lock, "lock", late)
    held = LockFile(path)
    assert calls == 2 and held.held
    held.release()


@pytest.mark.skipif(os.name == "nt", reason="needs links")
@pytest.mark.parametrize("kind", ["link", "hard link", "another file"])
def test_what_is_no_lock_is_left_alone(tmp_path: Path, kind: str) -> None:
    other, path = tmp_path / "thesis.txt", tmp_path / ".lock"
    other.write_text("a year's work")
    if kind == "link":
        path.symlink_to(other)
    elif kind == "hard link":
        path.hardlink_to(other)
    else:
        path.write_text("a year's work")
    with pytest.raises(OSError, match=r"\.lock is .*; remove it"):
        LockFile(path)
    assert other.read_text() == path.read_text() == "a year's work"


def test_without_file_system_locks_everyone_gets_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(descriptor: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock, "lock", unknown)
    first, second = LockFile(tmp_path / ".lock"), LockFile(tmp_path / ".lock")
    assert first.held and second.held
    second.release()
