"""What a new style is worth: how near it comes to its target pictures on photos held out, how steady and how fast."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

import numpy as np

from translate.distillation.request import MAX_SCALE
from translate.evaluate.comparison import Pixels, Sample, SampleFiles, load_sample
from translate.evaluate.flicker import BORDER, DIAGONAL, SIDE, Translate, flicker, mean
from translate.evaluate.pair_metrics import PairMetrics, compare_pictures
from translate.evaluate.set_metrics import spaced_indices
from translate.machine import usable_cores
from translate.media.images import load_rgb
from translate.style.translator import Translator

HeldOut = Mapping[str, tuple[Path, Path]]  # name -> photo and target picture, of one size

PANS = 4  # photos at most, of the flicker
FRAMES = 16  # per pan
MIN_SIDE = 2 * BORDER + 64  # pixels of the window that glides over a photo


@dataclass(frozen=True)
class Measures:
    """The target pictures are the teacher's, or the finished ones; PSNRs are capped at 60 dB."""

    psnr_db: float  # of the style's pictures against the target pictures: mean
    ssim: float  # likewise
    worst: tuple[str, float]  # the photo whose PSNR is lowest, and that
    photo_psnr_db: float  # of the untouched photos against the target pictures: mean
    psnr_int8_db: float | None  # of the int8 style's pictures against the target pictures: mean
    flicker_ratio: float  # of a diagonal pan, see `flicker_ratio`
    seconds_per_photo: float  # median of the translation alone, after a warm-up
    seconds_int8: float | None
    teacher_seconds: float | None  # per photo, where there is a teacher
    count: int  # photos held out
    cores: int  # of the processor that took these times
    file_bytes: int
    int8_bytes: int | None


@dataclass(frozen=True)
class _Scores:
    metrics: dict[str, PairMetrics]
    seconds: float

    @property
    def psnr_db(self) -> float:
        return fmean(metrics.capped_psnr_db for metrics in self.metrics.values())


def measure(style: Path, int8: Path | None, held_out: HeldOut, teacher_seconds: float | None) -> Measures:
    """Measure the file ``style``, and its int8 variant where there is one, on the processor.

    Raises ``PictureError`` for a picture that cannot be read or has another size than its photo, ``UnusableError`` for
    a style that cannot be used, ``ValueError`` where no photo is held out.
    """
    if not held_out:
        raise ValueError("no photo is held out to measure the style on")
    photos = [photo for photo, _ in held_out.values()]
    translator = Translator(style, device="cpu")
    scores = _score(translator, held_out)
    int8_scores = None if int8 is None else _score(Translator(int8, device="cpu"), held_out)
    worst = min(scores.metrics, key=lambda name: scores.metrics[name].psnr_db)
    return Measures(
        psnr_db=scores.psnr_db,
        ssim=fmean(metrics.ssim for metrics in scores.metrics.values()),
        worst=(worst, scores.metrics[worst].capped_psnr_db),
        photo_psnr_db=fmean(
            compare_pictures(sample.photo, sample.reference).capped_psnr_db for sample in _samples(held_out)
        ),
        psnr_int8_db=None if int8_scores is None else int8_scores.psnr_db,
        flicker_ratio=flicker_ratio(lambda frame: translator(frame[np.newaxis])[0], photos),
        seconds_per_photo=scores.seconds,
        seconds_int8=None if int8_scores is None else int8_scores.seconds,
        teacher_seconds=teacher_seconds,
        count=len(held_out),
        cores=usable_cores(),
        file_bytes=style.stat().st_size,
        int8_bytes=None if int8 is None else int8.stat().st_size,
    )


def flicker_ratio(translate: Translate, photos: Sequence[Path]) -> float:
    """How much more a translation changes from frame to frame of a slow pan than the photo does; 1: no more.

    Over up to `PANS` photos, evenly chosen from those large enough, with a window of up to
    `translate.evaluate.flicker.SIDE` pixels. NaN where none is large enough, or nothing in them changes.
    """
    large = [path for path in photos if _window_side(load_rgb(path)) >= MIN_SIDE]
    if not large:
        return float("nan")
    chosen = (load_rgb(large[index]) for index in spaced_indices(len(large), PANS))
    pans = [
        flicker(photo, translate, DIAGONAL, frames=FRAMES, side=_window_side(photo), border=BORDER) for photo in chosen
    ]
    return mean(pans).ratio


def _window_side(photo: Pixels) -> int:
    """The side of the largest window that can pan over ``photo``, up to `SIDE`; below 1 where there is none."""
    room = np.array(photo.shape[1::-1]) - np.abs(DIAGONAL) * (FRAMES - 1)
    return int(min(SIDE, *np.floor(room)))


def _score(translator: Translator, held_out: HeldOut) -> _Scores:
    metrics: dict[str, PairMetrics] = {}
    seconds = []
    for sample in _samples(held_out):
        if not metrics:
            translator(sample.photo[np.newaxis])  # warm-up
        start = time.perf_counter()
        picture = translator(sample.photo[np.newaxis])[0]
        seconds.append(time.perf_counter() - start)
        metrics[sample.name] = compare_pictures(picture, sample.reference)
    return _Scores(metrics, median(seconds))


def _samples(held_out: HeldOut) -> Iterator[Sample]:
    """One after another, as all of them could fill the memory."""
    for name, (photo, target) in held_out.items():
        yield load_sample(SampleFiles(name, photo, target), MAX_SCALE)
