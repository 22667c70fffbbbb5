"""Pictures at URLs that fsspec supports (s3://, gs://, abfs://, sftp://, memory://): found, read, and written whole.

A `RemotePath` has the `pathlib.Path` methods that planning and converting need, so a `Location` can be either.
"""

from __future__ import annotations

import io
import os
import re
import secrets
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import IO, Any, Self

from translate.errors import PictureError, UnusableError, UserError, one_line
from translate.storage import atomic, folders

# Uploads to these are atomic, and a move would be a copy: no temporary name is needed.
ATOMIC_UPLOAD = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oss"})
_URL = re.compile(r"(?P<protocol>[a-z][a-z0-9+.-]+)://", re.IGNORECASE)  # at least two letters: C:/ is a drive


@dataclass(frozen=True, order=True)
class RemotePath:
    """A file or folder by its URL, without a trailing slash, except for a root such as ``memory://``."""

    url: str

    def __str__(self) -> str:
        return self.url

    def __truediv__(self, relative: PurePath | str) -> Self:
        below = relative.as_posix() if isinstance(relative, PurePath) else relative
        return type(self)(self.url + ("" if self.url.endswith("/") else "/") + below)

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]

    @property
    def stem(self) -> str:
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.name).suffix

    @property
    def parent(self) -> Self:
        protocol, _, rest = self.url.partition("://")
        return type(self)(f"{protocol}://{rest.rpartition('/')[0]}")

    @property
    def parents(self) -> tuple[RemotePath, ...]:
        """Empty: in most stores there are no real folders, and a file may have others below it."""
        return ()

    def with_name(self, name: str) -> Self:
        return self.parent / name

    def with_stem(self, stem: str) -> Self:
        return self.with_name(stem + self.suffix)

    def exists(self) -> bool:
        """Like `is_dir`, `find_images` and `fingerprint`, raises ``UserError`` if the store does not answer."""
        with self._errors_described("looked up"):
            return bool(self._store.exists(self.url))

    def is_dir(self) -> bool:
        with self._errors_described("looked up"):
            return bool(self._store.isdir(self.url))

    def find_images(self, *, recursive: bool, suffixes: Container[str] | None) -> list[PurePosixPath]:
        """All files below with these suffixes (None: any), sorted, relative to this folder; skips hidden ones."""
        with self._errors_described("listed"):
            root = self._store._strip_protocol(self.url)
            found = self._store.find(self.url, maxdepth=None if recursive else 1)
        below = [PurePosixPath(path.removeprefix(root).lstrip("/")) for path in found]
        return sorted(
            path
            for path in below
            if (suffixes is None or path.suffix.lower() in suffixes)
            and not any(part.startswith(".") for part in path.parts)
        )

    def read_bytes(self) -> bytes:
        """Raises ``PictureError`` naming the URL if it cannot be read."""
        with self._errors_described("read", PictureError):
            content = self._store.cat_file(self.url)
        assert isinstance(content, bytes)
        return content

    def read_range(self, start: int, size: int) -> bytes:
        """``size`` bytes from the byte ``start`` on, fewer where the file ends before; raises as `read_bytes` does."""
        with self._errors_described("read", PictureError):
            content = self._store.cat_file(self.url, start=start, end=start + size)
        assert isinstance(content, bytes)
        return content

    def opened(self) -> IO[bytes]:
        """The file, opened to read any parts of it; raises as `read_bytes` does."""
        with self._errors_described("read", PictureError):
            file: IO[bytes] = self._store.open(self.url, "rb")
        return file

    def write_whole(self, content: bytes, *, replace: bool = True) -> None:
        """Write all of ``content`` or nothing; makes missing folders. Raises ``PictureError`` naming the URL.

        Without ``replace``, a file that is there is kept: ``AppearedError``. Few stores can look and write in one step:
        one that appears in between is replaced.
        """
        if not replace and self.fingerprint() is not None:
            raise atomic.AppearedError(self)
        folder, temporary = self.parent.url, self.with_name(f".{secrets.token_hex(8)}.tmp").url
        with self._errors_described("written", PictureError):
            if self._protocol in ATOMIC_UPLOAD:
                self._store.pipe_file(self.url, content)
                return
            self._store.makedirs(folder, exist_ok=True)
            try:
                self._store.pipe_file(temporary, content)
                self._store.mv(temporary, self.url)
            except BaseException:
                with suppress(Exception):  # the first error is the one to report
                    self._store.rm_file(temporary)
                raise

    def fingerprint(self) -> str | None:
        """See `fingerprint` below."""
        folder = self.parent.url
        with self._errors_described("looked up"):
            self._store.invalidate_cache(folder)  # a cached listing has other details than a fresh look-up
            try:
                return str(self._store.ukey(self.url))
            except FileNotFoundError:
                return None

    @property
    def _protocol(self) -> str:
        return self.url.partition("://")[0].lower()

    @property
    def _store(self) -> Any:
        """The file system of the URL; fsspec keeps one of each kind per process."""
        try:
            import fsspec
        except ImportError as error:
            raise UnusableError(f"{self}: needs fsspec: pip install 'picture-translate[ray]'") from error
        try:
            return fsspec.core.url_to_fs(self.url)[0]
        except ImportError as error:  # its text says what to install
            raise UnusableError(f"{self}: {one_line(error)}") from error
        except ValueError as error:
            raise UserError(f"{self}: not a URL that fsspec supports: {one_line(error)}") from error

    @contextmanager
    def _errors_described(self, done: str, kind: type[UserError] = UserError) -> Iterator[None]:
        """Turn what a store raises into a one-line ``kind`` that names the URL."""
        try:
            yield
        except (UserError, MemoryError):
            raise
        except FileNotFoundError:
            raise kind(f"{self}: no such file") from None
        except Exception as error:  # stores raise their own errors, without a common base class
            raise kind(f"{self}: cannot be {done}: {one_line(error)}") from error


