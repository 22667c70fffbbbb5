"""Files -> decode | translate | encode -> files: the three overlap, memory stays flat, and no picture gets lost."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from translate.errors import PictureError, one_line
from translate.files import write_atomically
from translate.images import (
    FORMATS,
    MAX_PIXELS,
    Picture,
    encode_picture,
    load_picture,
    shrink,
)
from translate.planning import Domain, Job

Translate = Callable[[NDArray[np.uint8], Domain], NDArray[np.uint8]]  # [N, H, W, 3] -> the same shape

DEFAULT_WORKERS = min(8, os.cpu_count() or 1)


@dataclass(frozen=True, kw_only=True)
class Options:
    """How each picture is converted."""

    quality: int | None = None  # 1 to 100; None: the format's own
    max_size: int | None = None  # pixels of the longer side, to which larger pictures are scaled down first
    strength: float = 1.0  # 0: the photo, 1: the result
    compare: bool = False  # photo and result side by side
    max_pixels: int = MAX_PIXELS  # larger pictures are refused
    workers: int = DEFAULT_WORKERS  # threads to decode, and as many to encode


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one job."""

    job: Job
    error: str | None = None  # one line naming the file
    size: tuple[int, int] | None = None  # width and height of what was written
    seconds: float = 0.0  # spent on it, while others were in the works too; decoding counts in each job of a photo

    @property
    def source(self) -> Path | None:
        return self.job.source

    @property
    def output(self) -> Path | None:
        return self.job.output


@dataclass(frozen=True)
class _Stage:
    """A picture on its way. Once ``error`` is set, the rest of the way is empty."""

    job: Job
    seconds: float = 0.0
    photo: Picture | None = None
    translated: NDArray[np.uint8] | None = None  # [H, W, 3]
    size: tuple[int, int] | None = None
    error: str | None = None

    def to_result(self) -> Result:
        return Result(job=self.job, error=self.error, size=self.size, seconds=self.seconds)


def convert(jobs: Iterable[Job], translate: Translate, options: Options) -> Iterator[Result]:
    """Carry out ``jobs``, yielding a `Result` for each, in their order. ``translate`` is mostly a `Translator`.

    A photo is decoded once for the jobs that follow each other with it, as those of several domains do.

    Translating happens in the caller's thread, between two results; at most ``options.workers`` decoded pictures wait
    for it, and as many are being encoded. A picture that cannot be read, translated or written is a result with an
    error. Closing the iterator, or an exception in it such as KeyboardInterrupt, first lets the files being written
    be finished.
    """
    decoding: deque[tuple[Job, Future[_Stage] | None]] = deque()  # None: the job is skipped
    encoding: deque[Future[_Stage]] = deque()
    decoders = ThreadPoolExecutor(options.workers, "decode")
    encoders = ThreadPoolExecutor(options.workers, "encode")

    def translate_down_to(waiting: int) -> Iterator[Result]:
        while len(decoding) > waiting:
            job, decoded = decoding.popleft()
            stage = _Stage(job) if decoded is None else replace(decoded.result(), job=job)
            stage = _step(_translate, stage, translate)
            encoding.append(encoders.submit(_step, _encode, stage, options))
            while encoding and (encoding[0].done() or len(encoding) > options.workers):
                yield encoding.popleft().result().to_result()

    try:
        latest: tuple[Path | None, Future[_Stage]] | None = None
        for job in jobs:
            if not job.skip and (latest is None or latest[0] != job.source):
                # Standard input is read here: a thread that waits for it could not be interrupted.
                source = sys.stdin.buffer.read() if job.source is None else job.source
                latest = job.source, decoders.submit(_step, _decode, _Stage(job), source, options)
            decoding.append((job, None if job.skip or latest is None else latest[1]))
            yield from translate_down_to(options.workers)
        yield from translate_down_to(0)
        while encoding:
            yield encoding.popleft().result().to_result()
    finally:
        for pool in (decoders, encoders):
            pool.shutdown(wait=True, cancel_futures=True)


def _step(step: Callable[..., _Stage], stage: _Stage, *arguments: object) -> _Stage:
    """``step(stage, ...)`` with its time added; what is wrong with the picture becomes the stage's error."""
    if stage.job.skip or stage.error is not None:
        return stage
    start = time.perf_counter()
    try:
        done = step(stage, *arguments)
    except PictureError as error:
        done = _Stage(stage.job, error=one_line(error))
    except MemoryError:
        done = _Stage(stage.job, error=f"{stage.job.source_name}: too large for the memory; try --max-size")
    return replace(done, seconds=stage.seconds + time.perf_counter() - start)


def _decode(stage: _Stage, source: Path | bytes, options: Options) -> _Stage:
    photo = load_picture(source, max_pixels=options.max_pixels)
    return replace(stage, photo=photo if options.max_size is None else shrink(photo, options.max_size))


def _translate(stage: _Stage, translate: Translate) -> _Stage:
    assert stage.photo is not None
    try:
        return replace(stage, translated=translate(stage.photo.rgb[np.newaxis], stage.job.domain)[0])
    except PictureError as error:
        raise PictureError(f"{stage.job.source_name}: {error}") from error


def _encode(stage: _Stage, options: Options) -> _Stage:
    """Write the output; the stage that comes back holds no pixels."""
    job, photo = stage.job, stage.photo
    assert photo is not None and stage.translated is not None
    result = replace(photo, rgb=blend(photo.rgb, stage.translated, options.strength))
    if options.compare:
        result = side_by_side(photo, result)
    try:
        content = encode_picture(result, job.format or _kept_format(photo), options.quality)
    except PictureError as error:
        raise PictureError(f"{job.output_name}: {error}") from error
    if job.output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        write_atomically(job.output, content)
    return _Stage(job, size=result.size)


def _kept_format(photo: Picture) -> str:
    return photo.format if photo.format in FORMATS and photo.format != "GIF" else "PNG"


def blend(photo: NDArray[np.uint8], result: NDArray[np.uint8], strength: float) -> NDArray[np.uint8]:
    """``photo`` at strength 0, ``result`` at 1; both [H, W, 3]."""
    if strength == 1:
        return result
    mixed = photo + (result.astype(np.float32) - photo) * np.float32(strength)
    return mixed.round().astype(np.uint8)


def side_by_side(left: Picture, right: Picture) -> Picture:
    """Two pictures of one size -> one of twice the width, with the EXIF of the left one."""
    alpha = None
    if left.alpha is not None and right.alpha is not None:
        alpha = np.hstack((left.alpha, right.alpha))
    return replace(left, rgb=np.hstack((left.rgb, right.rgb)), alpha=alpha)
