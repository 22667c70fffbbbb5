"""Training in Python, as `translate train METHOD` does it.

from translate import train

run = train("pix2pix", data="facades/train", preset="light", steps=300, out="runs/facades")
print(run.metrics["G/l1"], run.samples[-1])
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from translate.config import CONFIGS, METRICS_NAME
from translate.errors import UserError, parse_nested
from translate.train import loop
from translate.train.log import SAMPLES
from translate.train.run_folder import BEST
from translate.weights.checkpoint import FOLDER, find


@dataclass(frozen=True)
class TrainedRun:
    """A run that has come to its end."""

    out: Path  # its folder, which `translate export` and `convert --style` take
    step: int
    checkpoint: Path  # the newest
    best: Path | None  # the run's folder with its best checkpoint, if it was evaluated
    metrics: dict[str, float]  # the last value of each metric in the log, by name: losses, speed, validation
    samples: list[Path]  # the validation grids, oldest first


def train(
    method: str,
    *,
    preset: str | None = None,
    config: str | Path | None = None,
    quiet: bool = False,
    verbose: bool = False,
    **settings: Any,
) -> TrainedRun:
    """Train to the end of the run ``out``, from its newest checkpoint where it has one.

    ``method``: pix2pix, cyclegan, cut, stargan, animegan, gan, glo or gon. ``settings``: the options of `translate
    train METHOD`, such as ``out``, which is required, ``crop`` or ``generator_options={"blocks": 6}``; paths may be
    texts. They take precedence over the file ``config``, in TOML, and that over ``preset``. ``quiet``: only problems
    are printed; ``verbose``: the losses of every log line.

    Raises ``errors.UserError`` for settings or data that cannot be used, naming all problems at once;
    ``errors.UnusableError`` for a device or tracker that is not there; ``train.loop.Interrupted``, after saving, when
    asked to stop; ``train.run.AlarmError`` where training went wrong and ``on_alarm`` says to stop.
    """
    if method not in CONFIGS:
        raise UserError(f"method {method}: there are {', '.join(CONFIGS)}")
    unknown = [name for name in settings if name not in CONFIGS[method].__dataclass_fields__]
    if unknown:
        raise UserError(f"{', '.join(unknown)}: no setting of {method}")
    resolved = CONFIGS[method].resolve(settings, preset=preset, file=None if config is None else Path(config))
    loop.train(resolved, quiet=quiet, verbose=verbose)
    return _read_run(resolved.out)


def _read_run(out: Path) -> TrainedRun:
    newest = find(out)
    best = out / BEST
    return TrainedRun(
        out=out,
        step=newest.step,
        checkpoint=newest.path,
        best=best if (best / FOLDER).is_dir() else None,
        metrics=_last_metrics(out / METRICS_NAME),
        samples=sorted((out / SAMPLES).glob("step-*.png")),
    )


def _last_metrics(log: Path) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for line in log.read_text(encoding="utf-8").splitlines():
        metrics |= {name: value for name, value in parse_nested(json.loads, line).items() if not isinstance(value, str)}
    return metrics
