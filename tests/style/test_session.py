"""Opening a style, and the input for domains: each picture's own, in the form that the style asks for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.helpers.styles import LOOKS, style_info
from translate.errors import UnusableError, UserError
from translate.storage.cache import VARIABLE
from translate.style import contract, onnx_check, session, session_cache
from translate.style.conditions import Wanted
from translate.style.contract import ContractError, StyleInfo
from translate.style.session import (
    ORT_ERRORS,
    OnnxRuntimeError,
    condition_of,
    domain_input,
    onnxruntime_call,
    open_session,
    read_style,
)

SEASONS = style_info(domains=["spring", "summer", "autumn"])
FACES = style_info(domains=["smiling", "blond", "glasses"], exclusive=False)


def test_rows_of_a_condition_for_each_picture() -> None:
    info, rows = style_info(condition=LOOKS.to_json()), ([1, 0.0], [0, 0.5])
    found = domain_input(info, [Wanted(str(row), np.array(row)) for row in rows])["condition"]
    assert found.dtype == np.float32 and found.tolist() == [*map(list, rows)]
    with pytest.raises(UserError, match="condition: 'Tiny' needs one: its attributes are night, fog; such as"):
        domain_input(info, [None])
    with pytest.raises(ContractError, match="domains and a condition"):
        condition_of(style_info(condition=LOOKS.to_json(), domains=["day"]))


def test_exclusive_domains_are_positions() -> None:
    found = domain_input(SEASONS, ["autumn", ["spring"]])["domain"]
    assert found.dtype == np.int64 and found.tolist() == [2, 0]


def test_attributes_are_vectors() -> None:
    found = domain_input(FACES, ["blond", (), ["glasses", "smiling"]])["domain"]
    assert found.dtype == np.float32 and found.tolist() == [[0, 1, 0], [0, 0, 0], [1, 0, 1]]


def test_a_style_without_domains_has_no_such_input() -> None:
    assert domain_input(style_info(), [None, None]) == {}
    with pytest.raises(UserError, match="has no domains"):
        domain_input(style_info(), ["spring"])


def make_fail(monkeypatch: pytest.MonkeyPatch, owner: object, helper: str, mistake: type[Exception]) -> None:
    def broken(*arguments: object, **options: object) -> None:
        raise mistake("a mistake of ours")

    monkeypatch.setattr(owner, helper, broken)


@pytest.mark.parametrize("error", ORT_ERRORS)
def test_what_onnxruntime_raises_keeps_its_text(error: type[Exception]) -> None:
    raised = UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no text") if error is UnicodeDecodeError else error("text")
    with pytest.raises(OnnxRuntimeError, match="text"), onnxruntime_call():
        raise raised
    with pytest.raises(OnnxRuntimeError, match=r"^MemoryError$"), onnxruntime_call():
        raise MemoryError


@pytest.mark.parametrize("mistake", [TypeError, KeyError, ValueError, RuntimeError])
@pytest.mark.parametrize(
    ("owner", "helper"),
    [
        (onnx_check, "_check"),
        (session, "check_model"),
        (session, "require_port"),
        (StyleInfo, "from_metadata"),
        (contract, "_entry"),
    ],
)
def test_a_mistake_of_ours_is_not_blamed_on_the_file(
    monkeypatch: pytest.MonkeyPatch, tiny_style: Path, owner: object, helper: str, mistake: type[Exception]
) -> None:
    make_fail(monkeypatch, owner, helper, mistake)
    with pytest.raises(mistake, match="a mistake of ours") as raised:
        read_style(tiny_style)
    assert raised.type is mistake


@pytest.mark.parametrize("mistake", [RuntimeError, MemoryError])
def test_a_mistake_with_the_cache_is_not_blamed_on_the_style(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_style: Path, mistake: type[Exception]
) -> None:
    """Nor does it pass for a cache that cannot be written."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(session_cache, "MIN_STYLE_BYTES", 0)
    make_fail(monkeypatch, session_cache, "_name_of_entry", mistake)
    with pytest.raises(mistake, match="a mistake of ours"):
        open_session(tiny_style, ["CPUExecutionProvider"])


def test_a_name_that_is_no_text_violates_the_contract(tmp_path: Path, tiny_style: Path) -> None:
    path = tmp_path / "style.onnx"
    path.write_bytes(tiny_style.read_bytes().replace(b"Tiny", b"\xff\xfe\xc0\x80"))
    with pytest.raises(UnusableError, match=r"not a style of this program: .*can't decode byte 0xff"):
        read_style(path)
