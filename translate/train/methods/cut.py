"""CUT: unpaired translation one way, by contrasting patches (Park et al. 2020, arXiv:2007.15651).

L_GAN(G, D) + lambda_X L_PatchNCE(G, H, X) + lambda_Y L_PatchNCE(G, H, Y)   (equation 5)

- A patch of G(x) has to resemble the patch of x at the same position more than other patches of x, in the features of
  G's own encoder under the projections H (equations 3 and 4): 256 patches, five layers, temperature 0.07.
- The same for y and G(y) is the identity term. CUT: both weights 1. FastCUT (preset ``fast``): lambda_X 10, lambda_Y 0
  (section 4.1).
- Least squares, D's loss halved, Adam at 2e-4 (appendix C.1).
Departures: a moving average of the generator is kept and exported; FastCUT's flip equivariance is left out.
"""

from __future__ import annotations

from typing import cast

import torch
from accelerate import Accelerator
from torch import Tensor

from models import Generator
from translate.config import CutConfig
from translate.data.datasets import TrainingData, load_unpaired
from translate.errors import UserError
from translate.train.losses import PatchProjector, patch_nce, sample_positions
from translate.train.methods.base import (
    DISCRIMINATOR,
    GENERATOR,
    Method,
    Pictures,
)
from translate.train.methods.networks import built_discriminator, built_generator
from translate.train.step import Batch, StepContext, Terms

PROJECTOR = "projector"


class Cut(Method):
    """Translation from ``A`` to ``B``, from unpaired samples."""

    config: CutConfig

    @classmethod
    def load_data(cls, config: CutConfig) -> TrainingData:
        return load_unpaired(config)

    def __init__(self, config: CutConfig, accelerator: Accelerator) -> None:
        super().__init__(config, accelerator)
        generator = built_generator(config)
        try:
            channels = generator.encoder_channels()
        except ValueError as error:
            raise UserError(f"<generator> {config.generator}: {error}") from error
        networks = {GENERATOR: generator, PROJECTOR: PatchProjector(channels)}
        self.add_networks(GENERATOR, networks, lr=config.lr, averaged=(GENERATOR,))
        discriminator = built_discriminator(config)
        self.adversary = self.add_adversaries({DISCRIMINATOR: discriminator})[DISCRIMINATOR]

    def forward(self, batch: Batch, context: StepContext) -> Pictures:
        if not (self.config.nce_identity and torch.is_grad_enabled()):
            return {"fake_B": self.networks[GENERATOR](batch["A"])}
        fake_B, same_B = self.forward_merged(GENERATOR, batch["A"], batch["B"])
        return {"fake_B": fake_B, "same_B": same_B}

    def discriminator_terms(self, batch: Batch, pictures: Pictures, context: StepContext) -> Terms:
        return self.adversary.train(batch["B"], pictures["fake_B"], context, share=0.5)[0]

    def generator_terms(self, batch: Batch, pictures: Pictures, context: StepContext) -> Terms:
        contrast = self.contrast(batch["A"], pictures["fake_B"], context, "nce")
        losses = {"G/nce": self.config.lambda_nce * contrast}
        if self.config.nce_identity:
            identity = self.contrast(batch["B"], pictures["same_B"], context, "nce_identity")
            # the two are averaged, as in the authors' code
            losses = {"G/nce": 0.5 * losses["G/nce"], "G/nce_identity": 0.5 * self.config.lambda_nce * identity}
        terms = Terms(losses)
        if self.adversarial_active(context.progress):
            terms += self.adversary.fool(pictures["fake_B"], context, real=batch["B"])[0]
        return terms

    def contrast(self, source: Tensor, picture: Tensor, context: StepContext, purpose: str) -> Tensor:
        """PatchNCE between ``picture`` and the ``source`` it was made from, averaged over the layers."""
        generator, project = cast(Generator, self.bare(GENERATOR)), self.networks[PROJECTOR]
        with self.accelerator.autocast():
            of_picture = generator.encoder_features(picture)
            positions = sample_positions(of_picture, self.config.nce_patches, context.generator(purpose))
            queries = project(of_picture, positions)
            with torch.no_grad():  # only the queries get a gradient (equation 3)
                keys = self.bare(PROJECTOR)(generator.encoder_features(source), positions)
        layers = [
            patch_nce(query, key, tau=self.config.nce_temperature) for query, key in zip(queries, keys, strict=True)
        ]
        return torch.stack(layers).mean()

    @torch.no_grad()
    def validate(self, batch: Batch) -> tuple[list[Tensor], dict[str, float]]:
        translated = self.averages[f"{GENERATOR}_ema"]
        return [batch["A"], translated(batch["A"]), batch["B"], translated(batch["B"])], {}

    def column_titles(self) -> list[str]:
        return ["A", "A to B", "B, unpaired", "B kept"]
