"""Pictures from noise and a condition: attributes, a class, words, a sound, or any vector.

L_D = L(D(x, c), (L(D(G(z, c), c)) + lambda_mismatched L(D(x, c'))) / (1 + lambda_mismatched))

- The matching-aware discriminator of Reed et al. 2016 (arXiv:1605.05396, algorithm 1, where lambda_mismatched is 1): a
  real picture with a wrong condition c' is a fake, too, so that it learns whether picture and condition match.
- It compares them by projection (Miyato, Koyama 2018, arXiv:1802.05637) or concatenation, see `models.conditions`.
- ``lambda_l1`` pulls G(z, c) to the real picture x, as in pix2pix, where the condition determines the picture.
- With ``drop_condition`` some samples are trained without their condition, so that sampling can leave it out or
  exaggerate it (Ho, Salimans 2022, arXiv:2207.12598).
Objective, stabilisers and the moving average are as for `gan`. Departure from SAGAN: noise and condition together set
scale and shift of its batch normalisations.

The validation grid: in each row a held-out picture, then samples with its condition, whose noise is the same in every
grid. ``val/spread``: how much samples of one condition differ, relative to real pictures; 0: the noise has no effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.nn import functional as F

from models import ConditionalDiscriminator
from translate.config import CganConfig
from translate.data.conditioned import load_conditioned
from translate.data.conditions import Conditions
from translate.data.datasets import TrainingData
from translate.train.adversary import Decoy
from translate.train.methods.base import DISCRIMINATOR, GENERATOR, Method, Pictures
from translate.train.methods.conditioning import Conditioning
from translate.train.methods.gan import SAMPLES_PER_ROW, fixed_noise
from translate.train.methods.networks import built_discriminator, built_noise_generator
from translate.train.step import Batch, StepContext, Terms


class Cgan(Method):
    """Pictures like ``image`` with ``condition``; ``mismatched`` is the condition of another picture."""

    config: CganConfig

    @classmethod
    def load_data(cls, config: CganConfig) -> TrainingData:
        return load_conditioned(config)

    @classmethod
    def build(cls, config: CganConfig, accelerator: Accelerator, data: TrainingData) -> Self:
        assert data.conditions is not None
        return cls(config, accelerator, data.conditions)

    def __init__(self, config: CganConfig, accelerator: Accelerator, conditions: Conditions) -> None:
        super().__init__(config, accelerator)
        self.conditioning = Conditioning(conditions, width=config.condition_width, optional=config.drop_condition > 0)
        generator = built_noise_generator(config, condition=self.conditioning.encoder())
        self.z_dim = generator.z_dim
        self.add_networks(GENERATOR, {GENERATOR: generator}, lr=config.lr, averaged=(GENERATOR,))
        discriminator = ConditionalDiscriminator(
            built_discriminator(config),
            self.conditioning.encoder(),
            matching=config.matching,
            side=config.seen_side,
        )
        self.adversary = self.add_adversaries({DISCRIMINATOR: discriminator})[DISCRIMINATOR]

    def given(self, rows: Tensor, context: StepContext) -> tuple[Tensor, ...]:
        """What the networks take of conditions: the rows, and which are left out where that happens."""
        if not self.config.drop_condition:
            return (rows,)
        kept = context.uniform("drop", 1) >= self.config.drop_condition
        return rows, kept.float().to(rows.device, non_blocking=True)

    def forward(self, batch: Batch, context: StepContext) -> Pictures:
        z = context.normal("z", self.z_dim).to(self.accelerator.device, non_blocking=True)
        return {"fake": self.networks[GENERATOR](z, *self.given(batch["condition"], context))}

    def discriminator_terms(self, batch: Batch, pictures: Pictures, context: StepContext) -> Terms:
        real, wrong = batch["image"], batch["mismatched"]
        decoys = {}
        if self.config.lambda_mismatched:
            present = (torch.ones(len(real), 1, device=real.device),) if self.config.drop_condition else ()
            decoys["mismatched"] = Decoy(real, self.config.lambda_mismatched, (wrong, *present))
        given = self.given(batch["condition"], context)
        return self.adversary.train(real, pictures["fake"], context, decoys=decoys, given=given)[0]

    def generator_terms(self, batch: Batch, pictures: Pictures, context: StepContext) -> Terms:
        real, fake = batch["image"], pictures["fake"]
        given = self.given(batch["condition"], context)
        terms = self.adversary.fool(fake, context, real=real, given=given)[0]
        if self.config.lambda_l1:
            terms += Terms({"G/l1": self.config.lambda_l1 * F.l1_loss(fake.float(), real)})
        return terms

    def description(self) -> dict[str, Any]:
        return self.conditioning.description()

    def state(self) -> dict[str, Any]:
        return super().state() | self.conditioning.state()

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Raises ``UserError`` where the conditions are no longer those that the run began with."""
        self.conditioning.require_same(state)
        super().load_state(state)

    @torch.no_grad()
    def validate(self, batch: Batch) -> tuple[list[Tensor], dict[str, float]]:
        real, rows = batch["image"], batch["condition"]
        sample = self.averages[f"{GENERATOR}_ema"]
        columns = [sample(z, rows) for z in fixed_noise(self.z_dim, real)]
        small = F.adaptive_avg_pool2d(torch.stack(columns).flatten(0, 1), 16).unflatten(0, (len(columns), -1))
        metrics = {}
        if len(real) > 1:
            of_real = F.adaptive_avg_pool2d(real, 16).std(dim=0).mean().clamp_min(1e-6)
            metrics["val/spread"] = float(small.std(dim=0).mean() / of_real)
        return [real, *columns], metrics

    def column_titles(self) -> list[str]:
        return ["real", *["sample"] * SAMPLES_PER_ROW]
