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
from translate.errors import UnusableError, UserError
from translate.media.images import to_signed_unit
from translate.train.step import Batch


def make_accelerator(config: TrainConfig) -> Accelerator:
    """Accelerate's engine for the configured device and precision; under ``torchrun`` one process per device."""
    name, _, index = config.device.partition(":")
    if name not in ("auto", "cpu", "cuda") or (index and (name != "cuda" or not index.isdecimal())):
        raise UserError(f"<device> {config.device}: choose auto, cpu, cuda or cuda:N")
    if name == "cuda":
        if not torch.cuda.is_available():
            raise UnusableError(f"<device> {config.device}: this PyTorch ({torch.__version__}) finds no CUDA device")
        if int(index or 0) >= torch.cuda.device_count():
            raise UnusableError(f"<device> {config.device}: there are {torch.cuda.device_count()} CUDA devices")
        torch.cuda.set_device(int(index or 0))
    local = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))  # set by torchrun: the processes of this machine
    if name != "cpu" and torch.cuda.is_available() and local > torch.cuda.device_count():
        raise UnusableError(
            f"--nproc_per_node {local}: there are {torch.cuda.device_count()} CUDA devices; start no more processes"
        )
    return Accelerator(
        cpu=name == "cpu",
        mixed_precision={"fp32": "no"}.get(config.precision, config.precision),
        # running statistics are each process's own; keeping them in step would write into graphs still in use
        kwargs_handlers=[DistributedDataParallelKwargs(broadcast_buffers=False)],
    )


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
