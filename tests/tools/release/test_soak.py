"""What `tools/release/soak.py` counts as growth."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest

from tools.release.soak import Sample, growth, process_tree, show, watch


def samples(*, leak: str = "", by: float = 0.0) -> list[Sample]:
    """Metrics that fill up at first and then fluctuate; ``leak`` grows by ``by`` times itself over the run."""
    rng = random.Random(0)
    taken = []
    for step in range(200):
        one = {"step": float(step), "memory_mb": min(80, 40 + step) + rng.random(), "threads": 6.0}
        one["open_files"] = 8.0 + rng.randrange(3)
        if leak:
            one[leak] *= 1 + by * step / 200
        taken.append(one)
    return taken


def test_fluctuation_is_not_growth(capsys: pytest.CaptureFixture[str]) -> None:
    assert show("soak", samples(), "step")
    assert "GREW" not in capsys.readouterr().out


@pytest.mark.parametrize(("leak", "by"), [("memory_mb", 0.2), ("open_files", 1.0), ("threads", 1.0)])
def test_a_leak_is_growth(leak: str, by: float, capsys: pytest.CaptureFixture[str]) -> None:
    before, after = growth(samples(leak=leak, by=by), leak)
    assert after > before
    assert not show("soak", samples(leak=leak, by=by), "step")
    assert capsys.readouterr().out.count("GREW") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_a_command_is_watched(tmp_path: Path) -> None:
    assert os.getpid() in process_tree(os.getppid())
    taken = watch(["--version"], tmp_path / "log")
    assert (tmp_path / "log").read_text().startswith("translate ")
    assert taken and taken[0]["threads"] >= 1
    with pytest.raises(SystemExit, match="exit status 2"):
        watch(["convert", "nowhere.jpg"], tmp_path / "log")
