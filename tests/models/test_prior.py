"""The normal distribution that noise is brought to."""

from __future__ import annotations

import torch

from models import Prior


def test_noise_gets_the_mean_and_covariance_of_the_vectors() -> None:
    vectors = torch.randn(500, 4, generator=torch.Generator().manual_seed(0)) @ torch.randn(4, 4).triu() + 3
    prior = Prior(4)
    prior.fit(vectors.mean(0), vectors.mT.cov())
    drawn = prior(torch.randn(100_000, 4, generator=torch.Generator().manual_seed(1)))
    torch.testing.assert_close(drawn.mean(0), vectors.mean(0), atol=0.05, rtol=0.02)
    torch.testing.assert_close(drawn.mT.cov(), vectors.mT.cov(), atol=0.05, rtol=0.05)


def test_two_vectors_far_from_the_origin_span_a_line() -> None:
    """Their covariance has one eigenvalue above zero; rounding makes some of the others negative."""
    vectors = 100 + torch.randn(2, 64, generator=torch.Generator().manual_seed(0))
    mean = vectors.mean(0)
    prior = Prior(64)
    prior.fit(mean, vectors.mT @ vectors / 2 - torch.outer(mean, mean))
    assert torch.isfinite(prior(torch.randn(8, 64))).all()
