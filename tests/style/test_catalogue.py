"""The int8 and float16 variants of shipped styles: next to them, but not listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from translate.errors import UnusableError
from translate.style import catalogue as shipped
from translate.style.catalogue import find_style, list_styles, variant_for


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Shipped: ``one`` with its variants, ``two`` without, and a style that is only named like a variant."""
    for name in ("one", "one-int8", "one-fp16", "two", "lone-int8"):
        (tmp_path / f"{name}.onnx").write_bytes(b"")
    monkeypatch.setattr(shipped, "FOLDERS", (tmp_path,))
    monkeypatch.setattr(shipped, "int8_is_fast", lambda: True)
    return tmp_path


def test_variants_are_not_listed(folder: Path) -> None:
    assert list(list_styles()) == ["lone-int8", "one", "two"]


def test_variants_are_found_by_name(folder: Path) -> None:
    assert find_style("one-int8") == folder / "one-int8.onnx"
    with pytest.raises(UnusableError, match="shipped: lone-int8, one, two;"):
        find_style("three-int8")


@pytest.mark.parametrize(
    ("name", "device", "chosen"),
    [
        ("one", "cpu", "one-int8"),
        ("one", "cuda:0", "one-fp16"),
        ("one-fp16", "cuda:0", "one-fp16"),
        ("two", "cuda:1", "two"),
        ("one-int8", "cpu", "one-int8"),
        ("two", "cpu", "two"),
    ],
)
def test_the_variant_for_the_device_is_used(folder: Path, name: str, device: str, chosen: str) -> None:
    assert variant_for(find_style(name), device) == folder / f"{chosen}.onnx"


def test_the_variant_is_not_used_where_int8_is_slow(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "int8_is_fast", lambda: False)
    assert variant_for(find_style("one"), "cpu") == folder / "one.onnx"


def test_the_users_own_files_are_used_as_given(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    own = tmp_path_factory.mktemp("own") / "one.onnx"
    for path in (own, own.with_stem("one-int8"), own.with_stem("one-fp16")):
        path.write_bytes(b"")
    assert variant_for(own, "cpu") == variant_for(own, "cuda:0") == own
