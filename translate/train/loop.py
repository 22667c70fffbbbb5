"""The one training loop. It knows no loss by name: a ``Method`` takes a batch and gives back scalars."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import torch

from translate.config import TrainConfig
from translate.data.cache import cached
from translate.data.datasets import TrainingData
from translate.data.loader import Batches, make_loader
from translate.data.seeds import derived_seed
from translate.errors import ExitCode, PictureError, UserError
from translate.train.alarms import NOT_FINITE, Alarms
from translate.train.batch_augment import BatchAugment
from translate.train.cpu.kernels import chosen_kernels
from translate.train.devices import make_accelerator, stop_signals, to_device, tuned
from translate.train.faults import described_faults
from translate.train.forecast import Forecast, network_sizes
from translate.train.log import RunLog
from translate.train.methods import method_of
from translate.train.methods.networks import suited_to_crop
from translate.train.run import AlarmError, Run
from translate.train.run_folder import begin_run_folder, check_run_folder, locked
from translate.train.step import step_context
from translate.train.trackers import require_tracker
from translate.train.unreadable import Unreadable
from translate.train.validation import draw_validation, grid_due
from translate.weights import checkpoint


class Interrupted(UserError):  # noqa: N818 (nothing went wrong)
    """The run was asked to stop, and has saved where it is."""

    exit_code = ExitCode.INTERRUPTED


def train(config: TrainConfig, *, quiet: bool = False, verbose: bool = False) -> None:
    """Train to the end of the run ``config.out``, from its newest checkpoint where it has one.

    ``quiet``: only problems are printed; ``verbose``: the losses of every log line, beside the progress line too.
    Raises ``UserError``, such as ``Interrupted``, ``AlarmError`` and ``FaultError``.
    """
    require_tracker(config)
    config = suited_to_crop(config)
    kind = method_of(config)
    data = kind.load_data(config)
    accelerator = make_accelerator(config)
    check_run_folder(config)
    torch.manual_seed(config.seed)
    method = kind.build(config, accelerator, data)
    last_step = config.total_steps(len(data.training), accelerator.num_processes)
    run = Run(method, config, last_step=last_step)
    with described_faults(config.out), tuned(accelerator.device), locked(config, accelerator) as run.lock:
        run.resume()
        if accelerator.is_main_process:
            begin_run_folder(config)
        accelerator.wait_for_everyone()
        with RunLog(config, accelerator, first_step=run.step, last_step=last_step, quiet=quiet, verbose=verbose) as log:
            run_to_end(run, data, log)
    accelerator.end_training()  # ends the communication between processes, which may otherwise abort as they exit


def run_to_end(run: Run, data: TrainingData, log: RunLog) -> None:
    """Train from the current step to the end, rolling back after an alarm where the settings say so."""
    config = run.config
    log.say(
        f"{config.method}: {len(data.training)} samples, steps {run.step} to {run.last_step}, "
        f"global batch {config.samples_per_step(log.accelerator.num_processes)}, on {log.accelerator.device}"
    )
    if not run.finished:
        data = cached(data, config)
        for remark in (network_sizes(run.method), *data.remarks):
            log.say(remark)
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

    Raises ``AlarmError`` before anything that went wrong is saved; ``Interrupted``, and ``PictureError`` for too many
    pictures that cannot be read, after saving.
    """
    method, config, last_step = run.method, run.config, run.last_step
    accelerator = method.accelerator
    augment = BatchAugment(config, data.augment_groups, jitter=data.jitter) if config.augment_on == "device" else None
    alarms = Alarms(patience=config.alarm_patience)
    loader = make_loader(
        data.training,
        config,
        first_step=run.step,
        last_step=last_step,
        rank=accelerator.process_index,
        processes=accelerator.num_processes,
    )
    unreadable = Unreadable(share=config.bad_pictures, samples=len(data.training))
    forecast = Forecast(config, accelerator.device, remaining_steps=last_step - run.step)
    with (
        stop_signals(accelerator) as stop_asked,
        saved_before_picture_errors(run, log),
        closing(Batches(loader)) as batches,
    ):
        if run.step == 0 and config.sample_every:
            draw_validation(method, data, log, 0)
        while not run.finished:
            waiting = time.perf_counter()
            loaded = batches.next()
            for warning in unreadable.new(loaded.unreadable):
                log.warn(warning)
            batch = to_device(loaded.tensors, accelerator.device, channels_last=config.channels_last)
            log.waited(time.perf_counter() - waiting)
            factor = run.learning_rate_factor()
            method.scale_learning_rates(factor)
            # dropout and the like depend only on the step, so a resumed run repeats them without a saved state
            torch.manual_seed(derived_seed(config.seed, run.step, accelerator.process_index))
            if augment is not None:
                batch = augment(batch, step_context(config, accelerator, step=run.step, progress=run.step / last_step))
            with chosen_kernels(config, accelerator.device):
                metrics = method.step(batch, step=run.step, progress=run.step / last_step)
            log.add(metrics, samples=config.samples_per_step(accelerator.num_processes))
            run.step += 1
            if said := forecast.after_step():
                log.say(said)
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
            if grid_due(done, every=config.sample_every, last_step=last_step):
                metrics_of_grid = draw_validation(method, data, log, done)
                if done >= config.sample_every or done == last_step:  # before, the generator has hardly learned
                    react_to(alarms.raised(metrics_of_grid), run, log)
            if saving:
                run.save()
            if stopping and not run.finished:
                raise Interrupted(f"stopped and saved at step {done}; repeat the command to go on")


@contextmanager
def saved_before_picture_errors(run: Run, log: RunLog) -> Iterator[None]:
    """Save the steps taken before a ``PictureError`` ends the run, unless a metric is not finite.

    Several processes do not save: only one of them meets the picture.
    """
    try:
        yield
    except PictureError:
        kept = checkpoint.checkpoints(run.config.out)
        new = run.step > (kept[-1].step if kept else 0)
        if new and run.method.accelerator.num_processes == 1 and all(map(math.isfinite, log.means().values())):
            run.require_folder()
            run.save()
            log.say(f"saved at step {run.step}")
        raise


def react_to(raised: list[str], run: Run, log: RunLog) -> None:
    """Say what was raised; where the settings ask for it, or a metric is not finite, stop before more is saved."""
    for text in raised:
        log.alarm(run.step, text)
    if raised and (run.config.on_alarm != "warn" or any(NOT_FINITE in text for text in raised)):
        kept = checkpoint.checkpoints(run.config.out)
        last_good = f"the last good checkpoint is {kept[-1].path}" if kept else "there is no checkpoint yet"
        raise AlarmError(f"step {run.step}: {'; '.join(raised)}; {last_good}")
