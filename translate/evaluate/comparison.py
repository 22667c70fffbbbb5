"""The same photos through several models: their pictures, metrics and speed, side by side."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from translate.data.pairing import match_pairs
from translate.errors import PictureError, UserError
from translate.evaluate.models import Direction, is_folder, model_file
from translate.evaluate.pair_metrics import PairMetrics, compare_pictures, mean
from translate.evaluate.set_metrics import spaced_indices
from translate.media.images import Picture, load_rgb, shrink
from translate.storage.folders import find_images
from translate.storage.shards import Source as PictureSource
from translate.style.translator import Translator
from translate.weights import checkpoint

Pixels = NDArray[np.uint8]  # [H, W, 3]

HEADER = ("", "PSNR, dB", "SSIM", "L1 of 255", "edges", "colour shift", "ms/MP", "MB")


@dataclass(frozen=True)
class Source:
    """A model and its display name."""

    name: str
    model: str  # as `model_file` takes it


@dataclass(frozen=True)
class SampleFiles:
    """A photo and, where it is known, the picture it should become."""

    name: str
    photo: PictureSource
    truth: PictureSource | None = None


@dataclass(frozen=True)
class Sample:
    """`SampleFiles`, decoded, both of the same size."""

    name: str
    photo: Pixels
    truth: Pixels | None = None

    @property
    def reference(self) -> Pixels:
        """The picture that metrics compare to: the truth, or the photo where there is none."""
        return self.photo if self.truth is None else self.truth


@dataclass(frozen=True)
class ModelResult:
    """The outputs of a model for all samples, in their order, with their metrics."""

    source: Source
    pictures: list[Pixels]
    metrics: list[PairMetrics]
    ms_per_megapixel: float
    file_bytes: int
    device: str
    has_domains: bool

    def cells(self) -> list[str]:
        return [
            self.source.name,
            *metric_cells(mean(self.metrics)),
            f"{self.ms_per_megapixel:.0f}",
            f"{self.file_bytes / 1e6:.2f}",
        ]

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.source.name,
            "model": self.source.model,
            "figures": _json_values(mean(self.metrics)),
            "by_photo": [_json_values(metrics) for metrics in self.metrics],
            "ms_per_megapixel": round(self.ms_per_megapixel, 3),
            "file_bytes": self.file_bytes,
            "device": self.device,
        }


@dataclass(frozen=True)
class Comparison:
    """Samples and one result per model."""

    samples: list[Sample]
    results: list[ModelResult]

    @property
    def against(self) -> str:
        """What the metrics compare to: ``truth`` or ``photo``."""
        return "photo" if self.samples[0].truth is None else "truth"

    @property
    def unchanged(self) -> list[PairMetrics] | None:
        """The metrics of the untranslated photos, the baseline of every model; None where there is no truth."""
        if self.against == "photo":
            return None
        return [compare_pictures(sample.photo, sample.reference) for sample in self.samples]

    @property
    def devices(self) -> str:
        return ", ".join(dict.fromkeys(result.device for result in self.results))

    def rows(self) -> list[list[str]]:
        """The table under `HEADER`."""
        unchanged = self.unchanged
        photo = [] if unchanged is None else [["photo, unchanged", *metric_cells(mean(unchanged)), "-", "-"]]
        return photo + [result.cells() for result in self.results]

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON; an infinite PSNR, of equal pictures, becomes None."""
        unchanged = self.unchanged
        return {
            "against": self.against,
            "photos": [sample.name for sample in self.samples],
            "unchanged": None if unchanged is None else _json_values(mean(unchanged)),
            "models": [result.as_dict() for result in self.results],
        }


def metric_cells(metrics: PairMetrics) -> list[str]:
    """The metrics as text, in the order of `HEADER`."""
    return [
        f"{metrics.psnr_db:.2f}",
        f"{metrics.ssim:.3f}",
        f"{metrics.l1:.2f}",
        f"{metrics.edge_agreement:.3f}",
        f"{metrics.colour_shift:.2f}",
    ]


def _json_values(metrics: PairMetrics) -> dict[str, float | None]:
    return {name: round(value, 6) if math.isfinite(value) else None for name, value in asdict(metrics).items()}


