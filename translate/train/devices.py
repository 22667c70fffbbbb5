"""The devices a run trains on: one or several, through Accelerate; moving batches there; stopping when asked."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs
from torch import Tensor

from translate.config import TrainConfig
from translate.errors import UnusableError, UserError, one_line
from translate.evaluate.devices import choose_torch_device
from translate.media.images import to_signed_unit
from translate.style.devices import parse_device
from translate.train.step import Batch


def make_accelerator(config: TrainConfig) -> Accelerator:
    """The accelerator for the configured device and precision; under ``torchrun`` one process per device.

    Raises ``UserError`` for an unknown device, and for another precision than this process has trained in before;
    ``UnusableError`` for a device that is not there.
    """
    name, number = parse_device(config.device)
    device = choose_torch_device(config.device)
    if name == "cuda":
        torch.cuda.set_device(number)
    local = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))  # set by torchrun: the processes of this machine
    if device != "cpu" and local > torch.cuda.device_count():
        raise UnusableError(
            f"--nproc_per_node {local}: there are {torch.cuda.device_count()} CUDA devices; start no more processes"
        )
    # each process keeps its own running statistics: synchronising them would write into graphs still in use
    handlers = [DistributedDataParallelKwargs(broadcast_buffers=False)]
    precision = {"fp32": "no"}.get(config.precision, config.precision)
    try:
        return Accelerator(cpu=name == "cpu", mixed_precision=precision, kwargs_handlers=handlers)
    except ValueError as error:  # Accelerate keeps the precision for as long as the process lives
        raise UserError(f"<precision> {config.precision}: {one_line(error)}") from error


@contextmanager
def tuned(device: torch.device) -> Iterator[None]:
    """On a GPU: matrix products in TF32, as convolutions are by default, and for each size of convolution the fastest
    kernel, which is found by trying; afterwards both are as they were.
    """
    if device.type != "cuda":
        yield
        return
    precision, trying = torch.get_float32_matmul_precision(), torch.backends.cudnn.benchmark
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = True
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(precision)
        torch.backends.cudnn.benchmark = trying


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


@contextmanager
def stop_signals(accelerator: Accelerator) -> Iterator[Callable[[], bool]]:
    """Have SIGINT and SIGTERM ask for a stop after the current step; yields a function that says whether one did.

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
