"""A training run between its steps: resuming, evaluating, saving, rolling back, and its learning rate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from accelerate.utils import broadcast_object_list

from translate.config import TrainConfig
from translate.errors import ExitCode, UserError
from translate.storage.lock import LockFile
from translate.train.faults import FaultError
from translate.train.fine_tune import start_from
from translate.train.methods.base import Method
from translate.train.run_folder import BEST
from translate.train.schedule import learning_rate_factor
from translate.weights import checkpoint

if TYPE_CHECKING:
    from translate.train.evaluation import RunEvaluation

MAX_ROLLBACKS = 5  # in one run; beyond that the learning rate is not the cause


class AlarmError(UserError):
    """Training went wrong, and ``on_alarm`` says not to go on."""

    exit_code = ExitCode.SOME_FAILED


class Run:
    """A method in training: the steps taken, and what a checkpoint holds besides its networks."""

    def __init__(self, method: Method, config: TrainConfig, *, last_step: int) -> None:
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
        """Whether the last step is taken, or evaluations have not improved for too long."""
        return self.step >= self.last_step or (self.evaluation is not None and self.evaluation.exhausted)

    def evaluate(self) -> dict[str, float]:
        """Evaluate the averaged generator and save it if it is the best; every process has to call it.

        The metrics are empty in all processes but the first.
        """
        metrics: dict[str, float] = {}
        if self.evaluation is not None:
            if self.method.accelerator.is_main_process:
                exclusive = self.method.description().get("exclusive_domains", True)
                metrics = self.evaluation(self.method.averaged_generator(), exclusive=exclusive)
            broadcast = [self.evaluation.state()]
            self.evaluation.load_state(broadcast_object_list(broadcast)[0])
            if self.evaluation.is_best:
                self.save(self.config.out / BEST, keep=1)
        return metrics

    def require_folder(self) -> None:
        """Raise ``FaultError`` where the run's folder was removed, or replaced by another run's."""
        if self.lock is not None and not self.lock.held:
            raise FaultError(f"<out> {self.config.out}: was removed while training; repeat the command to start again")

    def save(self, folder: Path | None = None, *, keep: int | None = None) -> None:
        """Write a checkpoint, to the run's folder or to ``folder``; every process has to call it."""
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
        if not checkpoint.checkpoints(self.config.out) or rollbacks > MAX_ROLLBACKS:
            raise alarm
        self.method.accelerator.wait_for_everyone()
        self.resume()
        self.rollbacks = rollbacks

    def learning_rate_factor(self) -> float:
        return learning_rate_factor(self.config, self.step, self.last_step) / 2**self.rollbacks


def run_evaluation(config: TrainConfig) -> RunEvaluation:
    from translate.train.evaluation import RunEvaluation  # its libraries take seconds to import

    return RunEvaluation(config)
