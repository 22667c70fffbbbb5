"""Outputs against real pictures, training pictures, photos and truths: all metrics, and what they say together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from translate.errors import UserError
from translate.evaluate import set_metrics as distances
from translate.evaluate.extractors import Extractor, Features
from translate.evaluate.features import PLAIN, RESIZE, Clock, features_of, kept_features_of
from translate.evaluate.memorisation import Memory, compare_memory, nearest_training
from translate.evaluate.pair_metrics import PairMetrics, compare_pictures, mean
from translate.evaluate.set_metrics import Array, Manifold, Spread, spaced_indices
from translate.evaluate.verdicts import Verdict, judge
from translate.machine import usable_cores
from translate.media.images import load_rgb
from translate.storage.folders import find_images

CURVE = (1 / 8, 1 / 4, 1 / 2, 1)  # of the samples, at which FID is shown
ENOUGH_FOR_FID = 10_000  # Heusel et al. 2017 advise no fewer
MOST_FOR_MEMORY = 500  # outputs and test pictures, each looked at in four variants
SMALLEST_SET = 4  # pictures: halves have to vary


@dataclass(frozen=True)
class Pictures:
    """A folder's pictures: all, or ``count`` of them evenly spaced."""

    folder: Path
    paths: list[Path]

    @classmethod
    def below(cls, folder: Path, count: int | None = None, *, least: int = SMALLEST_SET) -> Pictures:
        """Raises ``UserError`` where there are fewer than ``least``."""
        found = find_images(folder, recursive=True)
        if len(found) < least:
            raise UserError(f"{folder}: holds {len(found)} pictures; at least {least} are needed")
        return cls(folder, found).only(spaced_indices(len(found), count or len(found)))

    def by_name(self) -> dict[str, Path]:
        return {path.relative_to(self.folder).with_suffix("").as_posix(): path for path in self.paths}

    def only(self, indices: Sequence[int]) -> Pictures:
        return Pictures(self.folder, [self.paths[index] for index in indices])

    def features(self, extractor: Extractor, clock: Clock, variant: str = PLAIN) -> Features:
        return kept_features_of(self.folder, self.paths, extractor, clock, variant=variant)


@dataclass(frozen=True)
class Curve:
    """FID by the number of pictures: of the outputs against the real pictures, and of real pictures against others."""

    counts: list[int]
    outputs: list[Spread]
    real_counts: list[int]
    real: list[Spread]


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """All that was found. ``metrics`` and ``deviations`` go by the names in `report.MEANINGS`."""

    outputs: Pictures
    real: Pictures
    network: str
    counts: dict[str, int]
    metrics: dict[str, float]
    deviations: dict[str, float]
    notes: list[str]
    verdicts: list[Verdict]
    curve: Curve
    lie: Manifold
    training: Pictures | None = None
    memory: Memory | None = None
    remembered: list[Path] = field(default_factory=list)  # the outputs that `memory` is about
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
    """Compare ``outputs`` to ``real`` pictures of the kind that was wanted.

    ``truths`` and ``photos`` have the outputs' names: what should have come out, and what went in. ``training`` are
    pictures of the real kind that the generator was trained on. Raises ``UserError`` where nothing has the outputs'
    names, ``PictureError`` for a picture that cannot be read.
    """
    clock = clock or Clock()
    made, wanted = features_of(outputs.paths, extractor, clock), real.features(extractor, clock)
    counts = {"outputs": len(made), "real pictures": len(wanted)}
    with clock.stage("figures"):
        lie = distances.manifold(made.content, wanted.content)
        spreads, metrics = _distribution_metrics(made, wanted)
        metrics |= _manifold_metrics(lie, wanted.content)
        curve = fid_curve(made.content, wanted.content)
        metrics["fid_of_real"] = curve.real[-1].mean
    memory = None
    chosen = spaced_indices(len(made), MOST_FOR_MEMORY)
    if training is not None:
        memory = _memory(outputs.only(chosen), made.content[chosen], real, training, extractor, clock)
        metrics["memorised_share"] = memory.share
        counts["training pictures"] = len(training.paths)
    for name, others in (("truth", truths), ("photo", photos)):
        if others is not None:
            with clock.stage("pictures against pictures"):
                pairs = matched(outputs, others)
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
        notes=_notes(counts, made.content.shape[1], curve),
        verdicts=judge(metrics, counts),
        curve=curve,
        lie=lie,
        training=training,
        memory=memory,
        remembered=outputs.only(chosen).paths,
        seconds=dict(clock.seconds),
    )


