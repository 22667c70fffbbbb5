"""The one training loop. It knows no loss by name: a ``Method`` takes a batch and gives back scalars."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import nullcontext

import torch
from torch import Tensor

from translate.config import TrainConfig
from translate.data.datasets import TrainingData
from translate.data.loader import make_loader
from translate.data.seeds import derived_seed
from translate.errors import ExitCode, PictureError, UserError
from translate.train.alarms import NOT_FINITE, Alarms
from translate.train.batch_augment import BatchAugment
from translate.train.cpu.kernels import fast_kernels
from translate.train.devices import make_accelerator, stop_signals, to_device
from translate.train.faults import described_faults
from translate.train.log import RunLog
from translate.train.methods import method_of
from translate.train.run import AlarmError, Run
from translate.train.run_folder import begin_run_folder, check_run_folder, locked
from translate.train.step import step_context
from translate.train.validation import draw_validation
from translate.weights import checkpoint


class Interrupted(UserError):  # noqa: N818 (nothing went wrong)
    """The run was asked to stop, and has saved where it is."""

    exit_code = ExitCode.INTERRUPTED


def train(config: TrainConfig) -> None:
    """Train to the end of the run ``config.out``, from its newest checkpoint where it has one.

    Raises ``UserError``, such as ``Interrupted``, ``AlarmError`` and ``FaultError``.
    """
    kind = method_of(config)
    data = kind.load_data(config)
    accelerator = make_accelerator(config)
    check_run_folder(config)
    torch.manual_seed(config.seed)
    method = kind.build(config, accelerator, data)
    last_step = config.total_steps(len(data.training), accelerator.num_processes)
    run = Run(method, config, last_step=last_step)
    with described_faults(config.out), locked(config, accelerator) as run.lock:
        run.resume()
        if accelerator.is_main_process:
            begin_run_folder(config)
        accelerator.wait_for_everyone()
        with RunLog(config, accelerator, first_step=run.step, last_step=last_step) as log:
            run_to_end(run, data, log)
    accelerator.end_training()  # ends the communication between processes, which may otherwise abort as they exit


def run_to_end(run: Run, data: TrainingData, log: RunLog) -> None:
    """Train from the current step to the end, rolling back after an alarm where the settings say so."""
    config = run.config
    log.say(
        f"{config.method}: {len(data.training)} samples, steps {run.step} to {run.last_step}, "
        f"global batch {config.samples_per_step(log.accelerator.num_processes)}, on {log.accelerator.device}"
    )
    while not run.finished:
        try:
            fit(run, data, log)
        except AlarmError as alarm:
            if config.on_alarm != "rollback":
                raise
            run.roll_back(alarm)
            log.go_back(run.step, f"{alarm}: back to step {run.step} with half the learning rate")
    if run.step < run.last_step:
        log.say(f"ended early at step {run.step}: {config.eval_patience} evaluations were no better than the best")


def fit(run: Run, data: TrainingData, log: RunLog) -> None:
    """Take the remaining steps, log, draw the validation grid and save.

    Raises ``AlarmError`` before anything that went wrong is saved, and ``Interrupted`` after saving.
    """
    method, config, last_step = run.method, run.config, run.last_step
    accelerator = method.accelerator
    augment = BatchAugment(config, data.augment_groups, jitter=data.jitter) if config.augment_on == "device" else None
    alarms = Alarms(patience=config.alarm_patience)
    batches = iter(
        make_loader(
            data.training,
            config,
            first_step=run.step,
            last_step=last_step,
            rank=accelerator.process_index,
            processes=accelerator.num_processes,
        )
    )
    with stop_signals(accelerator) as stop_asked:
        while not run.finished:
            waiting = time.perf_counter()
            batch = to_device(next_batch(batches), accelerator.device, channels_last=config.channels_last)
            log.waited(time.perf_counter() - waiting)
            factor = run.learning_rate_factor()
            method.scale_learning_rates(factor)
            # dropout and the like depend only on the step, so a resumed run repeats them without a saved state
            torch.manual_seed(derived_seed(config.seed, run.step, accelerator.process_index))
            if augment is not None:
                batch = augment(batch, step_context(config, accelerator, step=run.step, progress=run.step / last_step))
            with fast_kernels(accelerator.device) if config.fast_kernels else nullcontext():
                metrics = method.step(batch, step=run.step, progress=run.step / last_step)
            log.add(metrics, samples=config.samples_per_step(accelerator.num_processes))
            run.step += 1
            done = run.step
            if config.eval_every and (done % config.eval_every == 0 or done == last_step):
                start = time.perf_counter()
                log.evaluated(done, run.evaluate(), seconds=time.perf_counter() - start)
            stopping = run.finished or stop_asked()
            saving = done % config.save_every == 0 or stopping
            run.require_folder()
            if done % config.log_every == 0 or saving:
                means = log.means()
                react_to(alarms.raised(means), run, log)
                log.write(done, means, lr=config.lr * factor)
            if config.sample_every and (done % config.sample_every == 0 or done == last_step):
                react_to(alarms.raised(draw_validation(method, data, log, done)), run, log)
            if saving:
                run.save()
            if stopping and not run.finished:
                raise Interrupted(f"stopped and saved at step {done}; repeat the command to go on")


def react_to(raised: list[str], run: Run, log: RunLog) -> None:
    """Say what was raised; where the settings ask for it, or a metric is not finite, stop before more is saved."""
    for text in raised:
        log.alarm(run.step, text)
    if raised and (run.config.on_alarm != "warn" or any(NOT_FINITE in text for text in raised)):
        kept = checkpoint.checkpoints(run.config.out)
        last_good = f"the last good checkpoint is {kept[-1].path}" if kept else "there is no checkpoint yet"
        raise AlarmError(f"step {run.step}: {'; '.join(raised)}; {last_good}")


def next_batch(batches: Iterator[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The next batch; a picture that cannot be read is a ``PictureError`` that names it and the remedy."""
    try:
        return next(batches)
    except PictureError as error:  # from a worker it comes with the worker's traceback before it
        reason = error.marked.rstrip().rpartition("PictureError: ")[2]
        raise PictureError(f"{reason}; `translate data check` finds all such files") from error
