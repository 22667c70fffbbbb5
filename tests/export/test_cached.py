"""A run in the place of a style is exported once for each checkpoint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.helpers.toys import write_run
from translate.export import cached
from translate.export.cached import exported_run
from translate.style.translator import Translator

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("toy_generators")]

GREY = np.full((1, 2, 2, 3), 100, np.uint8)


def answer(run: Path) -> tuple[int, Path, list[str]]:
    """The output for a grey of 100, the file, and what was said."""
    said: list[str] = []
    with exported_run(run, on_export=said.append) as file:
        return int(Translator(file, device="cpu")(GREY)[0, 0, 0, 0]), file, said


def test_each_checkpoint_is_exported_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRANSLATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cached, "MAX_EXPORTS", 2)
    run = write_run(tmp_path / "mine", {1: {"generator_ema": 1.0}})
    grey, file, said = answer(run)
    assert grey == 100 and file.name == "mine.onnx"
    assert said == [f"{run}: exported step 1 to {file}"]
    assert answer(run) == (100, file, [])
    file.write_bytes(b"damaged")
    assert answer(run) == (100, file, said)

    write_run(tmp_path / "mine", {2: {"generator_ema": 0.0}})
    grey, newer, said = answer(run)
    assert grey == 128 and newer != file and len(said) == 1
    assert answer(run / "checkpoints" / "step-000000001")[0] == 100  # by another name
    assert newer.is_file() and not file.exists()  # two are kept


def test_without_a_cache_the_file_is_temporary(tmp_path: Path) -> None:
    grey, file, said = answer(write_run(tmp_path / "mine", {1: {"generator_ema": 1.0}}))
    assert grey == 100 and len(said) == 1 and not file.exists()
