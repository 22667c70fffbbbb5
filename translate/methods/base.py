"""What every method shares: networks, optimizers, the moving average, one update, the state to resume from."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from models import build_discriminator, build_generator
from translate.config import TrainConfig
from translate.errors import UserError

Batch = Mapping[str, Tensor]  # float [N, 3, H, W] in [-1, 1] by side: "A", "B"


class Method(ABC):
    """A way to train translation: owns networks, criteria and optimizers; ``step`` is one step of training.

    ``networks`` are trained, ``averages`` are the moving averages of some of them: both by name, the name of their
    file in a checkpoint.
    """

    def __init__(self, config: TrainConfig, accelerator: Accelerator) -> None:
        self.config = config
        self.accelerator = accelerator
        self.networks: dict[str, nn.Module] = {}
        self.averages: dict[str, AveragedModel] = {}
        self.optimizers: dict[str, Optimizer] = {}

    def add_network(self, name: str, network: nn.Module, *, lr: float, averaged: bool = False) -> nn.Module:
        """Move ``network`` to the device, give it an optimizer, wrap it for distribution; returns the wrapped one."""
        network = network.to(self.accelerator.device).to(memory_format=torch.channels_last)
        if averaged:
            average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(self.config.ema), use_buffers=True)
            self.averages[f"{name}_ema"] = average.eval()
        optimizer = torch.optim.Adam(network.parameters(), lr=lr, betas=(self.config.beta1, self.config.beta2))
        self.networks[name], self.optimizers[name] = self.accelerator.prepare(network, optimizer)
        return self.networks[name]

    @abstractmethod
    def step(self, batch: Batch, progress: float) -> dict[str, Tensor]:
        """Train on ``batch``, ``progress`` being the share of the run that is done; detached scalars by name."""

    @abstractmethod
    def translate(self, image: Tensor) -> Tensor:
        """The averaged generator's picture of ``image``, both float [N, 3, H, W] in [-1, 1]."""

    def update(self, name: str, losses: Mapping[str, Tensor]) -> None:
        """Descend the sum of ``losses`` by the optimizer of the network ``name``."""
        optimizer = self.optimizers[name]
        optimizer.zero_grad(set_to_none=True)
        self.accelerator.backward(torch.stack(list(losses.values())).sum())
        if self.config.clip_gradient:
            self.accelerator.clip_grad_norm_(self.networks[name].parameters(), self.config.clip_gradient)
        optimizer.step()
        if (average := self.averages.get(f"{name}_ema")) is not None:
            average.update_parameters(self.bare(name))

    def bare(self, name: str) -> nn.Module:
        """The network ``name`` without the wrapping for distribution."""
        return self.accelerator.unwrap_model(self.networks[name])

    @contextlib.contextmanager
    def frozen(self, name: str) -> Iterator[nn.Module]:
        """The network ``name`` with gradients passing through it, none into it.

        It comes bare: the distributed wrapper would wait for gradients that never come.
        """
        network = self.bare(name)
        network.requires_grad_(False)
        try:
            yield network
        finally:
            network.requires_grad_(True)

    def scale_learning_rates(self, factor: float) -> None:
        """Set every learning rate to ``factor`` of its configured value."""
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = group.setdefault("full_lr", group["lr"]) * factor

    def weights(self) -> dict[str, dict[str, Tensor]]:
        """The tensors of networks and averages by name."""
        return {name: module.state_dict() for name, module in self.modules().items()}

    def state(self) -> dict[str, Any]:
        """All that a resumed run needs besides the weights, plain enough for ``weights_only=True``."""
        scaler = self.accelerator.scaler
        return {
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()},
            "scaler": scaler.state_dict() if scaler is not None else None,
            "averaged": {name: int(average.n_averaged) for name, average in self.averages.items()},
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take back what ``state`` returned; the weights have been loaded before."""
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        for name, average in self.averages.items():
            average.n_averaged.fill_(state["averaged"][name])
        if state["scaler"] is not None and self.accelerator.scaler is not None:
            self.accelerator.scaler.load_state_dict(state["scaler"])

    def modules(self) -> dict[str, nn.Module]:
        """Networks and averages by name, without the wrapping for distribution."""
        trained = {name: self.bare(name) for name in self.networks}
        return trained | {name: average.module for name, average in self.averages.items()}


def built_generator(config: TrainConfig) -> nn.Module:
    """The configured generator; an unknown name or option is a ``UserError`` that lists the known ones."""
    try:
        generator = build_generator(config.generator, **config.generator_options)
    except ValueError as error:
        raise UserError(f"--generator {config.generator}: {error}") from error
    if config.crop % generator.stride:
        raise UserError(
            f"--crop {config.crop}: has to be a multiple of {generator.stride}, the stride of {config.generator}"
        )
    return generator


def built_discriminator(config: TrainConfig, *, in_channels: int) -> nn.Module:
    """The configured discriminator; an unknown name or option is a ``UserError`` that lists the known ones."""
    try:
        return build_discriminator(config.discriminator, in_channels=in_channels, **config.discriminator_options)
    except ValueError as error:
        raise UserError(f"--discriminator {config.discriminator}: {error}") from error
