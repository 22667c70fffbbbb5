"""Which processors count as fast at int8, and the resources that a process uses."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from translate import machine as this
from translate.machine import available_memory_mb, peak_memory_mb, processor_features, resources_in_use, usable_cores

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")


@pytest.mark.parametrize(
    ("system", "machine", "features", "fast"),
    [
        ("Linux", "x86_64", ["AVX2"], True),
        ("Windows", "AMD64", ["AVX2"], True),
        ("Linux", "x86_64", ["SSE42"], False),
        ("Linux", "x86_64", [], False),
        ("Linux", "aarch64", ["ASIMD", "ASIMDDP"], True),
        ("Linux", "aarch64", ["ASIMD"], False),
        ("Darwin", "arm64", ["ASIMD"], True),
        ("Windows", "ARM64", ["ASIMD"], False),
        ("Linux", "riscv64", [], False),
    ],
)
def test_which_features_make_int8_fast(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, features: list[str], fast: bool
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(this, "processor_features", lambda: features)
    assert this.int8_is_fast.__wrapped__() is fast


@pytest.mark.parametrize(
    ("cpuinfo", "fast"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx512_bf16 amx_tile\n\nflags\t\t: fpu\n", True),
        ("flags\t\t: fpu amx_bf16", True),
        ("vmx flags\t: amx_bf16\nflags\t\t: fpu avx2 avx512f", False),
        ("Features\t: fp asimd", False),
        (None, False),
    ],
)
def test_which_processors_have_bf16(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cpuinfo: str | None, fast: bool
) -> None:
    monkeypatch.setattr(this, "_PROC", tmp_path)
    if cpuinfo is not None:
        (tmp_path / "cpuinfo").write_text(cpuinfo)
    assert this.bf16_is_fast() is fast


def test_this_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
    assert processor_features() == sorted(set(processor_features())) != []
    assert set(processor_features()) & {"AVX2", "ASIMDDP", "ASIMD", "VSX", "VX", "LSX", "RVV"}
    monkeypatch.setattr(this, "import_module", lambda name: object())
    assert processor_features() == []


@linux
def test_memory_shows() -> None:
    """In a separate process: in this one, memory freed by earlier tests would be reused."""
    held = "held = b'x' * 40_000_000; print(flush=True); input(); del held; print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", held], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None and child.stdout is not None
        child.stdout.readline()
        during = resources_in_use(child.pid)["memory_mb"]
        child.stdin.write(b"\n")
        child.stdin.flush()
        child.stdout.readline()
        after, peak = resources_in_use(child.pid)["memory_mb"], peak_memory_mb(child.pid)
        child.stdin.close()
    assert 35 < during - after < 45
    assert peak is not None and during - 1 <= peak < during + 10
    assert after < (available_memory_mb() or 0)  # else it could not have started


@linux
def test_files_and_threads_show(tmp_path: Path) -> None:
    before = resources_in_use()
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
    assert during["open_files"] == before["open_files"] + 7
    assert during["threads"] == before["threads"] + 3
    for _ in range(200):  # the system lists a thread for a moment after it has been joined
        after = resources_in_use()
        if after["threads"] == before["threads"]:
            break
        time.sleep(0.01)
    assert after["open_files"] == before["open_files"] and after["threads"] == before["threads"]


def test_a_system_that_does_not_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(this, "_PROC", tmp_path)
    assert resources_in_use() == {} and peak_memory_mb() is None and available_memory_mb() is None
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "status").write_text("Name:\tpython\nVmRSS:\t  lots kB\n")
    assert resources_in_use() == {} and peak_memory_mb() is None
