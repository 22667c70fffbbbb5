"""The one training loop. It knows no loss by name: a ``Method`` takes a batch and gives back scalars."""

from __future__ import annotations

import json
import math
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import default_collate

from translate import checkpoint
from translate.alarms import NOT_FINITE, Alarms
from translate.batch_augment import BatchAugment
from translate.config import CONFIG_NAME, AdversarialConfig, TrainConfig
from translate.data import Key, KeyedDataset, make_loader
from translate.datasets import TrainingData, load_data
from translate.errors import ExitCode, PictureError, UnusableError, UserError
from translate.images import from_signed_unit, to_signed_unit
from translate.methods import build_method
from translate.methods.base import Method
from translate.run_log import RunLog
from translate.seeds import derived_seed
from translate.step import Batch, step_context


class AlarmError(UserError):
    """Training went wrong, and ``--on-alarm`` says not to go on."""

    exit_code = ExitCode.SOME_FAILED


class Interrupted(UserError):  # noqa: N818 (nothing went wrong)
    """The run was asked to stop, and has saved where it is."""

    exit_code = ExitCode.INTERRUPTED


MOST_ROLLBACKS = 5  # in one run; then it is not the learning rate


def train(config: AdversarialConfig) -> None:
    """Train to the end of the run ``config.out``, from its newest checkpoint where it has one."""
    data = load_data(config)
    accelerator = make_accelerator(config)
    check_run_folder(config)
    torch.manual_seed(config.seed)
    method = build_method(config, accelerator, data)
    last_step = config.total_steps(len(data.training), accelerator.num_processes)
    run = Run(method, config, last_step=last_step)
    run.resume()
    if accelerator.is_main_process:
        begin_run_folder(config)
    accelerator.wait_for_everyone()
    with RunLog(config, accelerator, first_step=run.step, last_step=last_step) as log:
        log.say(
            f"{config.method}: {len(data.training)} samples, steps {run.step} to {last_step}, "
            f"global batch {config.samples_a_step(accelerator.num_processes)}, on {accelerator.device}"
        )
        while run.step < last_step:
            try:
                fit(run, data, log)
            except AlarmError as alarm:
                if config.on_alarm != "rollback":
                    raise
                run.roll_back(alarm)
                log.go_back(run.step, f"{alarm}: back to step {run.step} with half the learning rate")
    accelerator.end_training()  # ends the communication between processes, which else may abort their exit


