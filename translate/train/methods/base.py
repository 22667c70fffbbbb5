"""What every method shares: networks, optimizers, moving averages, the two phases of a step, the state to resume from.

A step has two phases. The discriminators learn to tell the generators' pictures from real ones, then, at every
``n_critic``-th step, the generators learn from the discriminators just updated. A method says what the pictures are
(``forward``) and what each side minimises; everything else is here, once.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, Self

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim import Optimizer

from models import couples_samples, initialise
from translate.config import TrainConfig
from translate.data.datasets import TrainingData
from translate.train.adversary import Adversary
from translate.train.averaging import MovingAverage
from translate.train.losses import grid_pattern
from translate.train.step import Batch, StepContext, Terms, step_context

Pictures = Mapping[str, Tensor]  # float [N, 3, H, W] in [-1, 1] by name, such as "fake_B"

FAKE = "fake"  # prefix of the names of translated pictures
GENERATOR, DISCRIMINATOR = "generator", "discriminator"  # names of the optimizers and of each side's main network


class Method(ABC):
    """A way to train image translation.

    ``networks`` are trained, ``averages`` are the moving averages of some of them: both by name, the name of their
    file in a checkpoint. ``members`` are the networks' names by the optimizer that trains them.
    """

    @classmethod
    @abstractmethod
    def load_data(cls, config: Any) -> TrainingData:
        """The data that ``config`` names. Raises ``UserError`` for folders and tables that cannot be used."""

    @classmethod
    def build(cls, config: Any, accelerator: Accelerator, data: TrainingData) -> Self:
        """The method under ``config``, for ``data``."""
        return cls(config, accelerator)

    def __init__(self, config: TrainConfig, accelerator: Accelerator) -> None:
        self.config = config
        self.accelerator = accelerator
        self.networks: dict[str, nn.Module] = {}
        self.averages: dict[str, MovingAverage] = {}
        self.members: dict[str, list[str]] = {}
        self.coupling: set[str] = set()  # the networks in which the samples of a batch affect each other
        self.optimizers: dict[str, Optimizer] = {}
        self._adversaries: dict[str, Adversary] = {}

    @abstractmethod
    def forward(self, batch: Batch, context: StepContext) -> Pictures:
        """The generators' pictures for ``batch``, which both phases use."""

    @abstractmethod
    def discriminator_terms(self, batch: Batch, pictures: Pictures, context: StepContext) -> Terms:
        """What the discriminators minimise; ``pictures`` carry no gradient."""

    @abstractmethod
    def generator_terms(self, batch: Batch, pictures: Pictures, context: StepContext) -> Terms:
        """What the generators minimise."""

    @abstractmethod
    def validate(self, batch: Batch) -> tuple[list[Tensor], dict[str, float]]:
        """The columns of the validation grid, float [N, 3, H, W], by the averaged generators; and metrics."""

    @abstractmethod
    def column_titles(self) -> list[str]:
        """A short title for each column of the validation grid."""

    def adversarial_active(self, progress: float) -> bool:
        """Whether the discriminators take part, ``progress`` being the share of the run that is done."""
        return self.config.lambda_gan > 0

    def step(self, batch: Batch, *, step: int, progress: float) -> dict[str, Tensor]:
        """Take a step on ``batch``; returns detached scalars by name."""
        context = step_context(self.config, self.accelerator, step=step, progress=progress)
        contexts = context.parts(self.config.accumulate)
        parts = list(zip(split(batch, len(contexts)), contexts, strict=True))
        adversarial = self.adversarial_active(progress)
        generators_learn = not adversarial or (step + 1) % self.config.n_critic == 0
        # one part: both phases share its pictures; several: each phase computes its own, to hold one part at a time
        shared = self.forward(*parts[0]) if len(parts) == 1 and generators_learn else None
        metrics: dict[str, Tensor] = {}

        if adversarial:
            self.optimizers[DISCRIMINATOR].zero_grad(set_to_none=True)
            for part, context in self._accumulated(DISCRIMINATOR, parts):
                with torch.no_grad():
                    pictures = self.forward(part, context) if shared is None else shared
                detached = {name: picture.detach() for name, picture in pictures.items()}
                terms = self.discriminator_terms(part, detached, context)
                self._backward(terms, metrics, parts=len(parts))
            metrics["D/gradient"] = self._update(DISCRIMINATOR)
            for adversary in self.adversaries():
                adversary.after_update()

        if generators_learn:
            self.optimizers[GENERATOR].zero_grad(set_to_none=True)
            for part, context in self._accumulated(GENERATOR, parts):
                pictures = self.forward(part, context) if shared is None else shared
                terms = self.generator_terms(part, pictures, context) + self._grid_terms(pictures)
                self._backward(terms, metrics, parts=len(parts))
            metrics["G/gradient"] = self._update(GENERATOR)
            for name, average in self.averages.items():
                average.update(self.bare(name.removesuffix("_ema")))

        return metrics

    def _grid_terms(self, pictures: Pictures) -> Terms:
        """The penalty on grids left by upsampling, which any method can add."""
        if self.config.lambda_grid == 0:
            return Terms()
        patterns = [grid_pattern(picture.float()) for name, picture in pictures.items() if name.startswith(FAKE)]
        return Terms({"G/grid": self.config.lambda_grid * torch.stack(patterns).mean()})

    def _accumulated(self, group: str, parts: list[tuple[Batch, StepContext]]) -> Iterator[tuple[Batch, StepContext]]:
        """The parts of a step, whose gradients add up; the processes exchange them in the last one's backward pass."""
        for index, part in enumerate(parts):
            with contextlib.ExitStack() as stack:
                if index < len(parts) - 1:
                    for name in self.members[group]:
                        stack.enter_context(self.accelerator.no_sync(self.networks[name]))
                yield part

    def _backward(self, terms: Terms, metrics: dict[str, Tensor], *, parts: int) -> None:
        """Add the gradient of one of ``parts`` parts, and its share of the means to ``metrics``."""
        self.accelerator.backward(torch.stack(list(terms.losses.values())).sum() / parts)
        for name, value in (terms.losses | terms.metrics).items():
            metrics[name] = metrics.get(name, 0) + value.detach() / parts

    def _update(self, group: str) -> Tensor:
        """Clip the gradient of the networks of ``group`` and take the optimizer's step; returns the norm before."""
        parameters = [parameter for name in self.members[group] for parameter in self.networks[name].parameters()]
        norm = self.accelerator.clip_grad_norm_(parameters, self.config.clip_gradient or float("inf"))
        self.optimizers[group].step()
        return norm.detach()

    def add_networks(
        self, group: str, networks: Mapping[str, nn.Module], *, lr: float, averaged: tuple[str, ...] = ()
    ) -> None:
        """Move ``networks`` to the device, wrap each for distribution, give them one optimizer, called ``group``.

        ``averaged`` are the names of those that get a moving average.
        """
        config, device = self.config, self.accelerator.device
        layout = torch.channels_last if config.channels_last else torch.contiguous_format
        for name, network in networks.items():
            if config.weight_init != "paper":
                initialise(network, config.weight_init)
            network.to(device).to(memory_format=layout)
            if couples_samples(network):
                self.coupling.add(name)
            if name in averaged:
                self.averages[f"{name}_ema"] = MovingAverage(network, config.ema)
            self.networks[name] = self.accelerator.prepare(network)
            if config.compile:
                self.bare(name).compile()
        parameters = [parameter for network in networks.values() for parameter in network.parameters()]
        optimizer = torch.optim.Adam(parameters, lr=lr, betas=(config.beta1, config.beta2), fused=config.fused)
        self.members[group] = list(networks)
        self.optimizers[group] = self.accelerator.prepare(optimizer)

    def add_adversaries(self, discriminators: Mapping[str, nn.Module]) -> dict[str, Adversary]:
        """Add the discriminators, by name, with one optimizer, each with the configured objective and stabilisers."""
        self.add_networks(DISCRIMINATOR, discriminators, lr=self.config.lr_discriminator or self.config.lr)
        self._adversaries = {
            name: Adversary(name, self.networks[name], self.bare(name), self.config, self.accelerator)
            for name in discriminators
        }
        return self._adversaries

    def adversaries(self) -> list[Adversary]:
        return list(self._adversaries.values())

    def forward_merged(self, name: str, *inputs: Tensor) -> tuple[Tensor, ...]:
        """The network ``name`` on each input: in one pass, where the samples of a batch do not affect each other."""
        network = self.networks[name]
        if self.config.merge_passes and name not in self.coupling:
            return network(torch.cat(inputs)).chunk(len(inputs))
        return tuple(network(images) for images in inputs)

    def bare(self, name: str) -> nn.Module:
        """The network ``name`` without the wrapper for distributed training."""
        return self.accelerator.unwrap_model(self.networks[name], keep_torch_compile=True)

    def averaged_generator(self) -> nn.Module:
        """The moving average of the main generator, as it gets exported."""
        averaged: nn.Module = self.averages[f"{GENERATOR}_ema"].module
        return averaged

    def scale_learning_rates(self, factor: float) -> None:
        """Set every learning rate to ``factor`` of its configured value."""
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = group.setdefault("full_lr", group["lr"]) * factor

    def description(self) -> dict[str, Any]:
        """What the export needs besides the settings; it goes into each checkpoint's configuration."""
        return {}

    def weights(self) -> dict[str, dict[str, Tensor]]:
        """The tensors of networks and averages by name."""
        return {name: module.state_dict() for name, module in self.modules().items()}

    def state(self) -> dict[str, Any]:
        """All that a resumed run needs besides the weights, loadable with ``weights_only=True``.

        Every process has to call it, as some of the state may be spread over them.
        """
        scaler = self.accelerator.scaler
        return {
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()},
            "scaler": scaler.state_dict() if scaler is not None else None,
            "averaged": {name: average.updates for name, average in self.averages.items()},
            "adversaries": {name: adversary.state() for name, adversary in self._adversaries.items()},
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Restore what ``state`` returned; the weights have been loaded before."""
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        for name, average in self.averages.items():
            average.updates = state["averaged"][name]
        for name, adversary in self._adversaries.items():
            adversary.load_state(state.get("adversaries", {}).get(name, {}))
        if state["scaler"] is not None and self.accelerator.scaler is not None:
            self.accelerator.scaler.load_state_dict(state["scaler"])

    def modules(self) -> dict[str, nn.Module]:
        """Networks and averages by name, without the wrapper for distributed training."""
        trained = {name: self.bare(name) for name in self.networks}
        return trained | {name: average.module for name, average in self.averages.items()}


def split(batch: Batch, parts: int) -> list[Batch]:
    """``batch`` cut into ``parts`` of equal size."""
    cut = {name: tensor.chunk(parts) for name, tensor in batch.items()}
    return [{name: pieces[index] for name, pieces in cut.items()} for index in range(parts)]
