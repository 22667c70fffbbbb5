"""A training run between its steps: its folder, what it resumes from, saves, goes back to, and its learning rate."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from accelerate import Accelerator
from accelerate.utils import broadcast_object_list

from models import Generator
from translate import checkpoint
from translate.config import CONFIG_NAME, AdversarialConfig, TrainConfig
from translate.errors import ExitCode, PictureError, UserError, one_line
from translate.faults import FaultError
from translate.files import remove_abandoned, write_atomically
from translate.lock import LockedError, LockFile
from translate.methods.base import GENERATOR, Method
from translate.run_log import SAMPLES
from translate.shipped import list_styles
from translate.style_weights import start_from_style

if TYPE_CHECKING:
    from translate.evaluation.in_training import RunEvaluation

BEST = "best"  # in the run's folder: a folder with the best checkpoint
LOCK = ".lock"  # in the run's folder, while it is training
MOST_ROLLBACKS = 5  # in one run; then it is not the learning rate


class AlarmError(UserError):
    """Training went wrong, and ``--on-alarm`` says not to go on."""

    exit_code = ExitCode.SOME_FAILED


class Run:
    """A method on its way: the steps it has taken, and what else a checkpoint holds beside its networks."""

    def __init__(self, method: Method, config: AdversarialConfig, *, last_step: int) -> None:
        self.method, self.config, self.last_step = method, config, last_step
        self.lock: LockFile | None = None  # on the run's folder, in the first process
        self.step = 0
        self.rollbacks = 0  # each halves the learning rate
        self.evaluation = run_evaluation(config) if config.eval_every else None

    def resume(self) -> None:
        """Load the newest checkpoint of the run, else the weights it starts from."""
        found = checkpoint.checkpoints(self.config.out)
        if found:
            newest = found[-1]
            for name, module in self.method.modules().items():
                checkpoint.load_weights(module, newest.weights(name), source=newest.path)
            state = newest.state(self.method.accelerator.device)
            self.method.load_state(state)
            self.step, self.rollbacks = newest.step, state["rollbacks"]
            if self.evaluation is not None and state.get("evaluation") is not None:
                self.evaluation.load_state(state["evaluation"])
        elif self.config.init is not None:
            start_from(self.method, self.config.init)

    @property
    def finished(self) -> bool:
        """Whether the last step is taken, or evaluations have not become better for too long."""
        return self.step >= self.last_step or (self.evaluation is not None and self.evaluation.exhausted)

    def evaluate(self) -> dict[str, float]:
        """The figures of the averaged generator, in the first process; every process has to call it."""
        figures: dict[str, float] = {}
        if self.evaluation is not None:
            if self.method.accelerator.is_main_process:
                generator = cast(Generator, self.method.averages["generator_ema"].module)
                exclusive = self.method.description().get("exclusive_domains", True)
                figures = self.evaluation(generator, exclusive=exclusive)
            broadcast = [self.evaluation.state()]
            self.evaluation.load_state(broadcast_object_list(broadcast)[0])
            if self.evaluation.is_best:
                self.save(self.config.out / BEST, keep=1)
        return figures

    def require_folder(self) -> None:
        """Raise ``FaultError`` where the run's folder was removed, and perhaps another run begun in its place."""
        if self.lock is not None and not self.lock.held:
            raise FaultError(f"--out {self.config.out}: was removed while training; repeat the command to begin anew")

    def save(self, folder: Path | None = None, *, keep: int | None = None) -> None:
        """Write a checkpoint of the run, or one like it in ``folder``; every process has to call it."""
        evaluated = self.evaluation.state() if self.evaluation is not None else None
        state = self.method.state() | {"rollbacks": self.rollbacks, "evaluation": evaluated}
        weights = self.method.weights()
        if self.method.accelerator.is_main_process:
            config = self.config.to_dict() | self.method.description()
            checkpoint.save(
                folder or self.config.out,
                self.step,
                config=config,
                weights=weights,
                state=state,
                keep=keep or self.config.keep,
            )

    def roll_back(self, alarm: AlarmError) -> None:
        """Go back to the newest checkpoint with half the learning rate; without one, or too often, raise ``alarm``."""
        rollbacks = self.rollbacks + 1
        if not checkpoint.checkpoints(self.config.out) or rollbacks > MOST_ROLLBACKS:
            raise alarm
        self.method.accelerator.wait_for_everyone()
        self.resume()
        self.rollbacks = rollbacks

    def learning_rate_factor(self) -> float:
        return learning_rate_factor(self.config, self.step, self.last_step) / 2**self.rollbacks


