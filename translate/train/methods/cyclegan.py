"""CycleGAN: unpaired translation both ways, held together by the cycle (Zhu et al. 2017, arXiv:1703.10593).

min_G,F max_D  L_GAN(G, D_Y) + L_GAN(F, D_X) + lambda (|F(G(x)) - x|_1 + |G(F(y)) - y|_1)   (equation 3), lambda 10

- Least squares instead of the logarithm, a pool of 50 earlier pictures for the discriminators, whose loss is halved
  (section 4); Adam at 2e-4, constant for half of the run, then linear to 0 (appendix 7.1).
- The identity term, half of lambda, keeps colours: |G(y) - y|_1 + |F(x) - x|_1 (section 5.2).
Here A is X, B is Y, the network ``generator`` is G and ``generator_BA`` F.
Departures: the discriminators step before the generators, as in pix2pix; independent passes through one network are
merged into one batch, which changes nothing where samples do not affect each other; moving averages of the generators
are kept and exported; the pool is split over the positions of the batch (see `image_pool`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import Tensor
from torch.nn import functional as F

from translate.config import CycleGanConfig
from translate.data.datasets import TrainingData, load_unpaired
from translate.data.seeds import derived_seed
from translate.train.image_pool import ImagePool, merged
from translate.train.methods.base import GENERATOR, Method, Pictures
from translate.train.methods.networks import built_discriminator, built_generator
from translate.train.step import Batch, StepContext, Terms

BACK = "generator_BA"


class CycleGan(Method):
    """Translation from ``A`` to ``B`` and back, from unpaired samples."""

    config: CycleGanConfig

    @classmethod
    def load_data(cls, config: CycleGanConfig) -> TrainingData:
        return load_unpaired(config)

    def __init__(self, config: CycleGanConfig, accelerator: Accelerator) -> None:
        super().__init__(config, accelerator)
        generators = {GENERATOR: built_generator(config), BACK: built_generator(config)}
        self.add_networks(GENERATOR, generators, lr=config.lr, averaged=(GENERATOR, BACK))
        discriminators = {f"discriminator_{side}": built_discriminator(config) for side in "AB"}
        adversaries = self.add_adversaries(discriminators)
        self.adversary_A, self.adversary_B = adversaries["discriminator_A"], adversaries["discriminator_B"]
        slots = config.samples_per_step(accelerator.num_processes)
        self.pools = {
            side: ImagePool(config.pool_size, slots=slots, seed=derived_seed(config.seed, index))
            for index, side in enumerate("AB")
        }

    def forward(self, batch: Batch, context: StepContext) -> Pictures:
        real_A, real_B = batch["A"], batch["B"]
        pictures = {}
        if self.config.lambda_identity > 0 and torch.is_grad_enabled():
            pictures["fake_B"], pictures["same_B"] = self.forward_merged(GENERATOR, real_A, real_B)
            pictures["fake_A"], pictures["same_A"] = self.forward_merged(BACK, real_B, real_A)
        else:
            pictures["fake_B"], pictures["fake_A"] = self.networks[GENERATOR](real_A), self.networks[BACK](real_B)
        return pictures

    def discriminator_terms(self, batch: Batch, pictures: Pictures, context: StepContext) -> Terms:
        terms = Terms()
        for side, adversary in (("A", self.adversary_A), ("B", self.adversary_B)):
            earlier = self.pools[side].exchange(pictures[f"fake_{side}"], step=context.step, slots=context.samples)
            terms += adversary.train(batch[side], earlier, context, share=0.5)[0]
        return terms

    def generator_terms(self, batch: Batch, pictures: Pictures, context: StepContext) -> Terms:
        config = self.config
        again_A = self.networks[BACK](pictures["fake_B"])
        again_B = self.networks[GENERATOR](pictures["fake_A"])
        losses = {
            "G/cycle_A": config.lambda_cycle * F.l1_loss(again_A, batch["A"]),
            "G/cycle_B": config.lambda_cycle * F.l1_loss(again_B, batch["B"]),
        }
        if config.lambda_identity > 0:
            weight = config.lambda_cycle * config.lambda_identity
            losses["G/identity_A"] = weight * F.l1_loss(pictures["same_A"], batch["A"])
            losses["G/identity_B"] = weight * F.l1_loss(pictures["same_B"], batch["B"])
        terms = Terms(losses)
        if self.adversarial_active(context.progress):
            terms += self.adversary_A.fool(pictures["fake_A"], context, real=batch["A"])[0]
            terms += self.adversary_B.fool(pictures["fake_B"], context, real=batch["B"])[0]
        return terms

    def state(self) -> dict[str, Any]:
        own = [{side: pool.state_dict() for side, pool in self.pools.items()}]
        everyones = gather_object(own)  # each process holds the slots of its own samples
        return super().state() | {"pools": {side: merged(states[side] for states in everyones) for side in self.pools}}

    def load_state(self, state: Mapping[str, Any]) -> None:
        super().load_state(state)
        for side, pool in self.pools.items():
            pool.load_state_dict(state["pools"][side])

    @torch.no_grad()
    def validate(self, batch: Batch) -> tuple[list[Tensor], dict[str, float]]:
        there, back = self.averages[f"{GENERATOR}_ema"], self.averages[f"{BACK}_ema"]
        real_A, real_B = batch["A"], batch["B"]
        fake_B, fake_A = there(real_A), back(real_B)
        columns = [real_A, fake_B, back(fake_B), back(real_A), real_B, fake_A, there(fake_A), there(real_B)]
        cycle = float((columns[2] - real_A).abs().mean() + (columns[6] - real_B).abs().mean()) / 2
        return columns, {"val/cycle": cycle}

    def column_titles(self) -> list[str]:
        return ["A", "A to B", "and back to A", "A kept", "B", "B to A", "and back to B", "B kept"]
