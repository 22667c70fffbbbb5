"""Distances between two sets of pictures by their features, float [N, D] each, computed in double precision.

Kernel distances, Inception Score, precision and recall come from torch-fidelity.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch_fidelity.metric_isc import KEY_METRIC_ISC_MEAN, KEY_METRIC_ISC_STD, isc_features_to_metric
from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, KEY_METRIC_KID_STD, kid_features_to_metric

Array = NDArray[np.floating]

SUBSETS = 50  # over which kernel distances are averaged
MAX_SUBSET = 1000  # samples, as in the KID paper
MAX_PATCHES = 2000  # of each set, for the distance of texture
NEIGHBOURS_PRECISION = 3  # Kynkäänniemi et al. 2019
NEIGHBOURS_DENSITY = 5  # Naeem et al. 2020


@dataclass(frozen=True)
class Spread:
    """A metric over subsets of the pictures."""

    mean: float
    deviation: float

    def __str__(self) -> str:
        return f"{self.mean:.4g} ± {self.deviation:.2g}"


def frechet_distance(one: Array, other: Array) -> float:
    """The Fréchet distance of the normal distributions fitted to two sets (Heusel et al. 2017, equation 6): FID.

    |m - n|^2 + tr(A) + tr(B) - 2 tr((A B)^(1/2)) with means m, n and covariances A, B. For A = X'X, B = Y'Y the last
    trace is the sum of the singular values of X Y'. This needs no matrix square root, and stays exact with fewer
    samples than features, where matrix square roots do not.
    """
    first, second = (_centred(features) for features in (one, other))
    mean_difference = np.square(one.mean(0, np.float64) - other.mean(0, np.float64)).sum()
    shared = np.linalg.svd(first @ second.T, compute_uv=False).sum()
    return float(mean_difference + np.square(first).sum() + np.square(second).sum() - 2 * shared)


def _centred(features: Array) -> NDArray[np.float64]:
    """An X whose X'X is the covariance: [N, D], or [D, D] where N > D."""
    centred = features.astype(np.float64)
    centred -= centred.mean(0)
    centred /= math.sqrt(len(centred) - 1)
    return np.asarray(np.linalg.qr(centred, mode="r")) if len(centred) > centred.shape[1] else centred


def frechet_curve(one: Array, other: Array, counts: Sequence[int], *, repeats: int = 3, seed: int = 0) -> list[Spread]:
    """`frechet_distance` of random subsets, for each of ``counts`` samples drawn from both sets."""
    rng = np.random.default_rng(seed)
    curve = []
    for count in counts:
        whole = count >= len(one) and count >= len(other)
        values = [
            frechet_distance(*(rng.permutation(features)[:count] for features in (one, other)))
            for _ in range(1 if whole else repeats)
        ]
        curve.append(Spread(float(np.mean(values)), float(np.std(values))))
    return curve


def kernel_distance(one: Array, other: Array) -> Spread:
    """KID, the unbiased squared MMD under (x'y / D + 1)^3 (Bińkowski et al. 2018), over subsets of half the samples."""
    return _mmd(one, other, kid_kernel="poly")


def gaussian_mmd(one: Array, real: Array) -> Spread:
    """The unbiased squared MMD under a Gaussian kernel (Gretton et al. 2012), as wide as ``real``'s median distance.

    From 0 to 2, whatever the features' scale. The kernel is bounded, so that a few far samples do not decide, as they
    do under KID's cubic one.
    """
    return _mmd(one, real, kid_kernel="rbf", kid_kernel_rbf_sigma=median_distance(real))


