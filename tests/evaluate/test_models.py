"""What can be evaluated opens as a style: shipped styles, files, runs and checkpoints."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.helpers.pictures import draw_photo
from tests.helpers.toys import write_run
from translate.errors import UnusableError, UserError
from translate.evaluate.models import model_file, open_model
from translate.style.catalogue import find_style
from translate.style.translator import Translator
from translate.weights import checkpoint

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("toy_generators")]

GREY = np.full((1, 2, 2, 3), 100, np.uint8)


def answer(model: Path | str, **options: Any) -> int:
    """The model's output for a grey of 100."""
    with open_model(str(model), device="cpu", **options) as translator:
        result = translator(GREY)
    assert (result == result[0, 0, 0, 0]).all()
    return int(result[0, 0, 0, 0])


def test_a_run_is_its_newest_checkpoint(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {1: {"generator_ema": 0.0}, 2: {"generator_ema": 1.0}})
    with model_file(str(run)) as file:
        assert (Translator(file, device="cpu")(GREY) == 100).all()
    assert not file.parent.exists() and {path.name for path in run.iterdir()} == {"checkpoints"}
    assert answer(run / "checkpoints" / "step-000000001") == 128


def test_direction(tmp_path: Path) -> None:
    both = write_run(tmp_path / "both", {1: {"generator_ema": 1.0, "generator_BA_ema": 0.0}})
    assert answer(both) == 100
    assert answer(both, direction="BtoA") == 128
    one = write_run(tmp_path / "one", {1: {"generator_ema": 1.0}})
    with pytest.raises(UserError, match=r"direction BtoA: .*one has no generator in that direction"):
        answer(one, direction="BtoA")


def test_domains_of_a_run(tmp_path: Path) -> None:
    names = ["red", "green", "blue"]
    run = write_run(tmp_path / "run", {1: {"generator_ema": 1.0}}, generator="shifted", domain_names=names)
    with open_model(str(run), device="cpu") as translator:
        assert (translator.info.domains, translator.info.exclusive) == (names, True)
        assert translator(GREY, "green").shape == GREY.shape


def test_names_and_files(tiny_style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = draw_photo(40, 30)[np.newaxis]
    with open_model(str(tiny_style), device="cpu") as translator:
        assert (translator(photo) == Translator(tiny_style, device="cpu")(photo)).all()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cel").mkdir()  # a style name takes precedence over a folder, as for `convert --style`
    with model_file("cel") as file:
        assert file == find_style("cel")


def broken_json(run: Path) -> str:
    (run / "checkpoints" / "step-000000001" / checkpoint.DESCRIPTION).write_text("{")
    return "cannot be read"


def lost_weights(run: Path) -> str:
    (run / "checkpoints" / "step-000000001" / "generator_ema.safetensors").unlink()
    return "generator_ema.safetensors: is missing"


def lost_setting(run: Path) -> str:
    file = run / "checkpoints" / "step-000000001" / checkpoint.DESCRIPTION
    description = json.loads(file.read_text())
    del description["config"]["crop"]
    file.write_text(json.dumps(description))
    return "lacks 'crop'"


@pytest.mark.parametrize("damage", [broken_json, lost_weights, lost_setting])
def test_damaged_runs(tmp_path: Path, damage: Callable[[Path], str]) -> None:
    run = write_run(tmp_path / "run", {1: {"generator_ema": 1.0}})
    message = damage(run)
    with pytest.raises(UnusableError, match=message) as error:
        answer(run)
    assert "\n" not in str(error.value)


def test_anything_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableError, match=r"none: neither a shipped style \(.*cel.*\), nor an \.onnx file"):
        answer("none")
    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(UnusableError, match=r"text\.onnx: cannot be loaded as ONNX"):
        answer(tmp_path / "text.onnx")
    with pytest.raises(UserError, match="holds no checkpoint yet"):
        answer(tmp_path)
