"""Which processors are said to be fast at bytes."""

from __future__ import annotations

import os
import platform

import pytest

from translate import machine as processor
from translate.machine import processor_features, usable_cores


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
def test_what_decides(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, features: list[str], fast: bool
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(processor, "processor_features", lambda: features)
    assert processor.int8_is_fast.__wrapped__() is fast


def test_the_processor_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
    assert processor_features() == sorted(set(processor_features())) != []
    assert set(processor_features()) & {"AVX2", "ASIMDDP", "ASIMD", "VSX", "VX", "LSX", "RVV"}
    monkeypatch.setattr(processor, "import_module", lambda name: object())
    assert processor_features() == []
