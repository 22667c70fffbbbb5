"""No step of any method waits for its device: it reads nothing back, and copies to it without waiting.

On a GPU either would hold up everything until all that is queued is done. The meta device stands in for one: it has no
values to read back, and computes nothing.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator, PartialState
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.data import default_collate

from tests.helpers.pairs import TINY, WITHOUT_DISCRIMINATOR, tiny_run
from translate.data.loader import Key
from translate.train.batch_augment import BatchAugment
from translate.train.devices import to_device
from translate.train.methods import method_of
from translate.train.step import step_context

pytestmark = pytest.mark.slow

DEVICE = torch.device("meta")
aten = torch.ops.aten


class Copies(TorchDispatchMode):
    """Notes in ``found`` what copies to the device and waits for that."""

    def __init__(self, found: list[str]) -> None:
        super().__init__()
        self.found = found

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if func in (aten._to_copy.default, aten.copy_.default):
            source = args[0] if func is aten._to_copy.default else args[1]
            waits = not (kwargs or {}).get("non_blocking", args[2:3] == (True,))
            if source.device != DEVICE and result.device == DEVICE and waits:
                self.found.append(f"copy of {tuple(source.shape)}")
        return result


class Literals(TorchFunctionMode):
    """Notes in ``found`` the tensors of given numbers that are made on the device, which copies them and waits."""

    def __init__(self, found: list[str]) -> None:
        super().__init__()
        self.found = found

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if func is torch.tensor and result.device == DEVICE:
            self.found.append("".join(traceback.format_stack(limit=4)[:2]))
        return result


EVERYTHING: dict[str, object] = {
    "augment_on": "device",
    "rotate": 5.0,
    "quarter_turns": True,
    "fused": False,  # there are no fused optimizers for the meta device
    "clip_gradient": 1.0,
    "lambda_grid": 1.0,
}
AGAINST: dict[str, object] = {
    "diff_augment": "color,translation,cutout",
    "ada_target": 0.6,
    "instance_noise": 0.1,
    "lambda_r1": 1.0,
    "lambda_features": 1.0,
    "objective": "relativistic",
}
OWN: dict[str, dict[str, object]] = {
    "pix2pix": {"jitter": 0.1, "lambda_shift": 1.0, "lambda_edge": 1.0, "lambda_l2": 1.0, "lambda_perceptual": 1.0},
    "animegan": {"lambda_edges": 1.0, "lambda_border": 1.0, "decoys": False},  # see `smooth_edges`
    "stargan": {"objective": "wgan-gp", "lambda_r1": 0.0, "n_critic": 1},
}


@pytest.mark.parametrize("name", sorted(TINY))
def test_steps_do_not_wait_for_the_device(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = EVERYTHING | ({} if name in WITHOUT_DISCRIMINATOR else AGAINST) | OWN.get(name, {})
    config = tiny_run(name, tmp_path, tmp_path / "run", **changes)
    accelerator = Accelerator(cpu=True)
    for state in (PartialState(), accelerator.state):  # the second is renewed from the first
        monkeypatch.setattr(state, "device", DEVICE)
    autocast = torch.autocast  # knows no meta device
    monkeypatch.setattr(torch, "autocast", lambda kind, **options: autocast("cpu", **options))
    data = method_of(config).load_data(config)
    method = method_of(config).build(config, accelerator, data)
    augment = BatchAugment(config, data.augment_groups, jitter=data.jitter)
    samples = default_collate([data.training[Key(index, index)] for index in range(config.batch_size)])
    for step in range(2):
        waits: list[str] = []
        with Copies(waits), Literals(waits):
            context = step_context(config, accelerator, step=step, progress=0.5)
            batch = augment(to_device(samples, DEVICE, channels_last=True), context)
            method.step(batch, step=step, progress=0.5)
        if step:  # the first one may prepare what the others use
            assert waits == [], "\n".join(waits)
