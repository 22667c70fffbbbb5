"""Pictures from noise by a generative adversarial network (Goodfellow et al. 2014, arXiv:1406.2661).

min_G max_D  E[log D(x)] + E[log(1 - D(G(z)))], z standard normal   (equation 1), or any other objective

The defaults are those of R3GAN (Huang et al. 2024, arXiv:2501.05441, sections 2 and 3): the relativistic objective,
L(D(G(z)) - D(x)) for pairs, with R1 and R2, which make its gradient descent converge locally; Adam with beta1 0.
Departures: R1 and R2 at every fourth step only, four times as strong (Karras et al. 2020, section 3.1); the generator's
picture is judged against the real one of the same step. A moving average of the generator is kept and exported (Yazici
et al. 2019; Karras et al. 2018).

The validation grid: in each row a held-out picture, then samples, whose noise is the same in every grid.
"""

from __future__ import annotations

import torch
from accelerate import Accelerator
from torch import Tensor

from translate.config import GanConfig
from translate.data.datasets import TrainingData
from translate.data.squares import load_squares
from translate.train.methods.base import DISCRIMINATOR, GENERATOR, Method, Pictures
from translate.train.methods.networks import built_discriminator, built_noise_generator
from translate.train.step import Batch, StepContext, Terms

SAMPLES_PER_ROW = 7  # of the validation grid


class Gan(Method):
    """Pictures like ``image``, from noise."""

    config: GanConfig

    @classmethod
    def load_data(cls, config: GanConfig) -> TrainingData:
        return load_squares(config)

    def __init__(self, config: GanConfig, accelerator: Accelerator) -> None:
        super().__init__(config, accelerator)
        generator = built_noise_generator(config)
        self.z_dim = generator.z_dim
        self.add_networks(GENERATOR, {GENERATOR: generator}, lr=config.lr, averaged=(GENERATOR,))
        discriminator = built_discriminator(config)
        self.adversary = self.add_adversaries({DISCRIMINATOR: discriminator})[DISCRIMINATOR]

    def forward(self, batch: Batch, context: StepContext) -> Pictures:
        z = context.normal("z", self.z_dim).to(self.accelerator.device, non_blocking=True)
        return {"fake": self.networks[GENERATOR](z)}

    def discriminator_terms(self, batch: Batch, pictures: Pictures, context: StepContext) -> Terms:
        return self.adversary.train(batch["image"], pictures["fake"], context)[0]

    def generator_terms(self, batch: Batch, pictures: Pictures, context: StepContext) -> Terms:
        return self.adversary.fool(pictures["fake"], context, real=batch["image"])[0]

    @torch.no_grad()
    def validate(self, batch: Batch) -> tuple[list[Tensor], dict[str, float]]:
        real = batch["image"]
        return [real, *fixed_samples(self.averages[f"{GENERATOR}_ema"], self.z_dim, real)], {}

    def column_titles(self) -> list[str]:
        return ["real", *["sample"] * SAMPLES_PER_ROW]


def fixed_noise(z_dim: int, beside: Tensor) -> Tensor:
    """The noise of each column of a validation grid, float [S, N, z_dim], N and device those of ``beside``."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(SAMPLES_PER_ROW, len(beside), z_dim, generator=generator).to(beside.device)


def fixed_samples(sample: torch.nn.Module, z_dim: int, beside: Tensor) -> list[Tensor]:
    """Columns [N, 3, H, W] of pictures from fixed noise for a validation grid."""
    return [sample(z) for z in fixed_noise(z_dim, beside)]
