"""A run tried out: its networks, and the memory and time of a few steps; nothing is written."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import MISSING, fields

import torch

from translate.config import TrainConfig
from translate.data.cache import cached
from translate.data.loader import make_loader
from translate.machine import peak_memory_mb
from translate.train.cpu.kernels import chosen_kernels
from translate.train.devices import make_accelerator, to_device, tuned
from translate.train.forecast import network_sizes, spoken
from translate.train.methods import method_of
from translate.train.methods.networks import suited_to_crop
from translate.train.run_folder import check_run_folder

STEPS = 3  # that are measured, after one that is not: it starts workers and allocates memory


def dry_run(config: TrainConfig) -> Iterator[str]:
    """Take a few steps of the run from random weights; yields what to print, line by line.

    Raises ``UserError`` as `train` does.
    """
    config = suited_to_crop(config)
    yield from settings_in_force(config)
    kind = method_of(config)
    data = kind.load_data(config)
    accelerator = make_accelerator(config)
    check_run_folder(config)
    torch.manual_seed(config.seed)
    method = kind.build(config, accelerator, data)
    last_step = config.total_steps(len(data.training), accelerator.num_processes)
    yield (
        f"{len(data.training)} samples to train on, {len(data.validation)} to validate; {last_step} steps of "
        f"{config.samples_per_step(accelerator.num_processes)}, on {accelerator.device}"
    )
    data = cached(data, config)
    yield from (network_sizes(method), *data.remarks)
    count = max(STEPS, config.n_critic)  # the generators learn at one of them
    progress = (last_step - 1) / last_step  # where every term takes part
    loader = make_loader(
        data.training,
        config,
        first_step=0,
        last_step=count + 1,
        rank=accelerator.process_index,
        processes=accelerator.num_processes,
    )
    since = time.perf_counter()
    for step, batch in enumerate(loader):
        moved = to_device(batch.tensors, accelerator.device, channels_last=config.channels_last)
        kernels = chosen_kernels(config, accelerator.device)
        with tuned(accelerator.device), kernels:
            method.step(moved, step=step, progress=progress)
        if step == 0:
            _finish_steps(accelerator.device)
            since = time.perf_counter()
    _finish_steps(accelerator.device)
    seconds = (time.perf_counter() - since) / count
    yield (
        f"a step takes {seconds:.2g} s, {config.samples_per_step() / seconds:.3g} images/s: "
        f"{last_step} steps take about {spoken(seconds * last_step)}; {_memory(accelerator.device)}"
    )


def settings_in_force(config: TrainConfig) -> Iterator[str]:
    """Each setting as ``name = value``; those that were not left at their defaults are marked."""
    for name, value in config.to_dict().items():
        spec = next((spec for spec in fields(config) if spec.name == name), None)
        if spec is None:
            yield f"{name} = {value}"
            continue
        default = spec.default if spec.default_factory is MISSING else spec.default_factory()
        changed = getattr(config, name) != default
        yield f"{name} = {value}" + (f"   [default: {default}]" if changed and name != "out" else "")


def _finish_steps(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _memory(device: torch.device) -> str:
    if device.type == "cuda":
        return f"peak memory {torch.cuda.max_memory_allocated(device) / 1e6:.0f} MB of the GPU's"
    peak = peak_memory_mb()
    return "peak memory unknown" if peak is None else f"peak memory {peak:.0f} MB, without the data workers"
