"""Gradient Origin Networks: one network that encodes, decodes and samples (Bond-Taylor, Willcocks 2021, ICLR).

G = arg min E[ L(x, F(-grad_z L(x, F(z)) at z = 0)) ]   (arXiv:2007.02798, equation 6)

- F makes the picture of the origin; the negative gradient of its error by the origin is the picture's vector, and F of
  that vector is to be the picture. Its training needs second derivatives of F.
- New pictures: F of vectors from the normal distribution fitted to those of the training pictures (section 4).
Departures: L, in the outer step, is GLO's distance, whose pyramid keeps edges; the distribution is fitted to running
means over the steps, so that no pass over the data is needed; a moving average of the generator is kept and exported.

The validation grid: in each row a held-out picture, its reconstruction, then samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor

from models import NoiseGenerator, Prior, couples_samples
from translate.config import GonConfig
from translate.errors import UserError
from translate.train.methods.base import GENERATOR, Pictures
from translate.train.methods.gan import fixed_samples
from translate.train.methods.networks import built_noise_generator
from translate.train.methods.reconstruction import Reconstruction
from translate.train.projection import gradient_at_origin, psnr
from translate.train.step import Batch, StepContext, Terms

MOMENTUM = 0.99  # per step, of the running means


class Gon(Reconstruction):
    """Pictures like ``image`` from noise."""

    config: GonConfig

    def __init__(self, config: GonConfig, accelerator: Accelerator) -> None:
        super().__init__(config, accelerator)
        generator = built_noise_generator(config)
        self.z_dim = generator.z_dim
        require_gradient_at_origin(generator, config)
        self.add_networks(GENERATOR, {GENERATOR: generator}, lr=config.lr, averaged=(GENERATOR,))
        self.prior = Prior(self.z_dim).to(accelerator.device)
        # running means of the vectors [d] and of their products [d, d], and the weight of all steps so far
        self.mean = torch.zeros(self.z_dim, device=accelerator.device)
        self.products = torch.zeros(self.z_dim, self.z_dim, device=accelerator.device)
        self.weight = torch.zeros((), device=accelerator.device)

    def forward(self, batch: Batch, context: StepContext) -> Pictures:
        # bare, as the wrapper for distributed training would expect a backward pass of its own
        vectors = gradient_at_origin(self.bare(GENERATOR), batch["image"], self.z_dim)
        return {"fake": self.networks[GENERATOR](vectors), "vectors": vectors}

    def generator_terms(self, batch: Batch, pictures: Pictures, context: StepContext) -> Terms:
        self._follow(pictures["vectors"].detach().float())
        return super().generator_terms(batch, pictures, context)

    def _follow(self, vectors: Tensor) -> None:
        """Bring the running means up to date with a part's vectors, [N, d]."""
        mean, products = vectors.mean(0), vectors.mT @ vectors / len(vectors)
        if self.accelerator.num_processes > 1:
            mean, products = (self.accelerator.reduce(each, reduction="mean") for each in (mean, products))
        share = (1 - MOMENTUM) / self.config.accumulate
        self.mean, self.products = self.mean.lerp(mean, share), self.products.lerp(products, share)
        self.weight = self.weight.lerp(torch.ones_like(self.weight), share)

    @torch.no_grad()
    def fit_prior(self) -> None:
        if self.weight > 0:
            mean, products = self.mean / self.weight, self.products / self.weight
            self.prior.fit(mean, products - torch.outer(mean, mean))

    def state(self) -> dict[str, Any]:
        return super().state() | {"vectors": {"mean": self.mean, "products": self.products, "weight": self.weight}}

    def load_state(self, state: Mapping[str, Any]) -> None:
        super().load_state(state)
        vectors = state["vectors"]
        self.mean, self.products, self.weight = vectors["mean"], vectors["products"], vectors["weight"]

    @torch.no_grad()
    def validate(self, batch: Batch) -> tuple[list[Tensor], dict[str, float]]:
        real, generator = batch["image"], self.averaged_network()
        again = generator(gradient_at_origin(generator, real, self.z_dim))
        columns = [real, again, *fixed_samples(self.averaged_generator(), self.z_dim, real)[:-1]]
        return columns, {"val/psnr": float(psnr(again, real).mean())}


def require_gradient_at_origin(generator: NoiseGenerator, config: GonConfig) -> None:
    """Raise ``UserError`` for a network that no vectors come from, and that would never learn to give any.

    Where all biases begin at 0, the origin makes only zeros, at which a ReLU has no slope. A normalisation over the
    batch, in which all origins are alike, would give vectors without bound.
    """
    picture = torch.ones(1, 3, generator.size, generator.size)
    if couples_samples(generator) or not gradient_at_origin(generator, picture, generator.z_dim).any():
        raise UserError(
            f"<generator> {config.generator}: has no gradient at the origin of each picture's own, which gon takes as "
            "its vector; give r3, or train glo"
        )
