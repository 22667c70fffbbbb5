"""Training in Python, and the example of the documentation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import translate
from tests.helpers.pairs import tiny_settings, write_pairs
from tests.helpers.paths import ROOT
from translate import train
from translate.data.demo.writing import write_demo
from translate.errors import UserError

EXAMPLES = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs" / "python.md").read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_it_trains_resumes_and_says_what_there_is(tmp_path: Path) -> None:
    settings: dict[str, Any] = tiny_settings(*write_pairs(tmp_path), tmp_path / "run", sample_every=2)
    settings |= {"out": str(tmp_path / "run")}
    short = translate.train("pix2pix", quiet=True, **settings | {"steps": 2})
    run = train("pix2pix", quiet=True, **settings)
    assert short.step == 2 and short.checkpoint != run.checkpoint
    assert run.step == 4 and run.out == tmp_path / "run" and run.best is None
    assert run.checkpoint.name == "step-000000004"
    assert {"G/l1", "val/l1", "images_per_s"} <= run.metrics.keys() and run.metrics["step"] == 4
    assert run.samples[-1].name == "step-000000004.png" and run.samples[-1].is_file()


def test_what_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^method pix: there are pix2pix, "):
        train("pix", out=tmp_path)
    with pytest.raises(UserError, match=r"^stepps: no setting of pix2pix$"):
        train("pix2pix", out=tmp_path, stepps=3)
    with pytest.raises(UserError, match="steps -1: has to be at least 0"):
        train("pix2pix", out=tmp_path, data=tmp_path, steps=-1)


@pytest.mark.slow
def test_the_examples_of_the_documentation_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    list(write_demo("facades", tmp_path / "facades", count=5, size=32))
    assert EXAMPLES
    for example in EXAMPLES:
        shortened, count = re.subn(r"steps=\d+", "steps=2, crop=32, batch_size=1, workers=0, device='cpu'", example)
        assert count == 1
        exec(compile(shortened, "docs/python.md", "exec"), {})
    assert (tmp_path / "runs" / "facades" / "checkpoints").is_dir()
