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
from torch.utils.data import DataLoader, default_collate

from translate import checkpoint
from translate.config import CONFIG_NAME, TrainConfig
from translate.data import Key, PairedDataset, derived_seed, make_loader
from translate.errors import ExitCode, PictureError, UnusableError, UserError
from translate.images import from_signed_unit, to_signed_unit
from translate.methods import build_method
from translate.methods.base import Batch, Method
from translate.run_log import RunLog


class NonFiniteLossError(UserError):
    """A loss became infinite or NaN."""

    exit_code = ExitCode.SOME_FAILED


class Interrupted(UserError):  # noqa: N818 (nothing went wrong)
    """The run was asked to stop, and has saved where it is."""

    exit_code = ExitCode.INTERRUPTED


def train(config: TrainConfig, training: PairedDataset, validation: PairedDataset) -> None:
    """Train to the end of the run ``config.out``, from its newest checkpoint where it has one."""
    accelerator = make_accelerator(config)
    check_run_folder(config)
    torch.manual_seed(config.seed)
    method = build_method(config, accelerator)
    last_step = config.total_steps(len(training), accelerator.num_processes)
    first_step = resume(method, config)
    loader = make_loader(
        training,
        config,
        first_step=first_step,
        last_step=last_step,
        rank=accelerator.process_index,
        processes=accelerator.num_processes,
    )
    if accelerator.is_main_process:
        begin_run_folder(config)
    accelerator.wait_for_everyone()
    with RunLog(config, first_step=first_step, last_step=last_step, show=accelerator.is_main_process) as log:
        log.say(
            f"{config.method}: {len(training)} samples, steps {first_step} to {last_step}, "
            f"global batch {config.batch_size * accelerator.num_processes}, on {accelerator.device}"
        )
        fit(method, loader, config, log, first_step=first_step, last_step=last_step, validation=validation)


def fit(
    method: Method,
    loader: DataLoader[dict[str, Tensor]],
    config: TrainConfig,
    log: RunLog,
    *,
    first_step: int,
    last_step: int,
    validation: PairedDataset,
) -> None:
    """Take every step, log, draw the validation grid and save.

    Raises ``NonFiniteLossError`` before anything non-finite is saved, and ``Interrupted`` after saving.
    """
    accelerator = method.accelerator
    batches = iter(loader)
    with stop_signals(accelerator) as stop_asked:
        for step in range(first_step, last_step):
            waiting = time.perf_counter()
            batch = to_device(next_batch(batches), accelerator.device)
            log.waited(time.perf_counter() - waiting)
            factor = learning_rate_factor(config, step, last_step)
            method.scale_learning_rates(factor)
            # dropout and the like follow from the step alone, so a resumed run repeats them without a saved state
            torch.manual_seed(derived_seed(config.seed, step, accelerator.process_index))
            log.add(method.step(batch, step / last_step), samples=config.batch_size * accelerator.num_processes)
            done = step + 1
            stopping = done == last_step or stop_asked()
            saving = done % config.save_every == 0 or stopping
            if done % config.log_every == 0 or saving:
                means = log.means()
                check_finite(means, done, config)
                log.write(done, means, lr=config.lr * factor)
            if config.sample_every and (done % config.sample_every == 0 or done == last_step):
                draw_validation(method, validation, log, done)
            if saving and accelerator.is_main_process:
                checkpoint.save(
                    config.out,
                    done,
                    config=config.to_dict(),
                    weights=method.weights(),
                    state=method.state(),
                    keep=config.keep,
                )
            if stopping and done < last_step:
                raise Interrupted(f"stopped and saved at step {done}; repeat the command to go on")


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


def resume(method: Method, config: TrainConfig) -> int:
    """Load the newest checkpoint of the run, else the weights it starts from; the number of steps already taken."""
    found = checkpoint.checkpoints(config.out)
    if not found:
        if config.init is not None:
            start_from(method, checkpoint.find(config.init))
        return 0
    newest = found[-1]
    for name, module in method.modules().items():
        checkpoint.load_weights(module, newest.weights(name), source=newest.path)
    method.load_state(newest.state(method.accelerator.device))
    return newest.step


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


def to_device(batch: dict[str, Tensor], device: torch.device) -> Batch:
    """uint8 [N, 3, H, W] -> float in [-1, 1] on ``device``, channels last."""
    return {
        side: to_signed_unit(pixels.to(device, non_blocking=True, memory_format=torch.channels_last).float())
        for side, pixels in batch.items()
    }


def check_finite(metrics: dict[str, float], step: int, config: TrainConfig) -> None:
    bad = [name for name, value in metrics.items() if not math.isfinite(value)]
    if bad:
        kept = checkpoint.checkpoints(config.out)
        last_good = f"the last good checkpoint is {kept[-1].path}" if kept else "there is no checkpoint yet"
        raise NonFiniteLossError(
            f"step {step}: {', '.join(bad)} is not finite; {last_good}; try a lower --lr or --clip-gradient 1"
        )


def draw_validation(method: Method, validation: PairedDataset, log: RunLog, step: int) -> None:
    """Draw a grid with a row a validation sample: the input, the averaged generator's picture, the target.

    Every process computes it, so that none runs ahead of the others; only the first writes.
    """
    samples = [validation[Key(index, 0)] for index in range(len(validation))]
    batch = to_device(default_collate(samples), method.accelerator.device)
    picture = method.translate(batch["A"]).float().clamp(-1, 1)
    grid = from_signed_unit(torch.cat([batch["A"], picture, batch["B"]], dim=3))  # [N, 3, H, 3 W]
    rows = grid.to(torch.uint8).permute(0, 2, 3, 1).cpu()
    log.write_validation(step, rows, {"val/l1": float((picture - batch["B"]).abs().mean())})


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
