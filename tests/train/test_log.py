import sys
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator

from tests.helpers.pairs import tiny_config
from translate.train.log import RunLog, main_losses


def test_the_progress_line_names_losses_and_speed_from_the_first_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    config = tiny_config(Path("a"), Path("b"), tmp_path)
    with RunLog(config, Accelerator(cpu=True), first_step=0, last_step=9) as log:
        log.since -= 20.0  # a slow machine: a speed below 0.05 images per second
        log.add({"D/loss": torch.tensor(0.5), "G/l1": torch.tensor(12.5)}, samples=1)
        status = log.progress.tasks[0].fields["status"]
    assert status.startswith("G/l1 12.5, D/loss 0.5; 0.0") and "0.0 images/s" not in status


def test_losses_come_before_norms_and_the_generators_first() -> None:
    means = {"D/loss": 0.25, "D/real": 1.0, "D/gradient": 3.0, "G/gan": 1.0, "G/l1": 12.345, "G/gradient": 2.0}
    assert main_losses(means) == "G/gan 1, G/l1 12.3, D/loss 0.25"
