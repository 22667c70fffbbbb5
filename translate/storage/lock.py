"""Locks between processes, held through open files: the system releases them however the process ends."""

from __future__ import annotations

import errno
import os
import platform
import sys
from contextlib import suppress
from pathlib import Path

from translate.storage.own_files import open_own

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

OWNER = b"process "  # how the content of a lock file begins
LOCK_OFFSET = 1 << 30  # bytes: Windows locks a range of a file; nothing is ever written at this one
_held: set[int] = set()  # file descriptors of this process's lock files


class LockedError(Exception):
    """Another process holds the lock; the message says which."""


class LockFile:
    """The file ``path``, created and locked by this process until `release`. Makes missing parent folders.

    Raises ``LockedError`` if another process holds it, ``OSError`` if the file cannot be written, is a link or holds
    something else. On a file system without locks every process gets it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._owner = OWNER + f"{os.getpid()} on {platform.node()}".encode()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._take()
        while not self.held:  # its last holder removed it after we opened it
            self._close()
            self._take()

    def _take(self) -> None:
        descriptor = open_own(self.path, os.O_RDWR | os.O_CREAT)
        if not OWNER.startswith(os.read(descriptor, len(OWNER))):
            os.close(descriptor)
            raise OSError(errno.EEXIST, f"{self.path.name} is not a lock of this program; remove it", str(self.path))
        os.lseek(descriptor, 0, os.SEEK_SET)
        try:
            lock(descriptor)
        except BlockingIOError as error:
            owner = os.read(descriptor, 200).decode(errors="replace")
            os.close(descriptor)
            raise LockedError(owner or "another process") from error
        except OSError:
            pass
        _held.add(descriptor)
        self._descriptor = descriptor
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, self._owner)

    @property
    def held(self) -> bool:
        """Whether the file is still there and ours: its folder may have been removed and created again."""
        try:
            return self.path.read_bytes() == self._owner
        except OSError:
            return False

    def release(self) -> None:
        """Remove the file, and with it the lock."""
        if sys.platform == "win32":  # which cannot remove an open file
            self._close()
        with suppress(OSError):
            if self.held:
                self.path.unlink()
        if sys.platform != "win32":
            self._close()

    def _close(self) -> None:
        _held.discard(self._descriptor)
        os.close(self._descriptor)


def lock(descriptor: int, *, wait: bool = False) -> None:
    """Lock an open file until it is closed; with ``wait``, wait for another holder.

    Raises ``BlockingIOError`` if it is locked already and not ``wait``, and another ``OSError`` if the file system has
    no locks.
    """
    if sys.platform == "win32":
        os.lseek(descriptor, LOCK_OFFSET, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError from error
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def _close_inherited() -> None:
    """After a fork, in the child: an inherited descriptor would keep the lock after the parent has died."""
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_close_inherited)
