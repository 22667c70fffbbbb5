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
from translate.style.translator import Translator
from translate.weights import checkpoint

Pixels = NDArray[np.uint8]  # [H, W, 3]

HEADER = ("", "PSNR, dB", "SSIM", "L1 of 255", "edges", "colour shift", "ms/MP", "MB")


@dataclass(frozen=True)
class Source:
    """A model and the name it is shown under."""

    name: str
    model: str  # as `model_file` takes it


@dataclass(frozen=True)
class Files:
    """A photo and, where it is known, what should become of it."""

    name: str
    photo: Path
    truth: Path | None = None


@dataclass(frozen=True)
class Sample:
    """`Files`, decoded and of the same size."""

    name: str
    photo: Pixels
    truth: Pixels | None = None

    @property
    def reference(self) -> Pixels:
        """What pictures are measured against."""
        return self.photo if self.truth is None else self.truth


@dataclass(frozen=True)
class Column:
    """What a model made of all samples, in their order."""

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
            "figures": finite(mean(self.metrics)),
            "by_photo": [finite(metrics) for metrics in self.metrics],
            "ms_per_megapixel": round(self.ms_per_megapixel, 3),
            "file_bytes": self.file_bytes,
            "device": self.device,
        }


@dataclass(frozen=True)
class Comparison:
    """Samples and a column a model."""

    samples: list[Sample]
    columns: list[Column]

    @property
    def against(self) -> str:
        """What the metrics are against: ``truth`` or ``photo``."""
        return "photo" if self.samples[0].truth is None else "truth"

    @property
    def unchanged(self) -> list[PairMetrics] | None:
        """The metrics of the photos as they are, where there is a truth: what a model has to be better than."""
        if self.against == "photo":
            return None
        return [compare_pictures(sample.photo, sample.reference) for sample in self.samples]

    @property
    def devices(self) -> str:
        return ", ".join(dict.fromkeys(column.device for column in self.columns))

    def rows(self) -> list[list[str]]:
        """The table under `HEADER`."""
        unchanged = self.unchanged
        photo = [] if unchanged is None else [["photo, unchanged", *metric_cells(mean(unchanged)), "-", "-"]]
        return photo + [column.cells() for column in self.columns]

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON; an infinite PSNR, of equal pictures, becomes None."""
        unchanged = self.unchanged
        return {
            "against": self.against,
            "photos": [sample.name for sample in self.samples],
            "unchanged": None if unchanged is None else finite(mean(unchanged)),
            "models": [column.as_dict() for column in self.columns],
        }


def metric_cells(metrics: PairMetrics) -> list[str]:
    """The metrics under `HEADER`."""
    return [
        f"{metrics.psnr_db:.2f}",
        f"{metrics.ssim:.3f}",
        f"{metrics.l1:.2f}",
        f"{metrics.edge_agreement:.3f}",
        f"{metrics.colour_shift:.2f}",
    ]


def finite(metrics: PairMetrics) -> dict[str, float | None]:
    return {name: round(value, 6) if math.isfinite(value) else None for name, value in asdict(metrics).items()}


def find_sources(models: Sequence[str], *, all_checkpoints: bool = False) -> list[Source]:
    """The models under short names; with ``all_checkpoints`` a run stands for each that it has kept.

    Raises ``UserError`` where a run has no checkpoint, or ``all_checkpoints`` is asked for and no model is a run.
    """
    sources = []
    for model in models:
        path = Path(model)
        if not is_folder(model):
            sources.append(Source(path.name if path.is_file() else model, model))
        elif (path / checkpoint.DESCRIPTION).is_file():
            sources.append(_of_checkpoint(path.resolve().parent.parent.name, checkpoint.read(path)))
        elif all_checkpoints:
            kept = checkpoint.checkpoints(path) or [checkpoint.find(path)]  # which says that there is none
            sources += [_of_checkpoint(path.resolve().name, each) for each in kept]
        else:
            sources.append(Source(path.resolve().name, model))
    if all_checkpoints and not any(is_folder(model) for model in models):
        raise UserError(f"<all_checkpoints>: {', '.join(models)}: none is the folder of a run; leave it out")
    uses = Counter(source.name for source in sources)
    return [source if uses[source.name] == 1 else Source(source.model, source.model) for source in sources]


def _of_checkpoint(run: str, found: checkpoint.Checkpoint) -> Source:
    return Source(f"{run}, step {found.step}", str(found.path))


def find_files(photos: Sequence[Path], pairs: Path | None, count: int) -> tuple[list[Files], list[str]]:
    """At most ``count`` photos, evenly spread over all there are, and a line for each that has no truth in ``pairs``.

    ``photos`` are files and folders, searched with their subfolders; ``pairs`` needs a single folder, in which paths
    are the same but for the suffix. Raises ``UserError`` where nothing is found.
    """
    found, problems = [], []
    for path in photos:
        if not path.exists():
            raise UserError(f"<photos> {path}: no such file or folder")
    if pairs is not None:
        if len(photos) != 1 or not photos[0].is_dir():
            raise UserError("<pairs>: needs <photos> to be one folder, with the names of the pairs' folder inside")
        matched = match_pairs(a=photos[0], b=pairs)
        found, problems = [Files(pair.name, pair.a, pair.b) for pair in matched.pairs], matched.problems
        if not found:
            raise UserError(f"<pairs> {pairs}: no picture has the name of one in {photos[0]}")
    else:
        for path in photos:
            if path.is_file():
                found.append(Files(path.stem, path))
                continue
            inside = find_images(path, recursive=True)
            if not inside:
                raise UserError(f"<photos> {path}: holds no picture")
            found += [Files(photo.relative_to(path).with_suffix("").as_posix(), photo) for photo in inside]
    return [found[index] for index in spaced_indices(len(found), count)], problems


def load_sample(files: Files, max_size: int) -> Sample:
    """Decode, scaled down to ``max_size`` pixels per side.

    Raises ``PictureError`` where a file cannot be read or the truth has another size.
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
) -> Column:
    """Translate ``samples`` one by one; a style without domains is not told ``domain``.

    The time is the median of the network alone, after a pass that does not count. Raises as `open_model` does.
    """
    with model_file(source.model, direction=direction) as file:
        translator = Translator(file, device=device)
        wanted = domain if translator.info.domains else None
        translator(samples[0].photo[np.newaxis], wanted)
        pictures, speeds = [], []
        for sample in samples:
            start = time.perf_counter()
            pictures.append(translator(sample.photo[np.newaxis], wanted)[0])
            speeds.append(1e9 * (time.perf_counter() - start) / sample.photo[..., 0].size)
        return Column(
            source,
            pictures,
            [compare_pictures(picture, sample.reference) for picture, sample in zip(pictures, samples, strict=True)],
            median(speeds),
            file.stat().st_size,
            translator.device,
            bool(translator.info.domains),
        )
