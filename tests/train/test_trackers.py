"""What each tracker gets, and that one which is missing is named before training."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from accelerate.tracking import LOGGER_TYPE_TO_CLASS

from tests.helpers.pairs import tiny_config
from translate.errors import UnusableError
from translate.train.trackers import Tracker, require_tracker


class Recorder:
    """In the place of Accelerate's class for a service."""

    def __init__(self, **given: Any) -> None:
        self.given, self.calls = given, list[tuple[str, Any]]()
        self.start = self.finish = lambda: None

    def log(self, values: dict[str, float], step: int) -> None:
        self.calls.append(("values", (step, values)))

    def log_images(self, values: dict[str, Any], step: int) -> None:
        self.calls.append(("grid", (step, np.asarray(values["validation"]).shape)))


@pytest.mark.parametrize(("name", "shape"), [("wandb", (1, 4, 6, 3)), ("aim", (4, 6, 3)), ("mlflow", None)])
def test_services_get_curves_and_grids(
    name: str, shape: tuple[int, ...] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LOGGER_TYPE_TO_CLASS, name, Recorder)
    tracker = Tracker(tiny_config(tmp_path, tmp_path, tmp_path / "mine", tracker=name), first_step=1)
    tracker.log(3, {"G/l1": 0.5})
    tracker.show(3, np.zeros((4, 6, 3), np.uint8))
    tracker.close()
    recorder = tracker._tracker
    assert "mine" in recorder.given.values()
    assert recorder.calls == [("values", (3, {"G/l1": 0.5})), *([("grid", (3, shape))] if shape else [])]


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UnusableError, match=r"^tracker wandb: is not installed; pip install wandb$"):
        require_tracker(tiny_config(tmp_path, tmp_path, tmp_path / "mine", tracker="wandb"))
