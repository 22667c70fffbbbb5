"""Distances between sets of features, against torch-fidelity and the papers' formulas in double precision."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.linalg import sqrtm
from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric

from translate.evaluate import set_metrics as d

Array = NDArray[np.float32]


def features(count: int, size: int, *, seed: int, shift: float = 0.0) -> Array:
    """Correlated, skewed and above zero, as pooled features are."""
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=(count, size)) @ np.random.default_rng(99).normal(size=(size, size)) / math.sqrt(size)
    return np.maximum(mixed + shift, -0.2).astype(np.float32)


SETS = [
    (features(300, 24, seed=1), features(200, 24, seed=2, shift=0.3)),  # more samples than features
    (features(40, 64, seed=3), features(50, 64, seed=4, shift=0.2)),  # fewer
]


@pytest.mark.parametrize(("one", "other"), SETS)
def test_frechet_distance(one: Array, other: Array) -> None:
    found = d.frechet_distance(one, other)
    statistics = [fid_features_to_statistics(torch.from_numpy(part.astype(np.float64))) for part in (one, other)]
    assert found == pytest.approx(fid_statistics_to_metric(*statistics, False)[KEY_METRIC_FID], rel=1e-3)
    (m, a), (n, b) = ((part.mean(0, np.float64), np.cov(part.T, dtype=np.float64)) for part in (one, other))
    root = sqrtm(a @ b + 1e-10 * np.eye(len(a)))
    expected = np.square(m - n).sum() + np.trace(a) + np.trace(b) - 2 * np.trace(root.real)
    assert found == pytest.approx(expected, rel=1e-3)


def test_frechet_distance_of_a_set_to_itself_is_zero() -> None:
    for one, _ in SETS:
        assert abs(d.frechet_distance(one, one)) < 1e-6


def test_frechet_distance_grows_with_fewer_samples() -> None:
    """Both sets have the same distribution, so the distance is only bias."""
    one, other = features(800, 32, seed=5), features(800, 32, seed=6)
    curve = [spread.mean for spread in d.frechet_curve(one, other, [50, 200, 800])]
    assert curve[0] > 2 * curve[1] > 4 * curve[2] > 0


def unbiased_mmd(xx: NDArray[np.float64], xy: NDArray[np.float64], yy: NDArray[np.float64]) -> float:
    n, m = len(xx), len(yy)
    inside = (xx.sum() - np.trace(xx)) / (n * (n - 1)) + (yy.sum() - np.trace(yy)) / (m * (m - 1))
    return float(inside - 2 * xy.mean())


def test_kernel_distance() -> None:
    one, other = (part.astype(np.float64) for part in SETS[0])
    kernels = [(a @ b.T / 24 + 1) ** 3 for a, b in ((one, one), (one, other), (other, other))]
    found = d.kernel_distance(*SETS[0])
    assert found.mean == pytest.approx(unbiased_mmd(*kernels), abs=3 * found.deviation / math.sqrt(d.SUBSETS))
    assert abs(d.kernel_distance(*(features(200, 24, seed=seed) for seed in (7, 8))).mean) < found.mean / 20


def test_gaussian_mmd() -> None:
    one, other = (part.astype(np.float64) for part in SETS[0])
    width = d.median_distance(other)
    kernels = [
        np.exp(-np.square(a[:, None] - b[None]).sum(2) / (2 * width**2))
        for a, b in ((one, one), (one, other), (other, other))
    ]
    found = d.gaussian_mmd(*SETS[0])
    assert found.mean == pytest.approx(unbiased_mmd(*kernels), abs=3 * found.deviation / math.sqrt(d.SUBSETS))
    apart = np.linalg.norm(other[:, None] - other[None], axis=2)
    assert width == pytest.approx(np.median(apart[np.triu_indices(len(other), 1)]))


def test_a_few_far_samples_decide_the_cubic_kernel_but_not_the_gaussian() -> None:
    one, other = (features(200, 24, seed=seed) for seed in (9, 10))
    one = one + np.float32(0.3)
    far = one.copy()
    far[:4] *= 15
    assert d.kernel_distance(far, other).mean > 10 * d.kernel_distance(one, other).mean
    assert d.gaussian_mmd(far, other).mean < 1.5 * d.gaussian_mmd(one, other).mean


def test_inception_score() -> None:
    logits = np.random.default_rng(0).normal(size=(100, 7)).astype(np.float32) * 3
    p = np.exp(logits.astype(np.float64))
    p /= p.sum(1, keepdims=True)
    order = np.random.RandomState(2020).permutation(100)
    parts = p[order].reshape(10, 10, 7)
    scores = [np.exp((part * (np.log(part) - np.log(part.mean(0)))).sum(1).mean()) for part in parts]
    found = d.inception_score(logits)
    assert [found.mean, found.deviation] == pytest.approx([np.mean(scores), np.std(scores)])


@pytest.mark.parametrize(("outputs", "real"), SETS)
def test_manifold(outputs: Array, real: Array) -> None:
    found = d.manifold(outputs, real)
    reference = prc_features_to_metric(
        *(torch.from_numpy(part.astype(np.float64)) for part in (outputs, real)),
        prc_neighborhood=3,
        prc_batch_size=1000,
        save_cpu_ram=False,
        verbose=False,
    )
    assert found.precision == pytest.approx(reference["precision"], rel=1e-3)
    assert found.recall == pytest.approx(reference["recall"], rel=1e-3)

    def apart(a: Array, b: Array) -> NDArray[np.float64]:
        return np.linalg.norm(a[:, None].astype(np.float64) - b[None], axis=2)

    fifth = np.sort(apart(real, real), axis=1)[:, 5]  # the first is the picture itself
    inside = apart(outputs, real) <= fifth
    assert found.density == pytest.approx(inside.sum() / (5 * len(outputs)))
    assert found.coverage == pytest.approx(inside.any(0).mean())
    assert found.covered.tolist() == inside.any(0).tolist()
    third = np.sort(apart(real, real), axis=1)[:, 3]
    kept = third <= np.median(third)
    assert found.realism == pytest.approx((third[kept] / apart(outputs, real)[:, kept]).max(1))


def test_manifold_of_very_few() -> None:
    found = d.manifold(features(2, 8, seed=1), features(3, 8, seed=1))
    assert np.isfinite([found.precision, found.recall, found.density, found.coverage]).all()


def test_mean_distance() -> None:
    corners = np.array([[0, 0], [3, 4], [0, 0]], np.float32)
    assert d.mean_distance(corners) == pytest.approx(10 / 3)
    assert len(d.evenly_spaced(np.arange(10.0), 4)) == 4 and d.evenly_spaced(np.arange(3.0), 4).tolist() == [0, 1, 2]


def test_the_coverage_to_expect_is_that_of_samples_of_one_distribution() -> None:
    rng = np.random.default_rng(0)
    for outputs, real in ((60, 60), (40, 120)):
        found = [d.manifold(rng.normal(size=(outputs, 4)), rng.normal(size=(real, 4))).coverage for _ in range(40)]
        assert d.expected_coverage(outputs, real) == pytest.approx(np.mean(found), abs=0.02)
    assert d.expected_coverage(1, 2) == pytest.approx(0.5)