def _distribution_metrics(made: Features, wanted: Features) -> tuple[dict[str, Spread], dict[str, float]]:
    spreads = {
        "kid": distances.kernel_distance(made.content, wanted.content),
        "mmd_content": distances.gaussian_mmd(made.content, wanted.content),
    }
    metrics = {
        "fid": distances.frechet_distance(made.content, wanted.content),
        "diversity": distances.mean_distance(made.content) / max(distances.mean_distance(wanted.content), 1e-12),
    }
    if made.texture is not None and wanted.texture is not None:
        spreads["mmd_texture"] = distances.texture_distance(made.texture, wanted.texture)
    if made.logits is not None and wanted.logits is not None:
        spreads["inception_score"] = distances.inception_score(made.logits)
        spreads["inception_score_of_real"] = distances.inception_score(wanted.logits)
    if made.perceptual is not None and wanted.perceptual is not None:
        metrics["perceptual_diversity"] = float(made.perceptual.mean() / max(wanted.perceptual.mean(), 1e-12))
    return spreads, metrics


def _manifold_metrics(lie: Manifold, real: Array) -> dict[str, float]:
    """Of the outputs among the real pictures, and, to compare with, of one half of the real ones among the other."""
    own = distances.manifold(*halves(real))
    return {
        f"{name}{suffix}": getattr(found, name)
        for found, suffix in ((lie, ""), (own, "_of_real"))
        for name in ("precision", "recall", "density", "coverage")
    }


def fid_curve(made: Array, wanted: Array) -> Curve:
    def counts(most: int) -> list[int]:
        return sorted({max(SMALLEST_SET // 2, round(most * share)) for share in CURVE})

    one, other = halves(wanted)
    shared = counts(min(len(made), len(wanted)))
    own = counts(min(len(one), len(other)))
    return Curve(
        shared,
        distances.frechet_curve(made, wanted, shared),
        own,
        distances.frechet_curve(one, other, own),
    )


def halves(features: Array) -> tuple[Array, Array]:
    """Two halves at random, as neighbours in a folder are often alike."""
    order = np.random.default_rng(0).permutation(len(features))
    return features[order[::2]], features[order[1::2]]


def _memory(
    outputs: Pictures, made: Array, real: Pictures, training: Pictures, extractor: Extractor, clock: Clock
) -> Memory:
    """``made`` are the features of ``outputs`` as they are."""
    if real.folder.resolve() == training.folder.resolve():
        raise UserError(f"<training> {training.folder}: is <real> too; the real pictures have to be others, kept out")
    tests = real.only(spaced_indices(len(real.paths), MOST_FOR_MEMORY))
    learned = training.features(extractor, clock).content

    def of_outputs(variant: str) -> Array:
        return made if variant == PLAIN else features_of(outputs.paths, extractor, clock, variant=variant).content

    def of_tests(variant: str) -> Array:
        return tests.features(extractor, clock, variant).content

    return compare_memory(*(nearest_training(features, learned) for features in (of_outputs, of_tests)))


def matched(outputs: Pictures, others: Pictures) -> list[tuple[Path, Path]]:
    """Outputs with the picture of their name. Raises ``UserError`` where there is none."""
    named = others.by_name()
    pairs = [(path, named[name]) for name, path in outputs.by_name().items() if name in named]
    if not pairs:
        raise UserError(f"{others.folder}: has no picture of the name of one in {outputs.folder}")
    return pairs


def compare_all(pairs: Sequence[tuple[Path, Path]]) -> PairMetrics:
    """The mean metrics of the first pictures against the second, which are scaled to the size of the first."""

    def compare(pair: tuple[Path, Path]) -> PairMetrics:
        output, other = load_rgb(pair[0]), load_rgb(pair[1])
        return compare_pictures(output, scaled_like(other, output))

    with ThreadPoolExecutor(usable_cores(), "compare") as pool:
        return mean(list(pool.map(compare, pairs)))


def scaled_like(picture: NDArray[np.uint8], model: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if picture.shape == model.shape:
        return picture
    size = model.shape[1], model.shape[0]
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))


def _notes(counts: Mapping[str, int], dimensions: int, curve: Curve) -> list[str]:
    """What to mind in reading the metrics."""
    fewest = min(counts["outputs"], counts["real pictures"])
    if fewest >= ENOUGH_FOR_FID:
        return []
    undetermined = f", and fewer than its {dimensions} features leave its covariances undetermined"
    return [
        f"{fewest} pictures are few for FID: fewer than {ENOUGH_FOR_FID:,} bias it upwards"
        f"{undetermined if fewest < dimensions else ''}. Half of the real pictures against the other half, "
        f"{curve.real_counts[-1]} each, have {curve.real[-1].mean:.1f} where the truth is 0. Prefer KID and MMD, which "
        "have no such bias."
    ]