def _mmd(one: Array, other: Array, **kernel: str | float) -> Spread:
    size = min(MAX_SUBSET, max(2, min(len(one), len(other)) // 2))
    found = kid_features_to_metric(
        *(torch.from_numpy(features.astype(np.float64)) for features in (one, other)),
        kid_subsets=SUBSETS,
        kid_subset_size=size,
        verbose=False,
        **kernel,
    )
    return Spread(found[KEY_METRIC_KID_MEAN], found[KEY_METRIC_KID_STD])


def texture_distance(one: Array, real: Array) -> Spread:
    """`gaussian_mmd` of patches, float [N, patches, C] each."""
    patches = (features.reshape(-1, features.shape[-1]) for features in (one, real))
    return gaussian_mmd(*(evenly_spaced(features, MAX_PATCHES) for features in patches))


def inception_score(logits: Array) -> Spread:
    """exp(E[KL(p(y|x) | p(y))]) over ten parts (Salimans et al. 2016), of logits [N, classes]."""
    found = isc_features_to_metric(torch.from_numpy(logits), splits=min(10, len(logits)))
    return Spread(found[KEY_METRIC_ISC_MEAN], found[KEY_METRIC_ISC_STD])


@dataclass(frozen=True)
class Manifold:
    """How two sets of pictures overlap; each sample's sphere reaches to the k-th neighbour in its own set."""

    precision: float  # share of outputs in the sphere of a real picture: quality
    recall: float  # share of real pictures in the sphere of an output: variety
    density: float  # mean number of real spheres around an output, over k: quality, robust to outliers; may exceed 1
    coverage: float  # share of real pictures with an output in their own sphere: variety
    realism: NDArray[np.float64]  # [outputs], above 1 inside a real sphere (Kynkäänniemi et al. 2019, equation 3)
    covered: NDArray[np.bool_]  # [real], whether an output is in the picture's sphere


def expected_coverage(outputs: int, real: int) -> float:
    """The coverage of so many pictures if both sets are of one distribution, whichever (Naeem et al. 2020, lemma 2).

    It is the chance that not all of a real picture's nearest neighbours, `NEIGHBOURS_DENSITY` of them, are real.
    """
    return 1 - math.prod((real - i) / (real + outputs - i) for i in range(1, min(NEIGHBOURS_DENSITY, real - 1) + 1))


def manifold(outputs: Array, real: Array) -> Manifold:
    """Precision and recall (Kynkäänniemi et al. 2019, k = 3), density and coverage (Naeem et al. 2020, k = 5).

    Both are features, [N, D] and [M, D], with N and M at least 2.
    """
    across = distances(outputs, real)  # [outputs, real]
    inside_real, inside_outputs = distances(real, real), distances(outputs, outputs)
    radii = _radii(inside_real, NEIGHBOURS_PRECISION)
    own_radii = _radii(inside_outputs, NEIGHBOURS_PRECISION)
    wide, neighbours = _radii(inside_real, NEIGHBOURS_DENSITY), min(NEIGHBOURS_DENSITY, len(real) - 1)
    covered = np.asarray((across <= wide).any(0))
    typical = radii <= np.median(radii)  # the spheres of outliers are too large to mean anything
    realism = (radii[typical] / np.maximum(across[:, typical], 1e-12)).max(1)
    return Manifold(
        precision=float((across <= radii).any(1).mean()),
        recall=float((own_radii >= across.T).any(1).mean()),
        density=float((across <= wide).sum() / (neighbours * len(outputs))),
        coverage=float(covered.mean()),
        realism=realism,
        covered=covered,
    )


def _radii(inside: NDArray[np.float64], neighbours: int) -> NDArray[np.float64]:
    """Distance of each sample to its k-th neighbour, not counting itself: [N]."""
    nearest = min(neighbours, len(inside) - 1)
    return np.partition(inside, nearest, axis=1)[:, nearest]


def distances(one: Array, other: Array) -> NDArray[np.float64]:
    """Euclidean distances between all samples of two sets: [N, D], [M, D] -> [N, M]."""
    first, second = (torch.from_numpy(features.astype(np.float64)) for features in (one, other))
    return torch.cdist(first, second, compute_mode="use_mm_for_euclid_dist").numpy()


def mean_distance(features: Array) -> float:
    """Mean distance of two different samples: the variety of a set."""
    inside = distances(*(evenly_spaced(features, MAX_SUBSET),) * 2)
    return float(inside.sum() / (len(inside) * (len(inside) - 1)))


def median_distance(features: Array) -> float:
    """The median distance of two different samples."""
    inside = distances(*(evenly_spaced(features, MAX_SUBSET),) * 2)
    return max(float(np.median(inside[np.triu_indices(len(inside), 1)])), 1e-12)


def evenly_spaced(features: Array, most: int) -> Array:
    """At most ``most`` samples, evenly spaced."""
    return features[spaced_indices(len(features), most)]


def spaced_indices(length: int, most: int) -> list[int]:
    """At most ``most`` of the numbers below ``length``, evenly spaced from the first to the last."""
    return [int(index) for index in np.linspace(0, length - 1, min(length, most)).round()]
