"""Whether two folders hold pictures of the same kind: the distance of their features, and its significance.

The kernel two-sample test of Gretton et al. 2012 (JMLR 13): the squared maximum mean discrepancy under a Gaussian
kernel as wide as the median distance, with significance by permutations (their section 5; p-value of Phipson and Smyth
2010), on EfficientNet-Lite0's pooled features.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from translate.config import TrainConfig
from translate.diagnose.run_metrics import RunMetrics
from translate.diagnose.verdict import Finding, FolderDistance, NotJudged, RunVerdict
from translate.errors import UserError
from translate.storage.folders import find_images

MAX_PICTURES = 200  # of each folder, evenly spaced: takes seconds on a CPU
MIN_PICTURES = 5  # fewer do not show what kind they are
PERMUTATIONS = 1000
HALVINGS = 20
SIGNIFICANT = 0.01  # p-value
MISMATCHED = 0.02  # squared MMD: between photos of two sources it was 0.009, to graded or drawn ones 0.025 to 0.25

Array = NDArray[np.float64]


def folder_distance(one: Sequence[Path], other: Sequence[Path]) -> FolderDistance:
    """The distance between the pictures ``one`` and ``other``, in content and look.

    Raises ``PictureError``, naming a file that cannot be read, ``UnusableError`` where the network's weights are not
    installed.
    """
    from translate.evaluate.extractors import build_extractor
    from translate.evaluate.features import Clock, features_of
    from translate.evaluate.set_metrics import spaced_indices

    extractor, clock = build_extractor("efficientnet-lite0"), Clock()

    def look_at(paths: Sequence[Path]) -> Array:
        chosen = [paths[index] for index in spaced_indices(len(paths), MAX_PICTURES)]
        return features_of(chosen, extractor, clock).content.astype(np.float64)

    return sample_distance(look_at(one), look_at(other))


def sample_distance(one: Array, other: Array) -> FolderDistance:
    """`FolderDistance` of two samples of features, [N, D] and [M, D]."""
    rng = np.random.default_rng(0)
    kernel = gaussian_kernel(np.concatenate([one, other]))
    count, total = len(one), len(one) + len(other)
    observed = discrepancy(kernel, np.arange(count), np.arange(count, total))

    def split(whole: int, first: int) -> float:
        order = rng.permutation(whole)
        return discrepancy(kernel, order[:first], order[first:])

    mixed = tuple(split(total, count) for _ in range(PERMUTATIONS))
    within = max(split(count, count // 2) for _ in range(HALVINGS))
    return FolderDistance(observed, within, mixed, (count, len(other)))


def gaussian_kernel(samples: Array) -> Array:
    """exp(-|x - y|^2 / (2 s^2)) between all samples, s the median distance: [N, D] -> [N, N]."""
    from translate.evaluate.set_metrics import distances, median_distance

    kernel: Array = np.exp(-np.square(distances(samples, samples)) / (2 * median_distance(samples) ** 2))
    return kernel


def discrepancy(kernel: Array, one: NDArray[np.intp], other: NDArray[np.intp]) -> float:
    """The unbiased squared maximum mean discrepancy of two parts of the samples (Gretton et al. 2012, equation 3)."""

    def inside(part: NDArray[np.intp]) -> float:
        block = kernel[np.ix_(part, part)]
        return float((block.sum() - np.trace(block)) / (len(part) * (len(part) - 1)))

    return inside(one) + inside(other) - 2 * float(kernel[np.ix_(one, other)].mean())


def mismatch(run: RunMetrics, test: Path) -> tuple[Finding, FolderDistance | None]:
    """Whether the pictures in ``test`` are of another kind than the run's training inputs, and their distance.

    Raises ``UserError`` where there are too few pictures in ``test``, and as `folder_distance` does.
    """
    trained = training_inputs(run.config)
    if len(trained) < MIN_PICTURES:
        return NotJudged(
            "mismatch",
            f"{len(trained)} pictures in the folder of training inputs that {run.folder / 'config.json'} names: run "
            "the command where it was trained, with the inputs in a folder of their own",
        ), None
    pictures = find_images(test, recursive=True) if test.is_dir() else []
    if len(pictures) < MIN_PICTURES:
        raise UserError(f"<test> {test}: holds {len(pictures)} pictures; give a folder with {MIN_PICTURES} or more")
    found = folder_distance(trained, pictures)
    if found.mmd < MISMATCHED or found.p_value > SIGNIFICANT:
        return None, found
    return RunVerdict(
        "mismatch",
        min(0.6 + found.mmd, 0.95),
        (
            f"the features of {found.counts[1]} pictures of {test} and of {found.counts[0]} training inputs are "
            f"{found.mmd:.3f} apart (squared MMD; halves of the training inputs: at most {found.within:.3f}; sound: "
            f"below {MISMATCHED})",
            f"folders mixed at random are as far apart with a probability of {found.p_value:.1%} at most",
        ),
        (
            "train on pictures like those to be converted: add some to the inputs (--init continues from this run)",
            "convert pictures like those trained on: the same size, crop, camera and subject",
            "augmentation that covers the difference: --scale, --rotate, --jitter",
        ),
    ), found


def training_inputs(config: TrainConfig) -> list[Path]:
    """The input files that a run was trained on; empty where they are not on this machine, or in one file with B."""
    folder = config.input_folder()
    return find_images(folder, recursive=True) if folder is not None and folder.is_dir() else []