def run_evaluation(config: TrainConfig) -> RunEvaluation:
    from translate.evaluation.in_training import RunEvaluation  # its libraries take seconds

    return RunEvaluation(config)


@contextmanager
def locked(config: TrainConfig, accelerator: Accelerator) -> Iterator[LockFile | None]:
    """The folder of the run, ours alone inside; of several processes the first has the lock.

    Raises ``UserError`` where another training has it, and where it cannot be written.
    """
    if not accelerator.is_main_process:
        yield None
        return
    try:
        lock = LockFile(config.out / LOCK)
    except LockedError as error:
        raise UserError(
            f"--out {config.out}: another training is under way in it ({error}); give another folder"
        ) from error
    except OSError as error:
        raise UserError(f"--out {config.out}: cannot be written: {error.strerror}; give another folder") from error
    try:
        yield lock
    finally:
        lock.release()


def check_run_folder(config: TrainConfig) -> None:
    """Refuse to go on with a run under settings that would make it another run."""
    saved = config.out / CONFIG_NAME
    if saved.is_file():
        try:
            settings = json.loads(saved.read_text(encoding="utf-8"))
        except ValueError as error:
            raise UserError(f"{saved}: is damaged; remove it to go on with the settings given") from error
        changes = config.changes_that_break_resume(settings)
        if changes:
            raise UserError(f"{config.out} cannot be resumed: {'; '.join(changes)}; restore them or give another --out")


def begin_run_folder(config: TrainConfig) -> None:
    """Write down the settings, and drop what a killed run left unfinished."""
    try:
        for folder in (config.out, config.out / BEST):
            checkpoint.remove_unfinished(folder)
        for folder in (config.out, config.out / SAMPLES):
            remove_abandoned(folder)
        write_atomically(config.out / CONFIG_NAME, json.dumps(config.to_dict(), indent=2).encode())
    except (OSError, PictureError) as error:
        raise UserError(f"--out {config.out}: cannot be written: {one_line(error)}; give another folder") from error


def start_from(method: Method, init: Path) -> None:
    """Give the method's networks the weights of the same name of a run: the averaged ones, where it has them.

    Or the generator to ``B`` those of a style, a file or the name of a shipped one.
    """
    style = list_styles().get(str(init), init)
    if style.is_file():
        generator = cast(Generator, method.bare(GENERATOR))
        start_from_style(generator, style)
        method.averages[f"{GENERATOR}_ema"].module.load_state_dict(generator.state_dict())
        return
    source = checkpoint.find(init)
    for name, module in method.modules().items():
        averaged = name if name.endswith("_ema") else f"{name}_ema"
        found = next((known for known in (averaged, name) if source.has_weights(known)), None)
        if found is not None:
            checkpoint.load_weights(module, source.weights(found), source=source.path)


def learning_rate_factor(config: TrainConfig, step: int, last_step: int) -> float:
    """The share of the learning rate at ``step``.

    ``linear`` is pix2pix's and CycleGAN's: constant for the first half, then linear to 0. ``cosine`` falls to 0 along
    half a cosine (Loshchilov and Hutter 2017).
    """
    progress = step / last_step
    rising = min(1.0, (step + 1) / config.warmup) if config.warmup else 1.0
    if config.schedule == "cosine":
        return rising * 0.5 * (1 + math.cos(math.pi * progress))
    if config.schedule == "linear":
        return rising * min(1.0, 2 * (1 - progress))
    return rising
