"""Which processors are said to be fast at bytes."""

from __future__ import annotations

import platform

import pytest

from translate import processor


@pytest.mark.parametrize(
    ("system", "machine", "features", "fast"),
    [
        ("Linux", "x86_64", {"AVX2": True, "AVX512VNNI": False}, True),
        ("Windows", "AMD64", {"AVX2": True}, True),
        ("Linux", "x86_64", {"SSE42": True, "AVX2": False}, False),
        ("Linux", "x86_64", {}, False),
        ("Linux", "aarch64", {"ASIMD": True, "ASIMDDP": True}, True),
        ("Linux", "aarch64", {"ASIMD": True, "ASIMDDP": False}, False),
        ("Darwin", "arm64", {"ASIMD": True}, True),
        ("Windows", "ARM64", {"ASIMD": True}, False),
        ("Linux", "riscv64", {}, False),
    ],
)
def test_what_decides(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, features: dict[str, bool], fast: bool
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(processor, "_features", lambda: features)
    assert processor.int8_is_fast.__wrapped__() is fast


def test_numpy_tells_the_features_of_this_processor() -> None:
    features = processor._features()
    assert all(isinstance(value, bool) for value in features.values())
    assert features.keys() & {"AVX2", "ASIMDDP", "VSX", "VX", "LSX", "RVV"}