Location = Path | RemotePath


def is_remote(text: str) -> bool:
    """Whether ``text`` is a URL such as ``s3://bucket/photos``, not a file path."""
    return _URL.match(text) is not None


def location(text: str) -> Location:
    """The place the user means by ``text``: a path, also for a ``file://`` URL, or a `RemotePath`."""
    url = _URL.match(text)
    if url is None:
        return Path(text)
    if url["protocol"].lower() in ("file", "local"):
        from urllib.request import url2pathname

        return Path(url2pathname(text[url.end() :]))
    return RemotePath(text if text.endswith("://") else text.rstrip("/"))


def find_images(
    folder: Location, *, recursive: bool, suffixes: Container[str] | None = folders.IMAGE_SUFFIXES
) -> list[tuple[Location, PurePath]]:
    """All files of ``folder`` with these suffixes (None: any), sorted, each with its path below the folder.

    Skips hidden files and folders. Raises ``UserError`` if there is no such folder.
    """
    if isinstance(folder, RemotePath):
        return [(folder / path, path) for path in folder.find_images(recursive=recursive, suffixes=suffixes)]
    found = folders.find_images(folder, recursive=recursive, suffixes=suffixes)
    return [(path, path.relative_to(folder)) for path in found]


def is_below(inner: Location, outer: Location) -> bool:
    """Whether ``inner`` is ``outer`` or lies somewhere below it."""
    if isinstance(inner, Path) and isinstance(outer, Path):
        return Path(os.path.realpath(inner)).is_relative_to(os.path.realpath(outer))  # `resolve` fails on cycles
    return inner == outer or str(inner).startswith(str(outer / ""))


@contextmanager
def atomic_file(target: Location, *, replace: bool = True) -> Iterator[IO[bytes]]:
    """`atomic.atomic_file` for paths and URLs: the file is written whole or not at all."""
    if isinstance(target, RemotePath):
        content = io.BytesIO()
        yield content
        target.write_whole(content.getvalue(), replace=replace)
    else:
        with atomic.atomic_file(target, replace=replace) as file:
            yield file


def fingerprint(target: Location) -> str | None:
    """A text that changes whenever the file is rewritten, the same on every machine; None: there is no such file.

    For a path it is the size and the time to the second: shared file systems round finer times differently. Raises
    ``UserError`` if the store does not answer.
    """
    if isinstance(target, RemotePath):
        return target.fingerprint()
    with suppress(OSError), target.open("rb"):  # makes a network file system ask its server
        pass
    try:
        status = target.stat()
    except OSError:
        return None
    return f"{int(status.st_mtime)} {status.st_size}"
