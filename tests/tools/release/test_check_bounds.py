"""Each dependency has bounds, and they are what `tools/release/check_bounds.py` installs."""

from __future__ import annotations

import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.release.check_bounds import ROOT, TESTS, lower_bound, requirements


@pytest.mark.parametrize("requirement", requirements(), ids=lambda requirement: requirement.name)
def test_each_dependency_has_a_lower_and_an_upper_bound(requirement: Requirement) -> None:
    assert {bound.operator for bound in requirement.specifier} == {">=", "<"}
    assert requirement.specifier.contains(lower_bound(requirement))


def test_the_tests_that_are_run_exist() -> None:
    assert [name for name in TESTS if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-all.lock"])
def test_the_lock_files_keep_the_bounds(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(
        r"://|\bfile:|--find-links|--index|^ *[-/.]e? ", text, re.MULTILINE
    )  # without a particular index
    entries = [entry.strip() for entry in re.sub(r"^#.*\n", "", text).replace("\\\n", " ").splitlines()]
    assert all("--hash=sha256:" in entry for entry in entries)
    pinned = [Requirement(entry.partition("--hash")[0]) for entry in entries]
    here = {canonicalize_name(one.name): one for one in pinned if one.marker is None or one.marker.evaluate()}
    missing = set()
    for wanted in requirements():
        locked = here.get(canonicalize_name(wanted.name))
        if locked is None:
            missing.add(wanted.name)
        else:
            (version,) = [pin.version for pin in locked.specifier]
            assert wanted.specifier.contains(version), f"{locked}: {wanted}"
    if name == "requirements-all.lock":
        assert not missing
    else:
        assert "torch" in missing and not missing & {"numpy", "pillow", "onnxruntime-gpu", "onnxruntime", "typer"}