class Run:
    """A method on its way: the steps it has taken, and what else a checkpoint holds beside its networks."""

    def __init__(self, method: Method, config: AdversarialConfig, *, last_step: int) -> None:
        self.method, self.config, self.last_step = method, config, last_step
        self.step = 0
        self.rollbacks = 0  # each halves the learning rate

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
        elif self.config.init is not None:
            start_from(self.method, checkpoint.find(self.config.init))

    def save(self) -> None:
        """Write a checkpoint; every process has to call it."""
        weights, state = self.method.weights(), self.method.state() | {"rollbacks": self.rollbacks}
        if self.method.accelerator.is_main_process:
            config = self.config.to_dict() | self.method.description()
            checkpoint.save(
                self.config.out, self.step, config=config, weights=weights, state=state, keep=self.config.keep
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


def fit(run: Run, data: TrainingData, log: RunLog) -> None:
    """Take every step, log, draw the validation grid and save.

    Raises ``AlarmError`` before anything that went wrong is saved, and ``Interrupted`` after saving.
    """
    method, config, last_step = run.method, run.config, run.last_step
    accelerator = method.accelerator
    augment = BatchAugment(config, data.moved_alike, jitter=data.jitter) if config.augment_on == "device" else None
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
        while run.step < last_step:
            waiting = time.perf_counter()
            batch = to_device(next_batch(batches), accelerator.device, channels_last=config.channels_last)
            log.waited(time.perf_counter() - waiting)
            factor = run.learning_rate_factor()
            method.scale_learning_rates(factor)
            # dropout and the like follow from the step alone, so a resumed run repeats them without a saved state
            torch.manual_seed(derived_seed(config.seed, run.step, accelerator.process_index))
            if augment is not None:
                batch = augment(batch, step_context(config, accelerator, step=run.step, progress=run.step / last_step))
            metrics = method.step(batch, step=run.step, progress=run.step / last_step)
            log.add(metrics, samples=config.samples_a_step(accelerator.num_processes))
            run.step += 1
            done = run.step
            stopping = done == last_step or stop_asked()
            saving = done % config.save_every == 0 or stopping
            if done % config.log_every == 0 or saving:
                means = log.means()
                react(alarms.raised(means), run, log)
                log.write(done, means, lr=config.lr * factor)
            if config.sample_every and (done % config.sample_every == 0 or done == last_step):
                react(alarms.raised(draw_validation(method, data.validation, log, done)), run, log)
            if saving:
                run.save()
            if stopping and done < last_step:
                raise Interrupted(f"stopped and saved at step {done}; repeat the command to go on")


def react(raised: list[str], run: Run, log: RunLog) -> None:
    """Say what was raised; where the settings ask for it, or a figure is not finite, stop before more is saved."""
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
        reason = str(error).rstrip().rpartition("PictureError: ")[2]
        raise PictureError(f"{reason}; `translate data check` finds all such files") from error


def make_accelerator(config: TrainConfig) -> Accelerator:
    """Accelerate's engine for the configured device and precision; under ``torchrun`` one process a device."""
    name, _, index = config.device.partition(":")
    if name not in ("auto", "cpu", "cuda") or (index and (name != "cuda" or not index.isdecimal())):
        raise UserError(f"--device {config.device}: choose auto, cpu, cuda or cuda:N")
    if name == "cuda":
        if not torch.cuda.is_available():
            raise UnusableError(f"--device {config.device}: this PyTorch ({torch.__version__}) finds no CUDA device")
        if int(index or 0) >= torch.cuda.device_count():
            raise UnusableError(f"--device {config.device}: there are {torch.cuda.device_count()} CUDA devices")
        torch.cuda.set_device(int(index or 0))
    return Accelerator(
        cpu=name == "cpu",
        mixed_precision={"fp32": "no"}.get(config.precision, config.precision),
        # running statistics are each process's own; keeping them in step would write into graphs still in use
        kwargs_handlers=[DistributedDataParallelKwargs(broadcast_buffers=False)],
    )


def check_run_folder(config: TrainConfig) -> None:
    """Refuse to go on with a run under settings that would make it another run."""
    saved = config.out / CONFIG_NAME
    if saved.is_file():
        changes = config.changes_that_break_resume(json.loads(saved.read_text(encoding="utf-8")))
        if changes:
            raise UserError(f"{config.out} cannot be resumed: {'; '.join(changes)}; restore them or give another --out")


def begin_run_folder(config: TrainConfig) -> None:
    """Write down the settings, and drop what a killed run left unfinished."""
    try:
        config.out.mkdir(parents=True, exist_ok=True)
        checkpoint.remove_unfinished(config.out)
        (config.out / CONFIG_NAME).write_text(json.dumps(config.to_dict(), indent=2), encoding="utf-8")
    except OSError as error:
        raise UserError(f"--out {config.out}: cannot be written: {error.strerror}; give another folder") from error


def start_from(method: Method, source: checkpoint.Checkpoint) -> None:
    """Give the method's networks the weights of the same name in ``source``: the averaged ones, where it has them."""
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


def to_device(batch: dict[str, Tensor], device: torch.device, *, channels_last: bool) -> Batch:
    """Pictures uint8 [N, 3, H, W] -> float in [-1, 1] on ``device``; labels as they are."""
    layout = torch.channels_last if channels_last else torch.contiguous_format
    moved = {}
    for name, tensor in batch.items():
        if tensor.dtype == torch.uint8:
            moved[name] = to_signed_unit(tensor.to(device, non_blocking=True, memory_format=layout).float())
        else:
            moved[name] = tensor.to(device, non_blocking=True)
    return moved


def draw_validation(method: Method, validation: KeyedDataset, log: RunLog, step: int) -> dict[str, float]:
    """Draw a grid with a row a validation sample, as the averaged generators see it; the validation's figures.

    Every process computes it, so that none runs ahead of the others; only the first writes.
    """
    if len(validation) == 0:
        return {}
    samples = [validation[Key(index, 0)] for index in range(len(validation))]
    batch = to_device(default_collate(samples), method.accelerator.device, channels_last=False)
    columns, figures = method.validate(batch)
    columns = [column.float().clamp(-1, 1) for column in columns]
    if len(samples) > 1:
        figures["val/diversity"] = float(spread(columns[1]) / spread(columns[0]).clamp_min(1e-6))
    grid = from_signed_unit(torch.cat(columns, dim=3))  # [N, 3, H, columns x W]
    log.write_validation(step, grid.to(torch.uint8).permute(0, 2, 3, 1).cpu(), figures)
    return figures


def spread(pictures: Tensor) -> Tensor:
    """How far pictures, float [N, 3, H, W], are from each other: the mean deviation over them, at 16x16."""
    return F.adaptive_avg_pool2d(pictures, 16).std(dim=0).mean()


@contextmanager
def stop_signals(accelerator: Accelerator) -> Iterator[Callable[[], bool]]:
    """Have SIGINT and SIGTERM ask for a stop after the step under way; yields what tells whether one has.

    With several processes the signals keep their meaning: the processes could not agree on the step to stop at.
    """
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True

    if accelerator.num_processes > 1:
        yield lambda: False
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
