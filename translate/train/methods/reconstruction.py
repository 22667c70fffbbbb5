"""What GLO and Gradient Origin Networks have in common: noise generators that learn by drawing the pictures again."""

from __future__ import annotations

from abc import abstractmethod
from typing import cast

from torch import Tensor, nn

from models import NoiseGenerator, Prior, WithPrior
from translate.config import ReconstructionConfig
from translate.data.datasets import TrainingData
from translate.data.squares import load_squares
from translate.train.losses import laplacian_l1
from translate.train.methods.base import Method, Pictures
from translate.train.methods.gan import SAMPLES_PER_ROW
from translate.train.step import Batch, StepContext, Terms
from translate.weights.checkpoint import PRIOR


class Reconstruction(Method):
    """Without a discriminator; new pictures are made from vectors of ``prior``, which is fitted to the pictures'."""

    config: ReconstructionConfig
    prior: Prior
    z_dim: int

    @classmethod
    def load_data(cls, config: ReconstructionConfig) -> TrainingData:
        return load_squares(config)

    @abstractmethod
    def fit_prior(self) -> None:
        """Fit the distribution that new vectors are drawn from to those of the training pictures."""

    def adversarial_active(self, progress: float) -> bool:
        return False

    def discriminator_terms(self, batch: Batch, pictures: Pictures, context: StepContext) -> Terms:
        return Terms()  # never called: there is no discriminator

    def generator_terms(self, batch: Batch, pictures: Pictures, context: StepContext) -> Terms:
        """GLO's distance: Laplacian pyramids, and squares."""
        drawn, targets = pictures["fake"].float(), batch["image"]
        return Terms({"G/laplacian": laplacian_l1(drawn, targets).mean(), "G/l2": (drawn - targets).square().mean()})

    def modules(self) -> dict[str, nn.Module]:
        return super().modules() | {PRIOR: self.prior}

    def weights(self) -> dict[str, dict[str, Tensor]]:
        self.fit_prior()
        return super().weights()

    def averaged_network(self) -> nn.Module:
        """The averaged generator for the vectors of pictures, not for noise."""
        return super().averaged_generator()

    def averaged_generator(self) -> nn.Module:
        self.fit_prior()
        return WithPrior(cast(NoiseGenerator, self.averaged_network()), self.prior).eval()

    def column_titles(self) -> list[str]:
        return ["real", "again", *["sample"] * (SAMPLES_PER_ROW - 1)]
