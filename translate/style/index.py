"""An index of styles: where they are, and the SHA-256 that shows whether what arrives is what was listed.

The program's own lists the styles that come with it. Anybody may publish another: a JSON file that holds
``{"format": 1, "styles": [...]}`` with an entry for each style, as `translate models pack --json` prints it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from translate.errors import UnusableError, UserError, one_line, parse_nested
from translate.storage.download import fetch, is_web
from translate.style import catalogue
from translate.style.bundle import MAX_BUNDLE, NAME, SHA256

FORMAT = 1
FILE = "index.json"  # beside the shipped styles
MAX_INDEX = 5_000_000  # bytes


@dataclass(frozen=True)
class Entry:
    """A style in an index."""

    name: str
    title: str
    licence: str
    sha256: str  # of the bundle at ``url``; without one, of the ONNX file that comes with the program
    bytes: int  # size of that file
    url: str | None = None  # of a web server, or the path of a file


def read_index(location: str | None = None) -> dict[str, Entry]:
    """The entries by name, of the index at a URL or in a file; None: of the program's own.

    URLs in it may be relative to it. Raises ``UnusableError`` naming the index.
    """
    if location is not None and is_web(location):
        content = fetch(location, limit=MAX_INDEX)
    else:
        path = _own() if location is None else Path(location)
        location, content = str(path), _read(path)
    try:
        found = parse_nested(json.loads, content.decode())
        if not isinstance(found, dict) or found.get("format") != FORMAT or not isinstance(found.get("styles"), list):
            raise ValueError(f"is not an index of format {FORMAT}, which this program reads")
        entries = [_entry(fields, location) for fields in found["styles"]]
    except ValueError as error:
        raise UnusableError(f"<index> {location}: {one_line(error)}; give another one") from error
    return {entry.name: entry for entry in entries}


def find_entry(name: str, location: str | None = None) -> Entry:
    """The entry of a style to pull; raises ``UserError`` if there is none."""
    entries = read_index(location)
    if name in entries and entries[name].url is not None:
        return entries[name]
    if name in catalogue.shipped_files():
        raise UserError(f"{name}: comes with the program; use it with `translate convert --style {name}`")
    known = ", ".join(sorted(entry.name for entry in entries.values() if entry.url is not None)) or "none"
    raise UserError(f"{name}: not in the index, which offers {known}; give a URL, a file or another <index>")


def _own() -> Path:
    for folder in catalogue.FOLDERS:
        if (folder / FILE).is_file():
            return folder / FILE
    raise UnusableError(f"{FILE}, the list of styles, is missing from this installation")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_INDEX + 1)
    except OSError as error:
        raise UnusableError(f"<index> {path}: cannot be read: {error.strerror}") from error
    if len(content) > MAX_INDEX:
        raise UnusableError(f"<index> {path}: has more than {MAX_INDEX / 1e6:g} MB; give another one")
    return content


def _entry(fields: object, base: str) -> Entry:
    """The entry with these fields; raises ``ValueError`` if they are not of one."""
    if not isinstance(fields, dict):
        raise ValueError("an entry is not a table")
    try:
        entry = Entry(**fields)
    except TypeError as error:
        raise ValueError(
            f"an entry has other fields than name, title, licence, sha256, bytes and url: {error}"
        ) from None
    texts = (entry.name, entry.title, entry.licence, entry.sha256)
    if not all(isinstance(text, str) for text in texts) or not NAME.fullmatch(entry.name):
        raise ValueError(f"the entry {str(entry.name)[:80]!r} lacks a name, a title or a licence that is one")
    if not SHA256.fullmatch(entry.sha256) or type(entry.bytes) is not int or not 0 < entry.bytes <= MAX_BUNDLE:
        raise ValueError(f"{entry.name} has no SHA-256 or size that is one")
    if entry.url is not None and not isinstance(entry.url, str):
        raise ValueError(f"{entry.name} has a URL that is not text")
    return entry if entry.url is None else Entry(**{**fields, "url": _absolute(entry.url, base)})


def _absolute(url: str, base: str) -> str:
    """``url``, which may be relative to ``base``; only an index in a file may name files, and only those below it."""
    if is_web(base):
        url = urljoin(base, url)
        if not is_web(url):
            raise ValueError(f"{url} is not on a web server, as the index is")
    if is_web(url):
        return url
    folder = Path(base).resolve().parent
    path = (folder / url).resolve()
    if not path.is_relative_to(folder):
        raise ValueError(f"{url} is not below the folder of the index")
    return str(path)
