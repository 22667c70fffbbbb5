"""Where the curves of a run are shown: TensorBoard's files, or a tracking service, through Accelerate."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from accelerate.tracking import LOGGER_TYPE_TO_CLASS
from numpy.typing import NDArray

from translate.config import TrainConfig
from translate.errors import UnusableError

TENSORBOARD = "tensorboard"  # the tracker, and its folder in that of the run
PROJECT = "translate"  # of the runs in services that group them


def require_tracker(config: TrainConfig) -> None:
    """Raise ``UnusableError`` where the package of ``config.tracker`` is not installed."""
    if importlib.util.find_spec(config.tracker) is None:
        raise UnusableError(f"<tracker> {config.tracker}: is not installed; pip install {config.tracker}")


class Tracker:
    """A run in the tracker ``config.tracker``. Only the first process has one.

    Services take their address and account as they do elsewhere, from environment variables and their own settings.
    """

    def __init__(self, config: TrainConfig, *, first_step: int) -> None:
        self.name = config.tracker
        self._tracker: Any = LOGGER_TYPE_TO_CLASS[config.tracker](**_arguments(config, first_step))
        self._tracker.start()

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self._tracker.log(dict(values), step=step)

    def show(self, step: int, grid: NDArray[np.uint8]) -> None:
        """Log the validation grid, RGB [H, W, 3]; MLflow takes no pictures here."""
        if self.name == TENSORBOARD:
            self._tracker.log_images({"validation": grid[np.newaxis]}, step=step, dataformats="NHWC")
        elif self.name == "wandb":
            self._tracker.log_images({"validation": [grid]}, step=step)
        elif self.name == "aim":
            self._tracker.log_images({"validation": grid}, step=step)

    def close(self) -> None:
        self._tracker.finish()


def _arguments(config: TrainConfig, first_step: int) -> dict[str, Any]:
    """What Accelerate's class for the tracker is made with; TensorBoard shows nothing from ``first_step`` on."""
    out, name = config.out, Path(config.out).resolve().name
    arguments: dict[str, dict[str, Any]] = {
        "tensorboard": {"run_name": TENSORBOARD, "logging_dir": out, "purge_step": first_step},
        "wandb": {"run_name": PROJECT, "name": name, "dir": str(out)},
        "aim": {"run_name": name, "logging_dir": str(out)},
        "mlflow": {"experiment_name": PROJECT, "run_name": name},
    }
    return arguments[config.tracker]
