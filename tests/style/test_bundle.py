"""A packed style is taken whole or refused in one line, before anything of it is used."""

from __future__ import annotations

import json
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.styles import style_info, write_style
from translate.errors import UnusableError, UserError
from translate.style.bundle import (
    CARD,
    INT8,
    LICENCE,
    MANIFEST,
    PREVIEW,
    STYLE,
    file_name,
    require_name,
    unpack,
    write_bundle,
)

INFO = style_info(title="Dabs", licence="MIT")


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    style = write_style(tmp_path_factory.mktemp("packed") / "dabs.onnx", info=INFO).read_bytes()
    return {STYLE: style, INT8: style, CARD: "# Öl\n".encode(), PREVIEW: b"\xff\xd8\xff", LICENCE: b"MIT"}


@pytest.fixture
def bundle(tmp_path: Path, contents: dict[str, bytes]) -> Path:
    write_bundle(tmp_path / "dabs.zip", "dabs", INFO, contents, replace=False)
    return tmp_path / "dabs.zip"


def rewrite(bundle: Path, changes: dict[str, bytes | None], *, compression: int = zipfile.ZIP_STORED) -> None:
    """Replace or, with None, remove members, leaving the others as they are."""
    with zipfile.ZipFile(bundle) as archive:
        members: dict[str, bytes | None] = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(bundle, "w", compression) as archive:
        for name, content in (members | changes).items():
            if content is not None:
                archive.writestr(name, content)


def refusal(bundle: Path, folder: Path) -> str:
    folder.mkdir(exist_ok=True)
    with pytest.raises(UnusableError) as refused:
        unpack(bundle, folder)
    assert "\n" not in str(refused.value) and str(bundle) in str(refused.value)
    return str(refused.value)


def test_what_is_packed_is_unpacked(bundle: Path, contents: dict[str, bytes], tmp_path: Path) -> None:
    folder = tmp_path / "unpacked"
    folder.mkdir()
    manifest = unpack(bundle, folder)
    assert (manifest.name, manifest.title, manifest.licence) == ("dabs", "Dabs", "MIT")
    assert {path.name for path in folder.iterdir()} == {
        *("dabs.onnx", "dabs-int8.onnx", "dabs.md", "dabs.jpg", "licence.txt", "style.json")
    }
    assert all((folder / file_name(member, "dabs")).read_bytes() == content for member, content in contents.items())


def test_packing_twice_gives_the_same_bytes(bundle: Path, contents: dict[str, bytes]) -> None:
    before = bundle.read_bytes()
    write_bundle(bundle, "dabs", INFO, contents, replace=True)
    assert bundle.read_bytes() == before


def manifest_with(bundle: Path, **changes: object) -> bytes:
    with zipfile.ZipFile(bundle) as archive:
        return json.dumps({**json.loads(archive.read(MANIFEST)), **changes}).encode()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({STYLE: b"other"}, "style.onnx is not the file that style.json lists"),
        ({CARD: None}, "lacks card.md"),
        ({INT8: None, "../evil": b"x"}, r"has a member '\.\./evil', which no style has"),
        ({INT8: None, "style.py": b"x"}, "which no style has"),
        ({INT8: None}, "lists other members than it has"),
        ({MANIFEST: b"[" * 100_000}, "more than 50 brackets"),
        ({MANIFEST: b"\xff"}, "utf-8"),
        ({MANIFEST: b"{}"}, "not of format 1"),
        ({MANIFEST: b"x" * 100_001}, r"style\.json has 0 MB, more than 0\.1"),
        ({f"{index}": b"" for index in range(9)}, "more members than a style"),
    ],
    ids=["other", "lacking", "path", "code", "unlisted", "nested", "bytes", "empty", "long", "many"],
)
def test_a_bundle_that_was_changed_is_refused(
    bundle: Path, tmp_path: Path, changes: dict[str, bytes | None], problem: str
) -> None:
    rewrite(bundle, changes)
    assert re.search(problem, refusal(bundle, tmp_path / "unpacked"))
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"name": "../evil"}, "no name of a style"),
        ({"name": "dabs-int8"}, "no name of a style"),
        ({"licence": "CC0"}, "states another title or licence than style.onnx"),
        ({"title": None}, "lacks a title"),
        ({"files": {STYLE: "0"}}, "no SHA-256"),
        ({"files": {"style.py": "0" * 64}}, "lists other members"),
    ],
    ids=str,
)
def test_a_manifest_that_lies_is_refused(
    bundle: Path, tmp_path: Path, changes: dict[str, object], problem: str
) -> None:
    rewrite(bundle, {MANIFEST: manifest_with(bundle, **changes)})
    assert problem in refusal(bundle, tmp_path / "unpacked")


def test_no_member_is_larger_than_the_file(bundle: Path, tmp_path: Path) -> None:
    whole = bundle.read_bytes()
    rewrite(bundle, {CARD: bytes(900_000)}, compression=zipfile.ZIP_DEFLATED)
    assert "is compressed" in refusal(bundle, tmp_path / "unpacked")

    lying = bytearray(whole)  # both sizes of the first member, style.json, in the list of members: 4 GB
    at = lying.index(b"PK\1\2")
    lying[at + 20 : at + 28] = struct.pack("<2L", 0xFFFFFFF0, 0xFFFFFFF0)
    bundle.write_bytes(lying)
    assert "style.json has 4295 MB, more than 0.1" in refusal(bundle, tmp_path / "unpacked")


@pytest.mark.parametrize(
    "damage",
    [lambda whole: whole[:-1], lambda whole: whole[: len(whole) // 2], lambda whole: b"", lambda whole: b"<html>" * 99],
    ids=["a byte", "half", "all", "a web page"],
)
def test_a_file_cut_short_is_refused(bundle: Path, tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    bundle.write_bytes(damage(bundle.read_bytes()))
    assert "`translate models pack` writes styles to pass on" in refusal(bundle, tmp_path / "unpacked")
    assert not list((tmp_path / "unpacked").iterdir())


def test_what_is_no_style_is_refused(tmp_path: Path, contents: dict[str, bytes]) -> None:
    for name, changed, problem in (
        ("junk", {STYLE: b"junk"}, "style.onnx: cannot be loaded as ONNX"),
        ("text", {CARD: b"\xff"}, "card.md is not text in UTF-8"),
    ):
        write_bundle(tmp_path / f"{name}.zip", name, INFO, {**contents, **changed}, replace=False)
        assert problem in refusal(tmp_path / f"{name}.zip", tmp_path / name)


def test_a_name_that_could_be_a_path_is_refused(tmp_path: Path, contents: dict[str, bytes]) -> None:
    for name in ("", "../dabs", "Dabs", "dabs.", "a/b", "dabs-int8", "-dabs", "x" * 65):
        with pytest.raises(UserError, match="lower-case letters"):
            require_name(name)
    require_name("dabs-paint_2")
    with pytest.raises(UserError, match="states no licence"):
        write_bundle(tmp_path / "dabs.zip", "dabs", style_info(licence="unspecified"), contents, replace=False)
