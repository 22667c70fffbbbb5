"""What a process takes of the machine."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from translate import resources
from translate.resources import peak_memory_mb, resources_in_use

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")


@linux
def test_what_is_taken_shows(tmp_path: Path) -> None:
    before = resources_in_use()
    held = np.ones(40_000_000, np.uint8)  # 40 MB
    files = [(tmp_path / str(number)).open("w") for number in range(7)]
    stop = threading.Event()
    threads = [threading.Thread(target=stop.wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    during = resources_in_use(os.getpid())
    stop.set()
    for thread in threads:
        thread.join()
    for file in files:
        file.close()
    assert 35 < during["memory_mb"] - before["memory_mb"] < 60
    assert during["open_files"] == before["open_files"] + 7
    assert during["threads"] == before["threads"] + 3
    peak = peak_memory_mb()
    del held
    assert peak is not None and peak >= during["memory_mb"] - 5
    after = resources_in_use()
    assert after["open_files"] == before["open_files"] and after["threads"] == before["threads"]


def test_where_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_PROC", tmp_path)
    assert resources_in_use() == {} and peak_memory_mb() is None
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "status").write_text("Name:\tpython\nVmRSS:\t  lots kB\n")
    assert resources_in_use() == {} and peak_memory_mb() is None
