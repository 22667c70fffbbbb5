"""Outputs compared to real pictures, training pictures, photos and truths: all metrics and the verdicts on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from translate.errors import UserError
from translate.evaluate import set_metrics
from translate.evaluate.extractors import Extractor, Features
from translate.evaluate.features import PLAIN, RESIZE, Clock, cached_features_of, features_of
from translate.evaluate.memorisation import Memorisation, measure_memorisation, nearest_training
from translate.evaluate.pair_metrics import PairMetrics, compare_pictures, mean
from translate.evaluate.set_metrics import Array, Manifold, Spread, spaced_indices
from translate.evaluate.verdicts import Verdict, judge
from translate.machine import usable_cores
from translate.media.images import load_rgb
from translate.storage.folders import find_images

CURVE_SHARES = (1 / 8, 1 / 4, 1 / 2, 1)  # of the samples, at which the curve shows FID
ENOUGH_FOR_FID = 10_000  # the minimum that Heusel et al. 2017 recommend
MAX_FOR_MEMORISATION = 500  # outputs, and as many test pictures: each goes through the network in four variants
MIN_PICTURES = 4  # so that both halves vary


@dataclass(frozen=True)
class Pictures:
    """Pictures of a folder."""

    folder: Path
    paths: list[Path]

    @classmethod
    def below(cls, folder: Path, count: int | None = None, *, least: int = MIN_PICTURES) -> Pictures:
        """All pictures in ``folder`` and its subfolders, or ``count`` of them, evenly spaced.

        Raises ``UserError`` where there are fewer than ``least``.
        """
        found = find_images(folder, recursive=True)
        if len(found) < least:
            raise UserError(f"{folder}: holds {len(found)} pictures; at least {least} are needed")
        return cls(folder, found).only(spaced_indices(len(found), count or len(found)))

    def by_name(self) -> dict[str, Path]:
        """The pictures by their path in the folder, without suffix."""
        return {path.relative_to(self.folder).with_suffix("").as_posix(): path for path in self.paths}

    def only(self, indices: Sequence[int]) -> Pictures:
        """The pictures at these positions."""
        return Pictures(self.folder, [self.paths[index] for index in indices])

    def features(self, extractor: Extractor, clock: Clock, variant: str = PLAIN) -> Features:
        """See `cached_features_of`."""
        return cached_features_of(self.folder, self.paths, extractor, clock, variant=variant)


@dataclass(frozen=True)
class Curve:
    """FID by the number of pictures."""

    counts: list[int]
    outputs: list[Spread]  # against the real pictures, at each of ``counts``
    real_counts: list[int]
    real: list[Spread]  # one half of the real pictures against the other, at each of ``real_counts``


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The result. ``metrics`` and their ``deviations`` have the names in `translate.evaluate.report.MEANINGS`."""

    outputs: Pictures
    real: Pictures
    network: str
    counts: dict[str, int]
    metrics: dict[str, float]
    deviations: dict[str, float]
    notes: list[str]
    verdicts: list[Verdict]
    curve: Curve
    manifold: Manifold
    training: Pictures | None = None
    memorisation: Memorisation | None = None
    memorisation_outputs: list[Path] = field(default_factory=list)  # the outputs checked for it, in its order
    seconds: Mapping[str, float] = field(default_factory=dict)  # by stage


def evaluate(
    outputs: Pictures,
    real: Pictures,
    extractor: Extractor,
    *,
    truths: Pictures | None = None,
    photos: Pictures | None = None,
    training: Pictures | None = None,
    clock: Clock | None = None,
) -> Evaluation:
    """Compare ``outputs`` to ``real`` pictures of the target kind.

    ``truths``, the expected outputs, and ``photos``, the inputs, are matched to the outputs by name. ``training`` are
    the pictures of the target kind that the generator was trained on. Raises ``UserError`` where no name matches or
    ``training`` is the folder of ``real``, ``PictureError`` for a picture that cannot be read.
    """
    clock = clock or Clock()
    output_features, real_features = features_of(outputs.paths, extractor, clock), real.features(extractor, clock)
    counts = {"outputs": len(output_features), "real pictures": len(real_features)}
    with clock.stage("figures"):
        manifold = set_metrics.manifold(output_features.content, real_features.content)
        spreads, metrics = _distribution_metrics(output_features, real_features)
        metrics |= _manifold_metrics(manifold, real_features.content)
        curve = fid_curve(output_features.content, real_features.content)
        metrics["fid_of_real"] = curve.real[-1].mean
    memorisation = None
    chosen = spaced_indices(len(output_features), MAX_FOR_MEMORISATION)
    if training is not None:
        some = output_features.content[chosen]
        memorisation = _memorisation(outputs.only(chosen), some, real, training, extractor, clock)
        metrics["memorised_share"] = memorisation.share
        counts["training pictures"] = len(training.paths)
    for name, others in (("truth", truths), ("photo", photos)):
        if others is not None:
            with clock.stage("pictures against pictures"):
                pairs = match_by_name(outputs, others)
                metrics |= {f"{name}_{key}": value for key, value in vars(compare_all(pairs)).items()}
            counts[f"outputs with their {name}"] = len(pairs)
    metrics |= {name: spread.mean for name, spread in spreads.items()}
    return Evaluation(
        outputs=outputs,
        real=real,
        network=f"{extractor.identity}, {extractor.size} pixels, {RESIZE}",
        counts=counts,
        metrics=metrics,
        deviations={name: spread.deviation for name, spread in spreads.items()},
        notes=_notes(counts, output_features.content.shape[1], curve),
        verdicts=judge(metrics, counts),
        curve=curve,
        manifold=manifold,
        training=training,
        memorisation=memorisation,
        memorisation_outputs=outputs.only(chosen).paths,
        seconds=dict(clock.seconds),
    )


