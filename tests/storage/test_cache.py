"""The cache is used only where no other user can plant files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from translate.storage import cache
from translate.storage.cache import VARIABLE, cache_folder, make_cache_folder

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs owners and permissions")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    cache._log_unsafe.cache_clear()
    return tmp_path / "cache"


def test_it_is_made_for_this_user_alone(folder: Path) -> None:
    before = os.umask(0o002)  # the default of many systems
    try:
        for part in ("", "features"):
            found = cache_folder(part)
            assert found == folder / part and not found.exists()
            make_cache_folder(found)
            assert cache_folder(part) == found
            assert found.stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(before)


@pytest.mark.parametrize("mode", [0o775, 0o777, 0o1777])
@pytest.mark.parametrize("open_part", ["", "features"])
def test_a_folder_that_others_may_write_to_is_not_used(
    folder: Path, mode: int, open_part: str, caplog: pytest.LogCaptureFixture
) -> None:
    make_cache_folder(folder / "features")
    (folder / open_part).chmod(mode)
    assert cache_folder("features") is None
    assert cache_folder("features") is None
    assert [record.getMessage() for record in caplog.records] == [
        f"{folder / open_part}: not used as a cache, as other users may write to it; make it your own (`chmod 700`), "
        "or set TRANSLATE_CACHE to another"
    ]


def test_the_folder_of_another_user_is_not_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_cache_folder(folder)
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    assert cache_folder() is None
