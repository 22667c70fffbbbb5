"""Pictures behind a URL that fsspec knows (s3://, gs://, abfs://, sftp://, memory://): found, read, and written whole.

A `RemotePath` has those of `pathlib.Path`'s methods that planning and converting need, so that a `Location` is either.
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

# An upload to these shows up whole or not at all, and a move would be a copy: no temporary name is needed.
ATOMIC_UPLOAD = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oss"})
_URL = re.compile(r"(?P<protocol>[a-z][a-z0-9+.-]+)://", re.IGNORECASE)  # two letters at least: C:/ is a drive


@dataclass(frozen=True, order=True)
class RemotePath:
    """A file or folder by its URL, without a slash at its end, unless it is the root ``memory://``."""

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
        """None: what is a folder is up to the store, in most of which a file may have files below it."""
        return ()

    def with_name(self, name: str) -> Self:
        return self.parent / name

    def with_stem(self, stem: str) -> Self:
        return self.with_name(stem + self.suffix)

    def exists(self) -> bool:
        """This and what follows raises ``UserError`` where the store cannot be asked."""
        with self._errors_described("looked up"):
            return bool(self._store.exists(self.url))

    def is_dir(self) -> bool:
        with self._errors_described("looked up"):
            return bool(self._store.isdir(self.url))

    def find_images(self, *, recursive: bool, suffixes: Container[str]) -> list[PurePosixPath]:
        """All files below with these suffixes, sorted, relative to here; hidden files and folders are passed over."""
        with self._errors_described("listed"):
            root = self._store._strip_protocol(self.url)
            found = self._store.find(self.url, maxdepth=None if recursive else 1)
        below = [PurePosixPath(path.removeprefix(root).lstrip("/")) for path in found]
        return sorted(
            path
            for path in below
            if path.suffix.lower() in suffixes and not any(part.startswith(".") for part in path.parts)
        )

    def read_bytes(self) -> bytes:
        """Raises ``PictureError`` naming the URL where it cannot be read."""
        with self._errors_described("read", PictureError):
            content = self._store.cat_file(self.url)
        assert isinstance(content, bytes)
        return content

    def write_whole(self, content: bytes) -> None:
        """Write all of ``content`` or nothing; makes missing folders. Raises ``PictureError`` naming the URL."""
        with self._errors_described("written", PictureError):
            if self._protocol in ATOMIC_UPLOAD:
                self._store.pipe_file(self.url, content)
                return
            self._store.makedirs(self.parent.url, exist_ok=True)
            temporary = self.with_name(f".{secrets.token_hex(8)}.tmp").url
            try:
                self._store.pipe_file(temporary, content)
                self._store.mv(temporary, self.url)
            except BaseException:
                with suppress(Exception):  # what went wrong above is what is told
                    self._store.rm_file(temporary)
                raise

    def fingerprint(self) -> str | None:
        """As `fingerprint`."""
        with self._errors_described("looked up"):
            self._store.invalidate_cache(self.parent.url)  # a listing tells other details than the file itself
            try:
                return str(self._store.ukey(self.url))
            except FileNotFoundError:
                return None

    @property
    def _protocol(self) -> str:
        return self.url.partition("://")[0].lower()

    @property
    def _store(self) -> Any:
        """The file system of the URL; fsspec keeps one of each kind in a process."""
        try:
            import fsspec
        except ImportError as error:
            raise UnusableError(f"{self}: needs fsspec: pip install 'picture-translate[ray]'") from error
        try:
            return fsspec.core.url_to_fs(self.url)[0]
        except ImportError as error:  # its text says what to install
            raise UnusableError(f"{self}: {one_line(error)}") from error
        except ValueError as error:
            raise UserError(f"{self}: no URL that fsspec knows: {one_line(error)}") from error

    @contextmanager
    def _errors_described(self, done: str, kind: type[UserError] = UserError) -> Iterator[None]:
        """What a store raises becomes one line: ``kind``, naming the URL."""
        try:
            yield
        except (UserError, MemoryError):
            raise
        except FileNotFoundError:
            raise kind(f"{self}: no such file") from None
        except Exception as error:  # each store has errors of its own, of no common kind
            raise kind(f"{self}: cannot be {done}: {one_line(error)}") from error


Location = Path | RemotePath


def is_remote(text: str) -> bool:
    """Whether ``text`` is a URL, ``s3://bucket/photos``, and not the path of a file."""
    return _URL.match(text) is not None


def location(text: str) -> Location:
    """What the user calls ``text``: a path, that of a ``file://`` URL too, or a URL's `RemotePath`."""
    url = _URL.match(text)
    if url is None:
        return Path(text)
    if url["protocol"].lower() in ("file", "local"):
        from urllib.request import url2pathname

        return Path(url2pathname(text[url.end() :]))
    return RemotePath(text if text.endswith("://") else text.rstrip("/"))


def find_images(
    folder: Location, *, recursive: bool, suffixes: Container[str] = folders.IMAGE_SUFFIXES
) -> list[tuple[Location, PurePath]]:
    """All files of ``folder`` with these suffixes, sorted, each with its path below the folder.

    Hidden files and folders are passed over. Raises ``UserError`` where there is no such folder.
    """
    if isinstance(folder, RemotePath):
        return [(folder / path, path) for path in folder.find_images(recursive=recursive, suffixes=suffixes)]
    found = folders.find_images(folder, recursive=recursive, suffixes=suffixes)
    return [(path, path.relative_to(folder)) for path in found]


def is_below(inner: Location, outer: Location) -> bool:
    """Whether ``inner`` is ``outer`` or lies somewhere below it."""
    if isinstance(inner, Path) and isinstance(outer, Path):
        return Path(os.path.realpath(inner)).is_relative_to(os.path.realpath(outer))  # `resolve` fails on circles
    return inner == outer or str(inner).startswith(str(outer / ""))


@contextmanager
def atomic_file(target: Location) -> Iterator[IO[bytes]]:
    """`atomic.atomic_file` for both kinds: what is written inside becomes the whole file or nothing."""
    if isinstance(target, RemotePath):
        content = io.BytesIO()
        yield content
        target.write_whole(content.getvalue())
    else:
        with atomic.atomic_file(target) as file:
            yield file


def fingerprint(target: Location) -> str | None:
    """Another text after the file has been written anew, the same on every machine; None: there is no such file.

    Of a path, its size and its time to the second: file systems that share a folder round finer times differently.
    Raises ``UserError`` where the store cannot be asked.
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
