"""Styles are pulled from servers that may lie, and nothing stays that was not checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.helpers.styles import style_info, write_style
from tests.helpers.web_server import endless, redirect, send, serving, without_ranges
from tools.release.index import shipped_index
from translate.errors import UnusableError, UserError
from translate.style import catalogue, store
from translate.style.bundle import CARD, INT8, LICENCE, PREVIEW, STYLE, sha256_of, write_bundle
from translate.style.index import read_index

INFO = style_info(title="Dabs", licence="MIT")
REMEDY = "run `python -m tools.release.index`"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the styles that were pulled, not yet there."""
    monkeypatch.setenv(catalogue.VARIABLE, str(tmp_path / "home" / "styles"))
    monkeypatch.setenv("no_proxy", "*")
    return tmp_path / "home" / "styles"


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packed")
    style = write_style(folder / "dabs.onnx", info=INFO).read_bytes()
    contents = {STYLE: style, INT8: style, CARD: b"# Dabs\n", PREVIEW: b"\xff\xd8\xff", LICENCE: b"MIT"}
    write_bundle(folder / "dabs.zip", "dabs", INFO, contents, replace=False)
    return folder / "dabs.zip"


def entry(packed: Path, **changes: object) -> dict[str, object]:
    facts = {"name": "dabs", "title": "Dabs", "licence": "MIT", "sha256": sha256_of(packed)}
    return {**facts, "bytes": packed.stat().st_size, "url": "dabs.zip", **changes}


def index(*entries: dict[str, object]) -> bytes:
    return json.dumps({"format": 1, "styles": entries}).encode()


def kept(home: Path) -> list[str]:
    return sorted(path.name for path in home.iterdir()) if home.is_dir() else []


def test_a_style_by_its_name_in_an_index(packed: Path, home: Path) -> None:
    shipped = catalogue.list_styles()
    content = packed.read_bytes()
    with serving({"/index.json": send(index(entry(packed))), "/dabs.zip": send(content)}) as url:
        asked: list[str] = []
        store.pull("dabs", index=f"{url}/index.json", on_download=asked.append)
        assert asked == [f"{url}/dabs.zip"]
    assert kept(home) == ["dabs"] and home.stat().st_mode & 0o777 == 0o700
    assert list(catalogue.list_styles()) == sorted([*shipped, "dabs"])
    assert catalogue.find_style("dabs-int8") == home / "dabs" / "dabs-int8.onnx"
    with pytest.raises(UserError, match="was pulled already"):
        store.pull(str(packed))
    store.pull(str(packed), overwrite=True)
    store.remove("dabs")
    assert kept(home) == [] and catalogue.list_styles() == shipped


def test_a_download_that_broke_off_goes_on(packed: Path, home: Path) -> None:
    content = packed.read_bytes()
    answers = {"/dabs.zip": send(content, stop_after=500)}
    with serving(answers) as url:
        with pytest.raises(UnusableError, match="repeat the command to go on"):
            store.pull(f"{url}/dabs.zip")
        (part,) = home.iterdir()
        assert part.suffix == ".part" and part.read_bytes() == content[:500]
        assert store.pulled() == []
        answers["/dabs.zip"] = send(content)
        store.pull(f"{url}/dabs.zip", sha256=sha256_of(packed))
    assert kept(home) == ["dabs"]


