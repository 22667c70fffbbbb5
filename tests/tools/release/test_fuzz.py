"""The fuzzing tool: its targets accept whole files and a few broken ones, and defects are found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.helpers.styles import write_style
from tools.release import fuzz
from translate.errors import UnusableError
from translate.style.session import read_style


@pytest.mark.parametrize("name", fuzz.TARGETS)
def test_targets_accept_their_seeds_and_mutations_of_them(name: str, tmp_path: Path) -> None:
    work, seeds = tmp_path / "work", tmp_path / "seeds"
    work.mkdir()
    fuzz.write_seeds(name, seeds)
    target, random = fuzz.TARGETS[name](work), np.random.default_rng(7)
    for seed in sorted(seeds.iterdir()):
        content = seed.read_bytes()
        target(content)
        for _ in range(8):
            target(fuzz.mutate(content, random))


def test_one_finding_of_each_kind_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def target(data: bytes) -> None:
        if data and data[0] > 200:
            raise LookupError(f"first byte {data[0]}")

    seeds, findings = tmp_path / "seeds", tmp_path / "findings"
    seeds.mkdir()
    findings.mkdir()
    (seeds / "one").write_bytes(bytes(30))
    fuzz.run_plainly(target, seeds, 0.5, findings)
    (found,) = findings.iterdir()
    assert found.name.startswith("crash-") and found.read_bytes()[0] > 200
    assert "LookupError: first byte #" in capsys.readouterr().err


def test_a_style_whose_error_is_not_text_is_one_line(tmp_path: Path) -> None:
    """onnxruntime quotes the bytes of a name in its message; found by fuzzing."""
    style = write_style(tmp_path / "style.onnx")
    style.write_bytes(style.read_bytes().replace(b"half_range", b"half_\xff\xc3nge", 1))
    with pytest.raises(UnusableError, match=r"style\.onnx: "):
        read_style(style)
