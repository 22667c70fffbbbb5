"""Imports go downwards only, without cycles; those inside functions and for type checkers count too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.helpers.paths import ROOT

# packages and modules in the same row do not import each other
LAYERS = (
    ("errors", "machine", "models"),
    ("storage", "config", "weights"),
    ("media", "style"),
    ("convert", "data", "report"),
    ("api", "export"),
    ("evaluate", "web"),
    ("train", "diagnose"),
    ("distillation",),
    ("commands",),
    ("cli",),
)
WITHOUT_TORCH = ("storage", "media", "style", "convert", "report", "api", "web")
TRAINING = {"torch", "models", "weights", "data", "export", "evaluate", "train"}
MODULES = [path for package in ("translate", "models") for path in sorted((ROOT / package).rglob("*.py"))]


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path) for path in MODULES}


@cache
def imports(path: Path, *, for_types: bool = True) -> frozenset[str]:
    """The modules that ``path`` imports: the full name for ours, only the top-level package for others.

    Without ``for_types``, those that only type checkers import are left out.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if not for_types:
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
                node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module is not None, f"{path}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parent = name.rpartition(".")[0]
            found.add(name if name in NAMES else parent if parent in NAMES else name.partition(".")[0])
    return frozenset(found - {"translate"})  # the package itself, for its version


def unit(module: str) -> str:
    """The package or module directly below translate/ that holds ``module``; for others, their top-level package."""
    package, _, rest = module.partition(".")
    return rest.partition(".")[0] if package == "translate" else package


def units() -> Iterator[tuple[str, str, Path]]:
    """Which unit imports which, and where."""
    for path in MODULES:
        for imported in imports(path):
            yield unit(name_of(path)), unit(imported), path


def test_every_package_has_a_layer() -> None:
    known = {name for layer in LAYERS for name in layer}
    found = {unit(name) for name in NAMES if name not in ("translate", "translate.__main__")}
    assert found == known


def test_imports_go_downwards() -> None:
    level = {name: number for number, layer in enumerate(LAYERS) for name in layer}
    upwards = [
        f"{path.relative_to(ROOT)} imports {lower}"
        for upper, lower, path in units()
        if upper in level and lower in level and upper != lower and level[lower] >= level[upper]
    ]
    assert upwards == []


def test_converting_imports_nothing_of_training() -> None:
    found = [
        f"{path.relative_to(ROOT)} imports {lower}"
        for upper, lower, path in units()
        if upper in WITHOUT_TORCH and lower in TRAINING
    ]
    assert found == []


def test_there_are_no_cycles() -> None:
    graph = {name_of(path): imports(path) & NAMES for path in MODULES}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the cycle


def test_only_entry_points_lie_beside_the_packages() -> None:
    beside = {path.name for path in (ROOT / "translate").iterdir() if path.is_file()}
    assert beside == {"__init__.py", "__main__.py", "api.py", "cli.py", "errors.py", "machine.py", "py.typed"}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_are_short_and_functions_take_few_parameters(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    if "commands" in path.parts:  # Typer's options are parameters
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            arguments = node.args
            assert len(arguments.posonlyargs + arguments.args + arguments.kwonlyargs) <= 12, node.name
