"""Cached optimised graphs: used if they are sound, and never an obstacle."""

from __future__ import annotations

import os
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from tests.helpers.pictures import draw_photo
from tests.helpers.styles import style_info, write_style
from translate.storage.cache import VARIABLE, cache_folder
from translate.style import session_cache
from translate.style.session import ORT_ERRORS
from translate.style.session_cache import cache_size, load_through_cache

LEVELS = onnxruntime.GraphOptimizationLevel
PHOTO = draw_photo(31, 27)[np.newaxis]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache that accepts small styles too."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(session_cache, "MIN_STYLE_BYTES", 0)
    return tmp_path / "cache"


def open_style(path: Path) -> tuple[Any, list[Path]]:
    """The session, and the files that were tried for it, in order."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    tried: list[Path] = []

    def load(file: Path) -> Any:
        tried.append(file)
        return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])

    session = load_through_cache(path, options, load, ORT_ERRORS)
    assert options.graph_optimization_level == LEVELS.ORT_ENABLE_ALL
    assert options.optimized_model_filepath == ""
    return session, tried


def files_in(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def test_the_second_session_comes_from_the_cache_and_gives_the_same_result(folder: Path, tiny_style: Path) -> None:
    first, tried = open_style(tiny_style)
    assert tried == [tiny_style]
    (entry,) = files_in(folder)
    assert cache_size(folder) == (1, entry.stat().st_size)
    second, tried = open_style(tiny_style)
    assert tried == [entry]
    assert second.get_modelmeta().custom_metadata_map == first.get_modelmeta().custom_metadata_map
    np.testing.assert_array_equal(second.run(None, {"image": PHOTO})[0], first.run(None, {"image": PHOTO})[0])
    assert files_in(folder) == [entry]


def test_another_style_processor_or_version_has_another_entry(
    folder: Path, tiny_style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_style(tiny_style)
    other = write_style(tmp_path / "other.onnx", info=style_info(title="Other"))
    assert open_style(other)[1] == [other]
    monkeypatch.setattr(session_cache, "processor_features", lambda: ["AVX1024"])
    assert open_style(tiny_style)[1] == [tiny_style]
    assert len(files_in(folder)) == 3
    monkeypatch.setattr(onnxruntime, "__version__", "99.0")
    assert open_style(tiny_style)[1] == [tiny_style]
    (entry,) = files_in(folder)  # entries of the previous version are gone
    assert entry.name.startswith("99.0-")


@pytest.mark.parametrize("damage", ["emptied", "cut short", "changed"])
def test_a_damaged_entry_is_replaced(folder: Path, tiny_style: Path, damage: str) -> None:
    open_style(tiny_style)
    (entry,) = files_in(folder)
    content = entry.read_bytes()
    half = len(content) // 2
    changed = content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :]  # onnxruntime would not notice
    entry.write_bytes({"emptied": b"", "cut short": content[:-100], "changed": changed}[damage])
    assert open_style(tiny_style)[1] == [tiny_style]
    (entry,) = files_in(folder)
    assert open_style(tiny_style)[1] == [entry]


def test_an_entry_that_onnxruntime_refuses_is_replaced(folder: Path, tiny_style: Path) -> None:
    open_style(tiny_style)
    (entry,) = files_in(folder)
    refused = entry.with_name(f"{entry.name[: -len('01234567.onnx')]}{zlib.crc32(b'no graph'):08x}.onnx")
    entry.rename(refused).write_bytes(b"no graph")
    assert open_style(tiny_style)[1] == [refused, tiny_style]
    (entry,) = files_in(folder)
    assert open_style(tiny_style)[1] == [entry]


@pytest.mark.skipif(os.name == "nt", reason="needs permissions")
def test_what_others_may_have_planted_is_not_loaded(folder: Path, tiny_style: Path) -> None:
    open_style(tiny_style)
    before = files_in(folder)
    folder.chmod(0o777)
    assert open_style(tiny_style)[1] == [tiny_style]
    folder.chmod(0o700)
    assert files_in(folder) == before


def test_a_cache_that_cannot_be_written(folder: Path, tiny_style: Path) -> None:
    folder.write_text("a file where the folder should be")
    session, tried = open_style(tiny_style)
    assert tried == [tiny_style]
    assert session.run(None, {"image": PHOTO})[0].shape == PHOTO.shape


def test_a_graph_that_cannot_be_written(folder: Path, tiny_style: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """onnxruntime, which writes the graph, then fails to open a session, as it does if the disk is full."""
    monkeypatch.setattr(Path, "mkdir", lambda *arguments, **options: None)
    session, tried = open_style(tiny_style)
    assert tried == [tiny_style, tiny_style]
    assert session.run(None, {"image": PHOTO})[0].shape == PHOTO.shape


def test_a_broken_style_fails_as_without_a_cache(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no graph")
    with pytest.raises(ORT_ERRORS):
        open_style(broken)
    assert not files_in(folder)


def test_small_styles_are_not_cached(folder: Path, tiny_style: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_cache, "MIN_STYLE_BYTES", tiny_style.stat().st_size + 1)
    assert open_style(tiny_style)[1] == [tiny_style]
    assert not folder.exists()


def test_on_an_unknown_processor_nothing_is_cached(
    folder: Path, tiny_style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_cache, "processor_features", list)
    open_style(tiny_style)
    assert not folder.exists()


def test_the_folder(tiny_style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    usual = cache_folder()
    assert usual is not None
    assert usual.is_absolute() and "picture-translate" in usual.parts
    monkeypatch.setenv(VARIABLE, str(tmp_path / "elsewhere"))
    assert cache_folder() == tmp_path / "elsewhere"
    monkeypatch.setenv(VARIABLE, "")
    assert cache_folder() is None
    monkeypatch.setattr(session_cache, "MIN_STYLE_BYTES", 0)
    monkeypatch.chdir(tmp_path)
    assert open_style(tiny_style)[1] == [tiny_style]
    assert not files_in(tmp_path)


@pytest.mark.parametrize(("limit", "value"), [("MAX_FILES", 2), ("MAX_BYTES", 2500)])
def test_the_cache_is_bounded(
    limit: str, value: int, folder: Path, tiny_style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The least recently used entry goes first; half-written files go once they are stale."""
    monkeypatch.setattr(session_cache, "MAX_BYTES", 10**9)
    open_style(tiny_style)
    (used,) = files_in(folder)
    now = time.time()
    version = onnxruntime.__version__
    for name, age in ((f"{version}-old-1.onnx", 300), (f"{version}-older-2.onnx", 500), (".left.tmp", 10**6)):
        (folder / name).write_bytes(b"0" * 1000)
        os.utime(folder / name, (now - age, now - age))
    (folder / ".writing.tmp").touch()
    (folder / "notes.txt").touch()
    os.utime(used, (now - 400, now - 400))
    open_style(tiny_style)  # a cache hit makes it the newest again
    if limit == "MAX_BYTES":
        value += used.stat().st_size - 1000
    monkeypatch.setattr(session_cache, limit, value)
    session_cache._evict(folder)
    names = {path.name for path in files_in(folder)}
    assert names == {used.name, f"{version}-old-1.onnx", ".writing.tmp", "notes.txt"}