def _distribution_metrics(outputs: Features, real: Features) -> tuple[dict[str, Spread], dict[str, float]]:
    """Metrics with a deviation, and those without."""
    spreads = {
        "kid": set_metrics.kernel_distance(outputs.content, real.content),
        "mmd_content": set_metrics.gaussian_mmd(outputs.content, real.content),
    }
    metrics = {
        "fid": set_metrics.frechet_distance(outputs.content, real.content),
        "diversity": set_metrics.mean_distance(outputs.content) / max(set_metrics.mean_distance(real.content), 1e-12),
    }
    if outputs.texture is not None and real.texture is not None:
        spreads["mmd_texture"] = set_metrics.texture_distance(outputs.texture, real.texture)
    if outputs.logits is not None and real.logits is not None:
        spreads["inception_score"] = set_metrics.inception_score(outputs.logits)
        spreads["inception_score_of_real"] = set_metrics.inception_score(real.logits)
    if outputs.perceptual is not None and real.perceptual is not None:
        metrics["perceptual_diversity"] = float(outputs.perceptual.mean() / max(real.perceptual.mean(), 1e-12))
    return spreads, metrics


def _manifold_metrics(manifold: Manifold, real: Array) -> dict[str, float]:
    """Those of the outputs and, for comparison, ``_of_real``: of one half of the real pictures against the other."""
    real_halves = set_metrics.manifold(*halves(real))
    return {
        f"{name}{suffix}": getattr(found, name)
        for found, suffix in ((manifold, ""), (real_halves, "_of_real"))
        for name in ("precision", "recall", "density", "coverage")
    }


def fid_curve(outputs: Array, real: Array) -> Curve:
    """The `Curve` of the features ``outputs`` and ``real``, [N, D] and [M, D]."""

    def counts(available: int) -> list[int]:
        return sorted({max(MIN_PICTURES // 2, round(available * share)) for share in CURVE_SHARES})

    one, other = halves(real)
    output_counts = counts(min(len(outputs), len(real)))
    real_counts = counts(min(len(one), len(other)))
    return Curve(
        output_counts,
        set_metrics.frechet_curve(outputs, real, output_counts),
        real_counts,
        set_metrics.frechet_curve(one, other, real_counts),
    )


def halves(features: Array) -> tuple[Array, Array]:
    """Two random halves: neighbours in a folder are often alike."""
    order = np.random.default_rng(0).permutation(len(features))
    return features[order[::2]], features[order[1::2]]


def _memorisation(
    outputs: Pictures, output_features: Array, real: Pictures, training: Pictures, extractor: Extractor, clock: Clock
) -> Memorisation:
    """``output_features`` are those of ``outputs`` in the plain variant, [N, D]."""
    if real.folder.resolve() == training.folder.resolve():
        raise UserError(f"<training> {training.folder}: is also <real>; give real pictures that were not trained on")
    tests = real.only(spaced_indices(len(real.paths), MAX_FOR_MEMORISATION))
    training_features = training.features(extractor, clock).content

    def of_outputs(variant: str) -> Array:
        if variant == PLAIN:
            return output_features
        return features_of(outputs.paths, extractor, clock, variant=variant).content

    def of_tests(variant: str) -> Array:
        return tests.features(extractor, clock, variant).content

    return measure_memorisation(
        nearest_training(of_outputs, training_features), nearest_training(of_tests, training_features)
    )


def match_by_name(outputs: Pictures, others: Pictures) -> list[tuple[Path, Path]]:
    """Outputs with the picture of the same name. Raises ``UserError`` where no name matches."""
    named = others.by_name()
    pairs = [(path, named[name]) for name, path in outputs.by_name().items() if name in named]
    if not pairs:
        raise UserError(f"{others.folder}: no picture has the same name as one in {outputs.folder}")
    return pairs


def compare_all(pairs: Sequence[tuple[Path, Path]]) -> PairMetrics:
    """The mean metrics over pairs; the second picture of each is scaled to the size of the first."""

    def compare(pair: tuple[Path, Path]) -> PairMetrics:
        output, other = load_rgb(pair[0]), load_rgb(pair[1])
        return compare_pictures(output, scaled_like(other, output))

    with ThreadPoolExecutor(usable_cores(), "compare") as pool:
        return mean(list(pool.map(compare, pairs)))


def scaled_like(picture: NDArray[np.uint8], reference: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """``picture`` at the size of ``reference``, both uint8 [H, W, 3]."""
    if picture.shape == reference.shape:
        return picture
    size = reference.shape[1], reference.shape[0]
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))


def _notes(counts: Mapping[str, int], dimensions: int, curve: Curve) -> list[str]:
    """Caveats about the metrics."""
    fewest = min(counts["outputs"], counts["real pictures"])
    if fewest >= ENOUGH_FOR_FID:
        return []
    undetermined = f", and with fewer than the {dimensions} features its covariances are not determined"
    return [
        f"{fewest} pictures are few for FID: fewer than {ENOUGH_FOR_FID:,} bias it upwards"
        f"{undetermined if fewest < dimensions else ''}. Half of the real pictures against the other half, "
        f"{curve.real_counts[-1]} each, score {curve.real[-1].mean:.1f}; without bias it would be 0. Prefer KID and "
        "MMD: they are unbiased."
    ]
