"""Files and folders at names that anybody can predict: what somebody else has put there is not followed or trusted."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

# Nor does a pipe without a reader block. Windows lacks both; making links takes a privilege there.
_CAUTIOUS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def open_own(path: Path, flags: int) -> int:
    """`os.open` without following links: the descriptor, which child processes do not inherit.

    Raises ``OSError`` as `os.open` does, and if ``path`` is a link, one of several names of a file, or no regular file.
    """
    if path.is_symlink():  # else the system says "Too many levels of symbolic links"
        raise _not_own(path, "is a link, which is not followed")
    descriptor = os.open(path, flags | _CAUTIOUS, 0o666)
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_nlink <= 1:
        return descriptor
    os.close(descriptor)
    raise _not_own(path, "is not a file of its own")


def make_own_folder(path: Path) -> None:
    """Make the folder, which only this user may change, and its parents; it may be there, but not as a link.

    Raises ``OSError``.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.is_symlink():
        raise _not_own(path, "is a link, which is not followed")


def is_ours(path: Path) -> bool:
    """Whether the file or folder, not what it links to, belongs to this user; True where files have no owners."""
    return not hasattr(os, "getuid") or path.lstat().st_uid == os.getuid()


def is_private(folder: Path) -> bool:
    """Whether the folder belongs to this user and nobody else may write to it; raises ``OSError``."""
    status = folder.stat()
    return not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & 0o022)


def _not_own(path: Path, problem: str) -> OSError:
    return OSError(errno.ELOOP, f"{path.name} {problem}; remove it", str(path))
