"""What a run will take, said at its start: its networks and checkpoints at once, its time as soon as it is measured."""

from __future__ import annotations

import time

import torch

from translate.config import TrainConfig
from translate.train.methods.base import Method

UNMEASURED = 1  # first steps, which also start workers and allocate memory
MEASURED = 3  # steps; at least one of each kind, as not every one trains the generators
WORTH_SAYING_S = 60.0
LONG_S = 6 * 3600.0  # beyond this, a run on a processor is told of the preset made for one
LIGHT = "light"
ADAM_BYTES = 8  # of state per trained parameter: two moments in float32


def network_sizes(method: Method) -> str:
    """The networks that are trained, with their parameters, and the size of a checkpoint."""
    counts = {name: sum(p.numel() for p in method.bare(name).parameters()) for name in method.networks}
    weights = sum(
        tensor.numel() * tensor.element_size() for tensors in method.weights().values() for tensor in tensors.values()
    )
    trained = sum(
        parameter.numel() for name in method.networks for parameter in method.bare(name).parameters()
        if parameter.requires_grad
    )  # fmt: skip
    megabytes = (weights + ADAM_BYTES * trained) / 1e6
    listed = ", ".join(f"{name} {count:,} parameters" for name, count in counts.items())
    return f"{listed}; a checkpoint takes {megabytes:.3g} MB"


class Forecast:
    """Measures the first steps of this process, and says once how long the rest will take."""

    def __init__(self, config: TrainConfig, device: torch.device, *, remaining_steps: int) -> None:
        self.config, self.device, self.remaining_steps = config, device, remaining_steps
        self.measured = max(MEASURED, config.n_critic)
        self.taken, self.since = 0, 0.0

    def after_step(self) -> str | None:
        """What to say after this step, if anything."""
        self.taken += 1
        if self.taken == UNMEASURED:
            self._wait()
            self.since = time.perf_counter()
        if self.taken != UNMEASURED + self.measured:
            return None
        self._wait()
        seconds = (time.perf_counter() - self.since) / self.measured
        return said_of_time(self.config, self.device.type, seconds, self.remaining_steps - self.taken)

    def _wait(self) -> None:
        """Until the device has finished its steps."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def said_of_time(config: TrainConfig, device: str, seconds_per_step: float, steps: int) -> str | None:
    """How long ``steps`` take, and on a processor the preset for one; None for what is over soon."""
    total = seconds_per_step * steps
    if total < WORTH_SAYING_S:
        return None
    text = f"a step takes {seconds_per_step:.2g} s: {steps} more take about {spoken(total)}"
    light = config.presets.get(LIGHT, {})
    if device == "cpu" and total > LONG_S and config.generator != light.get("generator", config.generator):
        text += f"; on a processor, --preset {LIGHT} trains a small network on small crops instead"
    return text


def spoken(seconds: float) -> str:
    """A length of time in its largest suitable unit: ``40 s``, ``12 min``, ``3.5 h``, ``3.6 days``."""
    for unit, length in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 1.5 * length:
            return f"{seconds / length:.2g} {unit}"
    return f"{seconds:.0f} s"
