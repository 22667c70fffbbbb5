"""ARCHITECTURE.md names only what exists."""

from __future__ import annotations

import re
from importlib import import_module

import pytest

from tests.helpers.paths import ROOT
from tests.test_layers import LAYERS, NAMES, WITHOUT_TORCH

TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
DOTTED = sorted(set(re.findall(r"`((?:[a-z_0-9]+\.)+[A-Za-z_]+)`", TEXT)) - {"photo.jpg"})
PATHS = sorted(set(re.findall(r"`([a-z_]+/[a-z_/.]*)`", TEXT)))


@pytest.mark.parametrize("name", DOTTED)
def test_names_exist(name: str) -> None:
    full = name if name.startswith("models.") else f"translate.{name}"
    module = full
    while module not in NAMES:
        assert "." in module, f"{name} is in no module"
        module = module.rpartition(".")[0]
    found: object = import_module(module)
    for part in full[len(module) + 1 :].split("."):
        found = getattr(found, part)


@pytest.mark.parametrize("path", PATHS)
def test_paths_exist(path: str) -> None:
    assert (ROOT / path).exists()


def test_the_diagram_shows_the_layers() -> None:
    (diagram,) = re.findall(r"^```text\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    rows = [re.split(r"  +", line)[:-1] for line in diagram.splitlines()]
    assert [{name.removesuffix("*") for name in row} for row in reversed(rows)] == [set(layer) for layer in LAYERS]
    marked = {name.removesuffix("*") for row in rows for name in row if name.endswith("*")}
    assert marked == {*WITHOUT_TORCH, "errors", "machine"}
