"""What a run has left in its folder, and what to do with it: said after training and at every stop."""

from __future__ import annotations

import shlex
from pathlib import Path

from translate.config import METRICS_NAME
from translate.train.log import SAMPLES
from translate.train.run_folder import BEST
from translate.train.trackers import TENSORBOARD
from translate.weights import checkpoint


def next_steps(
    out: Path, *, from_noise: bool, inputs: int = 1, captions: bool = False, condition: bool = False
) -> list[str]:
    """Where the run ``out`` has its grids, curves and checkpoints, and the commands that use them, one per line.

    ``from_noise``: it makes pictures from noise, not from photos. ``inputs``: the photos that it translates together.
    ``captions``: it makes captions. ``condition``: it translates by a condition.
    """
    name = out.resolve().name
    run, style, page, picture = map(shlex.quote, (str(out), f"{name}.onnx", f"{name}.html", f"{name}.png"))
    grids = sorted((out / SAMPLES).glob("step-*.png"))
    saved = _checkpoints(out)
    lines = []
    if grids:
        lines.append(f"samples: {grids[-1]} is the newest of {len(grids)}")
    if (out / METRICS_NAME).is_file():
        board = out / TENSORBOARD
        or_board = f", or tensorboard --logdir {shlex.quote(str(board))}" if board.is_dir() else ""
        lines.append(f"curves: translate diagnose {run} -o {page}{or_board}")
    if _checkpoints(out / BEST):
        best = shlex.quote(str(out / BEST))
        lines.append(f"best checkpoint: {out / BEST}; to export it: translate export {best} -o {style}")
    if saved:
        lines.append(f"newest checkpoint: {saved[-1]}")
    if saved and captions:
        lines.append(f"to use it: translate sample {run} --invent")
    elif saved:
        lines.append(f"to use it: translate export {run} -o {style}")
        use = _use(style, picture, from_noise=from_noise, inputs=inputs)
        lines.append(f"           translate {use}{' --condition TEXT' if condition else ''}")
    return lines


def _use(style: str, picture: str, *, from_noise: bool, inputs: int) -> str:
    if from_noise:
        return f"sample {style} -o {picture}"
    if inputs > 1:
        return f"sample {style} {'--inputs PHOTO ' * inputs}-o {picture}"
    return f"convert PHOTOS -o RESULTS --style {style}"


def _checkpoints(run: Path) -> list[Path]:
    """Their folders, oldest first; unlike `checkpoint.checkpoints`, this reads none, so that none can be damaged."""
    return sorted((run / checkpoint.FOLDER).glob("step-*"))
