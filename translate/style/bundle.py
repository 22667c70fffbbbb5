"""A style packed to be passed on: one zip file with fixed names, whose content is checked before it is used.

Members are stored without compression, so that none is larger than the file, and dated alike, so that packing the same
style twice gives the same bytes. ``style.json`` lists the SHA-256 of the others.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from translate.errors import UnusableError, UserError, one_line, parse_nested
from translate.storage.atomic import atomic_file
from translate.style.contract import StyleInfo
from translate.style.onnx_check import MAX_BYTES
from translate.style.session import read_style

FORMAT = 1
MANIFEST, STYLE, INT8, CARD, PREVIEW, LICENCE = (
    "style.json",
    "style.onnx",
    "style-int8.onnx",
    "card.md",
    "preview.jpg",
    "licence.txt",
)
LIMITS = {  # member -> bytes
    MANIFEST: 100_000,
    STYLE: MAX_BYTES,
    INT8: MAX_BYTES,
    CARD: 1_000_000,
    PREVIEW: 20_000_000,
    LICENCE: 1_000_000,
}
REQUIRED = (MANIFEST, STYLE, CARD, PREVIEW, LICENCE)
TEXTS = (CARD, LICENCE)
MAX_BUNDLE = 1_000_000_000  # bytes
NAME = re.compile(r"[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?")
SHA256 = re.compile(r"[0-9a-f]{64}")
CHUNK = 1 << 20  # bytes

_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that the format knows
_END = struct.Struct("<4s4H2LH")  # the last record of an archive without a comment
_END64 = 20  # bytes before it, of the record for archives with more than 65,535 members or 4 GB
_MAX_DIRECTORY = 10_000  # bytes of the list of members
_ZIP_ERRORS = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, struct.error, ValueError)


class _RefusedError(Exception):
    """Why the bundle is refused."""


@dataclass(frozen=True)
class Manifest:
    """What a bundle says about itself."""

    name: str  # by which `find_style` will find it
    title: str
    licence: str
    files: dict[str, str]  # member -> SHA-256 in hexadecimal


def require_name(name: str) -> None:
    """Raise ``UserError`` unless ``name`` can be that of a style that is passed on."""
    if not NAME.fullmatch(name) or name.endswith("-int8"):
        raise UserError(
            f"<name> {name}: give up to 64 lower-case letters, digits, hyphens and underscores, such as dabs-paint, "
            "that do not end in `-int8`"
        )


def file_name(member: str, name: str) -> str:
    """The file that ``member`` becomes where the style ``name`` is kept."""
    named = {STYLE: ".onnx", INT8: "-int8.onnx", CARD: ".md", PREVIEW: ".jpg"}
    return name + named[member] if member in named else member


def write_bundle(path: Path, name: str, info: StyleInfo, contents: Mapping[str, bytes], *, replace: bool) -> Manifest:
    """Pack ``contents``, by member, as ``path``; ``info`` is the metadata of the style.

    Raises ``UserError`` for a name that does not suit, and where the licence is not stated, ``PictureError`` where
    the file cannot be written.
    """
    require_name(name)
    if info.licence in ("", "unspecified"):
        raise UserError(f"{name}: states no licence, so that nobody may use it; export it with <licence>")
    hashes = {member: hashlib.sha256(content).hexdigest() for member, content in contents.items()}
    manifest = Manifest(name, info.title, info.licence, hashes)
    described = json.dumps({"format": FORMAT, **asdict(manifest)}, indent=2, ensure_ascii=False).encode()
    with atomic_file(path, replace=replace) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for member, content in {MANIFEST: described, **contents}.items():
            archive.writestr(zipfile.ZipInfo(member, _DATE), content)
    return manifest


def unpack(bundle: Path, folder: Path) -> Manifest:
    """Write the members of ``bundle`` into ``folder``, by `file_name`, and check them.

    Raises ``UnusableError`` if it is no bundle or anything in it is not what it should be; files written until then
    stay in ``folder``.
    """
    with _refusals(bundle), bundle.open("rb") as file:
        _require_small_directory(file)
        with zipfile.ZipFile(file) as archive:
            members = _members(archive)
            described = archive.read(MANIFEST)
            manifest = parse_manifest(described)
            if manifest.files.keys() != members.keys() - {MANIFEST}:
                raise _RefusedError(f"its {MANIFEST} lists other members than it has")
            (folder / MANIFEST).write_bytes(described)
            for member, digest in manifest.files.items():
                with archive.open(members[member]) as content:
                    _write(content, folder / file_name(member, manifest.name), member, digest)
    _check(bundle, folder, manifest)
    return manifest


def parse_manifest(text: bytes) -> Manifest:
    """Raises ``ValueError`` if ``text`` is not the manifest of a bundle."""
    found = parse_nested(json.loads, text.decode())
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ValueError(f"{MANIFEST} is not of format {FORMAT}, which this program reads")
    name, title, licence, files = (found.get(key) for key in ("name", "title", "licence", "files"))
    if not (isinstance(name, str) and NAME.fullmatch(name) and not name.endswith("-int8")):
        raise ValueError(f"{MANIFEST} names it {str(name)[:80]!r}, which is no name of a style")
    if not (isinstance(title, str) and isinstance(licence, str) and isinstance(files, dict)):
        raise ValueError(f"{MANIFEST} lacks a title, a licence or a list of files")
    if not all(isinstance(digest, str) and SHA256.fullmatch(digest) for digest in files.values()):
        raise ValueError(f"{MANIFEST} lists what is no SHA-256")
    return Manifest(name, title, licence, files)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal. Raises ``OSError``."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _require_small_directory(file: IO[bytes]) -> None:
    """Read the last record before `zipfile` does, which would load a list of members of any length."""
    size = file.seek(0, 2)
    if size > MAX_BUNDLE:
        raise _RefusedError(f"has more than {MAX_BUNDLE / 1e6:.0f} MB")
    file.seek(max(0, size - _END.size - _END64))
    tail = file.read()
    signature, *numbers, comment = _END.unpack(tail[-_END.size :])
    count, length = numbers[3], numbers[4]
    if signature != b"PK\5\6" or comment:
        raise _RefusedError("is not a zip file of this program, or cut short")
    if tail.startswith(b"PK\6\7") or count > len(LIMITS) or length > _MAX_DIRECTORY:
        raise _RefusedError("has more members than a style")


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    members = {info.filename: info for info in archive.infolist()}
    if len(members) != len(archive.infolist()):
        raise _RefusedError("has two members of the same name")
    for name, info in members.items():
        if name not in LIMITS:
            raise _RefusedError(f"has a member {name[:80]!r}, which no style has")
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise _RefusedError(f"{name} is compressed, which styles are not")
        if info.file_size > LIMITS[name]:
            raise _RefusedError(f"{name} has {info.file_size / 1e6:.0f} MB, more than {LIMITS[name] / 1e6:g}")
    for name in REQUIRED:
        if name not in members:
            raise _RefusedError(f"lacks {name}")
    return members


def _write(content: IO[bytes], path: Path, member: str, digest: str) -> None:
    found = hashlib.sha256()
    with path.open("xb") as file:
        while chunk := content.read(CHUNK):
            found.update(chunk)
            file.write(chunk)
    if found.hexdigest() != digest:
        raise _RefusedError(f"{member} is not the file that {MANIFEST} lists: its SHA-256 differs")


def _check(bundle: Path, folder: Path, manifest: Manifest) -> None:
    for member in TEXTS:
        try:
            (folder / file_name(member, manifest.name)).read_text(encoding="utf-8")
        except ValueError as error:
            raise UnusableError(f"{bundle}: {member} is not text in UTF-8") from error
    for member in (STYLE, INT8):
        path = folder / file_name(member, manifest.name)
        if not path.is_file():
            continue
        try:
            info = read_style(path)
            info.require_same_size()
        except UserError as error:
            raise UnusableError(f"{bundle}: {error.marked.replace(str(path), member)}") from error
        if info.licence != manifest.licence or (member == STYLE and info.title != manifest.title):
            raise UnusableError(f"{bundle}: {MANIFEST} states another title or licence than {member}")


@contextmanager
def _refusals(bundle: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnusableError(f"{bundle}: cannot be unpacked: {error.strerror or one_line(error)}") from error
    except (_RefusedError, *_ZIP_ERRORS) as error:
        raise UnusableError(f"{bundle}: {one_line(error)}; `translate models pack` writes styles to pass on") from error
