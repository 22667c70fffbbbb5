"""From standard normal noise to the vectors that a generator was trained on, where those are not standard normal."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.registry import NoiseGenerator


class Prior(nn.Module):
    """A normal distribution fitted to vectors: float [N, z_dim] standard normal to [N, z_dim].

    With a finite ``radius``, vectors beyond it are scaled back to it, as onto a ball.
    """

    def __init__(self, z_dim: int, *, radius: float = float("inf")) -> None:
        super().__init__()
        self.mean = nn.Buffer(torch.zeros(z_dim))
        self.factor = nn.Buffer(torch.eye(z_dim))  # the symmetric root of the covariance
        self.radius = nn.Buffer(torch.tensor(radius))

    @torch.no_grad()
    def fit(self, mean: Tensor, covariance: Tensor) -> None:
        """Take over a mean [z_dim] and a covariance [z_dim, z_dim], which may be singular.

        A root by eigenvalues exists for those, too, where rounding has made an eigenvalue negative.
        """
        values, vectors = torch.linalg.eigh(covariance.double())
        self.mean.copy_(mean)
        self.factor.copy_(vectors * values.clamp_min(0).sqrt() @ vectors.mT)

    def forward(self, z: Tensor) -> Tensor:
        return within_ball(self.mean + z @ self.factor.mT, self.radius)


def within_ball(vectors: Tensor, radius: Tensor | float) -> Tensor:
    """``vectors`` [N, z_dim], those longer than ``radius`` scaled back to it."""
    norms = torch.linalg.vector_norm(vectors, dim=1, keepdim=True)
    return vectors * (radius / norms.clamp_min(1e-12)).clamp(max=1)


class WithPrior(NoiseGenerator):
    """A generator whose noise first goes through a `Prior`."""

    def __init__(self, generator: NoiseGenerator, prior: Prior) -> None:
        super().__init__()
        self.z_dim, self.size = generator.z_dim, generator.size
        self.generator, self.prior = generator, prior

    def forward(self, z: Tensor) -> Tensor:
        return self.generator(self.prior(z))
