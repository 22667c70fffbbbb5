"""The styles that were pulled: fetched, checked, kept in a folder each, and removed.

Nothing that is fetched is run, and nothing of it stays unless all of it was checked.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from translate.errors import UnusableError, UserError, one_line
from translate.storage.download import download, is_web
from translate.storage.lock import LockedError, LockFile
from translate.storage.own_files import make_own_folder
from translate.style import catalogue
from translate.style.bundle import (
    MANIFEST,
    MAX_BUNDLE,
    NAME,
    SHA256,
    Manifest,
    file_name,
    parse_manifest,
    sha256_of,
    unpack,
)
from translate.style.index import find_entry, read_index

_NEW, _OLD = ".new-", ".old-"  # prefixes of folders that a killed process may leave
_ABANDONED = 24 * 3600  # seconds: the age from which on such a folder is removed


def pull(
    what: str,
    *,
    index: str | None = None,
    sha256: str | None = None,
    overwrite: bool = False,
    on_download: Callable[[str], None] = lambda url: None,
) -> Manifest:
    """Fetch the style ``what``, check it and keep it: a name in the index, the URL of a bundle, or its file.

    ``index``: URL or file of another index than the program's own. ``sha256``: what that of the bundle has to be.
    Raises ``UserError`` where it cannot be as asked, ``UnusableError`` where the bundle cannot be used, and
    ``BrokenOffError`` where the download broke off; repeating the call then goes on from there.
    """
    if sha256 is not None and not SHA256.fullmatch(sha256 := sha256.lower()):
        raise UserError(f"<sha256> {sha256}: give its 64 hexadecimal digits")
    source, size = what, None
    if not is_web(what) and NAME.fullmatch(what):
        entry = find_entry(what, index)
        _require_free(what, overwrite)
        source, size, listed = str(entry.url), entry.bytes, entry.sha256
        if sha256 not in (None, listed):
            raise UserError(f"<sha256> {sha256}: the index lists another for {what}, {listed}")
        sha256 = listed
    if not is_web(source):
        return _keep(Path(source), sha256, overwrite)
    part = _root() / f".{hashlib.sha256(source.encode()).hexdigest()[:16]}.part"
    with _locked(part):
        on_download(source)
        download(source, part, limit=MAX_BUNDLE, size=size)
        try:
            return _keep(part, sha256, overwrite, shown=source)
        finally:
            part.unlink(missing_ok=True)


def remove(name: str) -> None:
    """Remove a pulled style. Raises ``UserError`` if there is none of that name."""
    if name in catalogue.shipped_files():
        raise UserError(f"{name}: comes with the program, and stays; only styles that were pulled can be removed")
    if name not in pulled():
        raise UserError(f"{name}: no style that was pulled; pulled: {', '.join(pulled()) or 'none'}")
    _discard(_root() / name)


def pulled() -> list[str]:
    """The names of the styles that were pulled, sorted, whether they are sound or not."""
    root = catalogue.store_folder()
    if root is None or not root.is_dir():
        return []
    return sorted(path.name for path in root.iterdir() if NAME.fullmatch(path.name) and (path / MANIFEST).is_file())


def problem_of(name: str) -> str | None:
    """What is wrong with the files of a style, shipped or pulled, as a marked text; None: they are what they were.

    Raises ``UserError`` if there is no style of that name.
    """
    shipped = catalogue.shipped_files()
    if name in shipped:
        listed = {entry.name: entry.sha256 for entry in read_index().values()}
        return None if sha256_of(shipped[name]) == listed.get(name) else "has changed; install the program again"
    if name not in pulled():
        known = ", ".join([*shipped, *pulled()])
        raise UserError(f"{name}: neither a style of the program nor one that was pulled; known: {known}")
    folder = _root() / name
    try:
        manifest = parse_manifest((folder / MANIFEST).read_bytes())
        for member, digest in manifest.files.items():
            file = file_name(member, name)
            if sha256_of(folder / file) != digest:
                return f"{file} has changed; pull it again with <overwrite>"
    except (OSError, ValueError) as error:
        return f"is damaged ({one_line(error)}); pull it again with <overwrite>"
    return None


def _keep(bundle: Path, sha256: str | None, overwrite: bool, *, shown: str | None = None) -> Manifest:
    """Check a bundle and keep its style; ``shown`` is how errors name it."""
    shown = shown or str(bundle)
    if not bundle.is_file():
        raise UserError(f"{shown}: no such file; give a name in the index, a URL or the file of a packed style")
    try:
        digest = sha256_of(bundle) if sha256 is not None else None
    except OSError as error:
        raise UserError(f"{shown}: cannot be read: {error.strerror}") from error
    if digest != sha256:
        raise UnusableError(f"{shown}: its SHA-256 is {digest}, not {sha256}; nothing is kept")
    root = _root()
    fresh = Path(tempfile.mkdtemp(prefix=_NEW, dir=root))
    try:
        manifest = unpack(bundle, fresh)
        _require_free(manifest.name, overwrite)
        _put(fresh, root / manifest.name)
    except UserError as error:
        raise type(error)(error.marked.replace(str(bundle), shown)) from error
    except OSError as error:
        raise UnusableError(f"{shown}: cannot be kept in {root}: {error.strerror}") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return manifest


def _put(fresh: Path, place: Path) -> None:
    """Make ``fresh`` the folder ``place``, in the place of what is there."""
    if place.exists():
        _discard(place)
    fresh.rename(place)
    place.chmod(0o700)


def _discard(folder: Path) -> None:
    """Take the folder out of sight at once, then remove it."""
    aside = Path(tempfile.mkdtemp(prefix=_OLD, dir=folder.parent))
    try:
        folder.rename(aside / folder.name)
    except OSError as error:
        raise UnusableError(f"{folder}: cannot be removed: {error.strerror}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _require_free(name: str, overwrite: bool) -> None:
    if name in catalogue.shipped_files():
        raise UserError(f"{name}: is the name of a style that comes with the program; pack it with another <name>")
    if name in pulled() and not overwrite:
        raise UserError(f"{name}: was pulled already; <overwrite> replaces it, `translate models remove` removes it")


def _root() -> Path:
    """The folder of the pulled styles, made if need be, without what killed processes left."""
    root = catalogue.store_folder()
    if root is None:
        raise UserError(
            f"{catalogue.VARIABLE} is empty, which turns pulled styles off; set it to a folder, or unset it"
        )
    try:
        make_own_folder(root)
        for prefix in (_NEW, _OLD):
            for folder in root.glob(f"{prefix}*"):
                if time.time() - folder.lstat().st_mtime > _ABANDONED:
                    shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise UserError(
            f"{root}: cannot be the folder of styles: {error.strerror}; set {catalogue.VARIABLE}"
        ) from error
    return root


@contextmanager
def _locked(part: Path) -> Iterator[None]:
    """Hold ``part`` for this process; afterwards nothing is left of a download that is complete or refused."""
    try:
        lock = LockFile(part.with_suffix(".lock"))
    except LockedError as error:
        raise UserError(f"this style is being downloaded already ({error}); wait for it") from error
    except OSError as error:
        raise UserError(f"{part.parent}: cannot be written: {error.strerror}; set {catalogue.VARIABLE}") from error
    try:
        yield
    finally:
        lock.release()
