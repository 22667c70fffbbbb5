"""Downloads over HTTP: bounded, resumable, and never from anything but a web server.

A server may lie about all it says. What arrives is data, whose content the caller checks.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import urljoin, urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from translate import __version__
from translate.errors import UnusableError, UserError, literal, one_line
from translate.storage.own_files import open_own

TIMEOUT = 30  # seconds without an answer, or without a byte
MAX_REDIRECTS = 5
CHUNK = 1 << 18  # bytes
SCHEMES = ("http", "https")
_REDIRECTS = (301, 302, 303, 307, 308)
_NOT_SATISFIABLE = 416  # nothing is left from where the request begins
_WEB = re.compile(r"https?://", re.IGNORECASE)


class BrokenOffError(UnusableError):
    """The download broke off; where the server allows it, the same call goes on from there."""


def is_web(location: str) -> bool:
    """Whether ``location`` begins as the URL of a web server does."""
    return _WEB.match(location) is not None


def fetch(url: str, *, limit: int) -> bytes:
    """All that ``url`` holds, up to ``limit`` bytes. Raises ``UnusableError`` naming the URL."""
    with _errors_described(url), _open(url, 0) as response:
        _require_within(response, 0, url, limit)
        content: bytes = response.read(limit + 1)
        if len(content) > limit:
            raise UnusableError(f"{url}: has more than {_size(limit)}, which is the limit")
        return content


def download(url: str, part: Path, *, limit: int, size: int | None = None) -> None:
    """Download ``url`` as ``part``, without requesting again what an earlier call left there.

    ``limit`` and ``size`` are bytes; ``size`` is what the whole has to have, where that is known. Raises
    ``BrokenOffError`` where the connection fails, which keeps what the server can go on from, and ``UnusableError``
    where the download is refused, which keeps nothing; both name the URL.
    """
    try:
        with _errors_described(url), _opened(part) as file:
            if size is None or file.seek(0, os.SEEK_END) != size:
                _transfer(url, file, limit if size is None else size)
            if size is not None and file.tell() != size:
                raise UnusableError(f"{url}: has {file.tell()} bytes, not the {size} it should have; nothing is kept")
    except BrokenOffError:
        if part.is_file() and not part.stat().st_size:
            part.unlink()
        raise
    except UserError:
        part.unlink(missing_ok=True)
        raise


def _opened(part: Path) -> IO[bytes]:
    try:
        return os.fdopen(open_own(part, os.O_RDWR | os.O_CREAT), "r+b", buffering=0)
    except OSError as error:
        raise UnusableError(f"{part}: cannot be written: {error.strerror}") from error


def _transfer(url: str, file: IO[bytes], limit: int) -> None:
    """Append to ``file`` what it lacks of ``url``."""
    start = file.seek(0, os.SEEK_END)
    with _open(url, start if start < limit else 0) as response:
        if response.status != 206:
            start = 0
        elif not str(response.headers.get("Content-Range", "")).startswith(f"bytes {start}-"):
            raise UnusableError(f"{url}: the server sends another part than requested; nothing is kept")
        _require_within(response, start, url, limit)
        expected = None if response.length is None else start + response.length
        file.seek(start)
        file.truncate()
        try:
            while chunk := response.read1(CHUNK):
                if file.tell() + len(chunk) > limit:
                    raise UnusableError(f"{url}: has more than {_size(limit)}, which is the limit; nothing is kept")
                _write(file, chunk)
        except (OSError, HTTPException) as error:
            raise _broken_off(url, file, response, one_line(error)) from error
        if expected is not None and file.tell() < expected:
            raise _broken_off(url, file, response, f"{file.tell()} of {expected} bytes arrived")


def _broken_off(url: str, file: IO[bytes], response: Any, problem: str) -> BrokenOffError:
    if response.status == 206 or response.headers.get("Accept-Ranges") == "bytes":
        return BrokenOffError(f"{url}: the download broke off ({problem}); repeat the command to go on")
    file.truncate(0)
    return BrokenOffError(f"{url}: the download broke off ({problem}); nothing is kept, as the server cannot go on")


def _write(file: IO[bytes], chunk: bytes) -> None:
    try:
        while chunk:
            chunk = chunk[file.write(chunk) :]
    except OSError as error:
        raise UnusableError(f"the download cannot be written: {error.strerror}") from error


def _open(url: str, start: int) -> Any:
    """The server's answer, from byte ``start`` on if it can do that; follows redirects to the same scheme."""
    target, scheme = url, _scheme(url)
    for _ in range(MAX_REDIRECTS + 1):
        ask = {"User-Agent": f"picture-translate/{__version__}"} | ({"Range": f"bytes={start}-"} if start else {})
        try:
            return _opener().open(Request(target, headers=ask), timeout=TIMEOUT)
        except HTTPError as error:
            error.close()
            if error.code == _NOT_SATISFIABLE and start:
                start = 0
                continue
            to = error.headers.get("Location")
            if error.code not in _REDIRECTS or to is None:
                raise UnusableError(f"{url}: the server answers {error.code} {literal(str(error.reason))}") from error
        target = urljoin(target, to)
        if urlsplit(target).scheme != scheme:
            raise UnusableError(f"{url}: redirects to {literal(target)}, which is not followed; only {scheme}:// is")
    raise UnusableError(f"{url}: redirects more than {MAX_REDIRECTS} times")


def _scheme(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise UserError(f"{literal(url)}: not a URL that begins with http:// or https://")
    if parts.username is not None or parts.password is not None:
        raise UserError(f"a URL on {parts.hostname}: holds a name or a password, which would be shown; leave it out")
    return parts.scheme


def _opener() -> OpenerDirector:
    """Opens web addresses alone: the usual one of urllib reads files and FTP, too."""
    opener = OpenerDirector()
    for handler in (ProxyHandler, HTTPHandler, HTTPSHandler, HTTPErrorProcessor, HTTPDefaultErrorHandler):
        opener.add_handler(handler())
    return opener


def _require_within(response: Any, start: int, url: str, limit: int) -> None:
    if response.length is not None and start + response.length > limit:
        raise UnusableError(
            f"{url}: is announced with {_size(start + response.length)}, more than {_size(limit)}, which is the limit"
        )


@contextmanager
def _errors_described(url: str) -> Iterator[None]:
    try:
        yield
    except UserError:
        raise
    except (OSError, HTTPException, ValueError) as error:  # ValueError: of a URL that makes no sense
        cause = getattr(error, "reason", None)  # of urllib's own
        reason = one_line(cause if isinstance(cause, Exception) else error)
        raise BrokenOffError(
            f"{literal(url)}: cannot be downloaded: {reason}; styles on this machine work without a connection"
        ) from error


def _size(count: int) -> str:
    return f"{count / 1e6:,.0f} MB" if count >= 1_000_000 else f"{count:,} bytes"
