"""GLO: pictures from noise by supervision alone (Bojanowski, Joulin, Lopez-Paz, Szlam 2018, arXiv:1707.05776).

min over G and z_1 ... z_n of the mean of l(G(z_i), x_i), each z_i within the unit ball   (equation 2)

- A learnt vector for each training picture, projected back onto the ball (section 3.2).
- l is the Laplacian pyramid distance plus the squared error (section 3.3).
- New pictures: G of vectors from the normal distribution fitted to the learnt ones (section 4).
Departures: Adam for both instead of SGD; the vectors are multiplied by sqrt(d), at which the generator's weights start
right; drawn vectors are projected onto the ball as well; a moving average of the generator is kept and exported.

The validation grid: in each row a held-out picture, its reconstruction, found by descent (`projection`), then samples.
"""

from __future__ import annotations

import math
from typing import Self, cast

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from models import NoiseGenerator, Prior, within_ball
from translate.config import GloConfig
from translate.data.datasets import TrainingData
from translate.train.methods.base import GENERATOR, Pictures
from translate.train.methods.gan import fixed_samples
from translate.train.methods.networks import built_noise_generator
from translate.train.methods.reconstruction import Reconstruction
from translate.train.projection import project, psnr
from translate.train.step import Batch, StepContext

CODES = "codes"  # the name of the learnt vectors among the networks
DESCENT_STEPS = 50  # for each held-out picture of the validation


class Codes(nn.Module):
    """A learnt vector for each of ``count`` pictures, within the ball of radius sqrt(z_dim)."""

    def __init__(self, count: int, z_dim: int) -> None:
        super().__init__()
        self.radius = math.sqrt(z_dim)
        self.vectors = nn.Parameter(torch.randn(count, z_dim) / self.radius)  # about as long as the unit ball's radius

    def forward(self, index: Tensor) -> Tensor:
        """int64 [N] to float [N, z_dim]."""
        return within_ball(self.radius * self.vectors[index], self.radius)


class Glo(Reconstruction):
    """Pictures like ``image`` from noise; ``index`` says which vector is a picture's."""

    config: GloConfig

    @classmethod
    def build(cls, config: GloConfig, accelerator: Accelerator, data: TrainingData) -> Self:
        return cls(config, accelerator, len(data.training))

    def __init__(self, config: GloConfig, accelerator: Accelerator, pictures: int) -> None:
        super().__init__(config, accelerator)
        generator = built_noise_generator(config)
        self.z_dim = generator.z_dim
        networks = {GENERATOR: generator, CODES: Codes(pictures, generator.z_dim)}
        self.add_networks(GENERATOR, networks, lr=config.lr, averaged=(GENERATOR,))
        self.prior = Prior(self.z_dim, radius=math.sqrt(self.z_dim)).to(accelerator.device)

    def forward(self, batch: Batch, context: StepContext) -> Pictures:
        return {"fake": self.networks[GENERATOR](self.networks[CODES](batch["index"]))}

    @torch.no_grad()
    def fit_prior(self) -> None:
        codes = cast(Codes, self.bare(CODES))
        vectors = codes(torch.arange(len(codes.vectors), device=codes.vectors.device))
        self.prior.fit(vectors.mean(0), vectors.mT.cov())

    @torch.no_grad()
    def validate(self, batch: Batch) -> tuple[list[Tensor], dict[str, float]]:
        real, index = batch["image"], batch["index"]
        sampler = cast(NoiseGenerator, self.averaged_generator())
        if bool((index < 0).any()):  # held out: it has no vector yet
            again = sampler(project(sampler, real, steps=DESCENT_STEPS))
        else:
            again = self.averaged_network()(cast(Codes, self.bare(CODES))(index))
        columns = [real, again, *fixed_samples(sampler, self.z_dim, real)[:-1]]
        return columns, {"val/psnr": float(psnr(again, real).mean())}