def test_of_a_liar_nothing_is_kept(packed: Path, home: Path) -> None:
    content = packed.read_bytes()
    changed = bytearray(content)
    changed[len(changed) // 2] ^= 1
    answers = {
        "/dabs.zip": send(bytes(changed)),
        "/short": without_ranges(content, stop_after=500),
        "/half": send(content[: len(content) // 2]),
        "/endless": endless,
        "/file": redirect(packed.as_uri()),
        "/huge": without_ranges(content, length=10_000_000_000),
    }
    problems = {
        "dabs": "its SHA-256 is",
        "short": f"500 of {len(content)} bytes arrived",
        "half": "not the ",
        "endless": "more than",
        "file": "redirects to file://",
        "huge": "announced with 10,000 MB",
    }
    with serving(answers) as url:
        listed = index(*(entry(packed, name=name, url="dabs.zip" if name == "dabs" else name) for name in problems))
        answers["/index.json"] = send(listed)
        for name, problem in problems.items():
            with pytest.raises(UnusableError, match=problem) as refused:
                store.pull(name, index=f"{url}/index.json")
            assert "\n" not in str(refused.value) and url in str(refused.value)
            assert kept(home) == []
        with pytest.raises(UnusableError, match=f"{url}/dabs.zip: .*SHA-256 differs|CRC"):
            store.pull(f"{url}/dabs.zip")  # nobody listed its hash: the bundle has its own
        with pytest.raises(UserError, match="the index lists another"):
            store.pull("dabs", index=f"{url}/index.json", sha256="0" * 64)
    assert kept(home) == []


def test_an_index_in_a_file_may_name_files_below_it(packed: Path, tmp_path: Path, home: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "dabs.zip").write_bytes(packed.read_bytes())
    listing = shared / "index.json"
    listing.write_bytes(index(entry(packed)))
    store.pull("dabs", index=str(listing))
    assert kept(home) == ["dabs"]
    listing.write_bytes(index(entry(packed, url="../packed/dabs.zip")))
    with pytest.raises(UnusableError, match="not below the folder of the index"):
        read_index(str(listing))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "Expecting value"),
        (b"\xff", "utf-8"),
        (b"[]", "not an index of format 1"),
        (b'{"format": 2, "styles": []}', "not an index of format 1"),
        (b"[" * 1000, "brackets"),
        (b'{"format": 1, "styles": [1]}', "not a table"),
        (b'{"format": 1, "styles": [{"name": "a"}]}', "other fields than"),
        (index({"name": "../a", "title": "", "licence": "", "sha256": "0" * 64, "bytes": 1}), "lacks a name"),
        (index({"name": "a", "title": "", "licence": "", "sha256": "0", "bytes": 1}), "no SHA-256 or size"),
        (index({"name": "a", "title": "", "licence": "", "sha256": "0" * 64, "bytes": True}), "no SHA-256 or size"),
    ],
)
def test_an_index_that_is_none_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "index.json").write_bytes(content)
    with pytest.raises(UnusableError, match=problem) as refused:
        read_index(str(tmp_path / "index.json"))
    assert "\n" not in str(refused.value)


def test_an_index_on_a_server_names_no_files(packed: Path) -> None:
    answers = {"/index.json": send(index(entry(packed, url=packed.as_uri())))}
    with serving(answers) as url, pytest.raises(UnusableError, match="is not on a web server"):
        read_index(f"{url}/index.json")


def test_names_of_shipped_styles_are_theirs(packed: Path, tmp_path: Path) -> None:
    for change in (store.pull, store.remove):
        with pytest.raises(UserError, match="anime: comes with the program"):
            change("anime")
    with pytest.raises(UserError, match="nobody: not in the index, which offers none"):
        store.pull("nobody")
    with pytest.raises(UserError, match="no style that was pulled; pulled: none"):
        store.remove("nobody")
    style = write_style(tmp_path / "style.onnx", info=INFO).read_bytes()
    contents = {STYLE: style, CARD: b"", PREVIEW: b"\xff\xd8", LICENCE: b""}
    write_bundle(tmp_path / "cel.zip", "cel", INFO, contents, replace=False)
    with pytest.raises(UserError, match="cel: is the name of a style that comes with the program"):
        store.pull(str(tmp_path / "cel.zip"))


def test_changed_files_are_noticed(packed: Path, home: Path) -> None:
    store.pull(str(packed))
    assert store.problem_of("dabs") is None and store.problem_of("cel") is None
    (home / "dabs" / "dabs.md").write_text("changed")
    assert store.problem_of("dabs") == "dabs.md has changed; pull it again with <overwrite>"
    (home / "dabs" / "dabs.onnx").unlink()
    assert "is damaged (" in str(store.problem_of("dabs"))
    store.remove("dabs")
    with pytest.raises(UserError, match="neither a style of the program nor one that was pulled"):
        store.problem_of("dabs")


def test_pulled_styles_can_be_turned_off(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(catalogue.VARIABLE, "")
    assert store.pulled() == []
    with pytest.raises(UserError, match="turns pulled styles off"):
        store.pull(str(packed))


def test_the_index_lists_the_shipped_styles() -> None:
    path = next(folder / "index.json" for folder in catalogue.FOLDERS if (folder / "index.json").is_file())
    assert path.read_bytes() == shipped_index(), REMEDY