def find_sources(models: Sequence[str], *, all_checkpoints: bool = False) -> list[Source]:
    """The models with short names; with ``all_checkpoints`` a run contributes each checkpoint it has kept.

    Raises ``UserError`` where a run has no checkpoint, or with ``all_checkpoints`` where no model is a run.
    """
    sources = []
    for model in models:
        path = Path(model)
        if not is_folder(model):
            sources.append(Source(path.name if path.is_file() else model, model))
        elif (path / checkpoint.DESCRIPTION).is_file():
            sources.append(_checkpoint_source(path.resolve().parent.parent.name, checkpoint.read(path)))
        elif all_checkpoints:
            kept = checkpoint.checkpoints(path) or [checkpoint.find(path)]  # which raises that there is none
            sources += [_checkpoint_source(path.resolve().name, each) for each in kept]
        else:
            sources.append(Source(path.resolve().name, model))
    if all_checkpoints and not any(is_folder(model) for model in models):
        raise UserError(f"<all_checkpoints>: {', '.join(models)}: none is the folder of a run; leave it out")
    uses = Counter(source.name for source in sources)
    return [source if uses[source.name] == 1 else Source(source.model, source.model) for source in sources]


def _checkpoint_source(run: str, found: checkpoint.Checkpoint) -> Source:
    return Source(f"{run}, step {found.step}", str(found.path))


def find_files(photos: Sequence[Path], pairs: Path | None, count: int) -> tuple[list[SampleFiles], list[str]]:
    """At most ``count`` photos, evenly spaced, and a line for each photo or truth without a partner.

    ``photos`` are files and folders, searched with their subfolders. With ``pairs``, a folder of truths, they have to
    be a single folder whose paths differ in the suffix only. Raises ``UserError`` where nothing is found.
    """
    found, problems = [], []
    for path in photos:
        if not path.exists():
            raise UserError(f"<photos> {path}: no such file or folder")
    if pairs is not None:
        if len(photos) != 1 or not photos[0].is_dir():
            raise UserError("<pairs>: needs <photos> to be one folder, with files of the same names")
        matched = match_pairs(a=photos[0], b=pairs)
        found, problems = [SampleFiles(pair.name, pair.a, pair.b) for pair in matched.pairs], matched.problems
        if not found:
            raise UserError(f"<pairs> {pairs}: no picture has the same name as one in {photos[0]}")
    else:
        for path in photos:
            if path.is_file():
                found.append(SampleFiles(path.stem, path))
                continue
            inside = find_images(path, recursive=True)
            if not inside:
                raise UserError(f"<photos> {path}: holds no pictures")
            found += [SampleFiles(photo.relative_to(path).with_suffix("").as_posix(), photo) for photo in inside]
    return [found[index] for index in spaced_indices(len(found), count)], problems


def load_sample(files: SampleFiles, max_size: int) -> Sample:
    """Decode ``files``, scaled down to a longest side of ``max_size`` pixels.

    Raises ``PictureError`` where a file cannot be read or photo and truth differ in size.
    """
    photo = load_rgb(files.photo)
    truth = None if files.truth is None else load_rgb(files.truth)
    if truth is not None and truth.shape != photo.shape:
        (height, width), (truth_height, truth_width) = photo.shape[:2], truth.shape[:2]
        raise PictureError(
            f"{files.truth}: is {truth_width}x{truth_height}, its partner {files.photo} is {width}x{height}"
        )
    small = [None if pixels is None else shrink(Picture(pixels), max_size).rgb for pixels in (photo, truth)]
    assert small[0] is not None
    return Sample(files.name, small[0], small[1])


def run_model(
    source: Source,
    samples: Sequence[Sample],
    *,
    device: str = "auto",
    domain: Sequence[str] | None = None,
    direction: Direction = "AtoB",
) -> ModelResult:
    """Translate ``samples`` one by one; a style without domains ignores ``domain``.

    The time is the median of the network only, after a warm-up pass. Raises as `open_model` does.
    """
    with model_file(source.model, direction=direction) as file:
        translator = Translator(file, device=device)
        translator.info.require_same_size()
        translator.info.require_no_condition("`translate compare`")
        wanted = domain if translator.info.domains else None
        translator(samples[0].photo[np.newaxis], wanted)
        pictures, times = [], []  # ms per megapixel
        for sample in samples:
            start = time.perf_counter()
            pictures.append(translator(sample.photo[np.newaxis], wanted)[0])
            times.append(1e9 * (time.perf_counter() - start) / sample.photo[..., 0].size)
        return ModelResult(
            source,
            pictures,
            [compare_pictures(picture, sample.reference) for picture, sample in zip(pictures, samples, strict=True)],
            median(times),
            file.stat().st_size,
            translator.device,
            bool(translator.info.domains),
        )
