"""Files -> decode | translate | encode -> files: the three overlap, memory stays flat, and no picture gets lost.

Each thread carries one photo through all stages. There are enough of them that some decode and encode while others
translate; as many are translated at a time as the device takes, and the next photos wait for it decoded.
"""

from __future__ import annotations

import io
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from translate.convert.moving import convert_moving
from translate.convert.options import Options
from translate.convert.planning import Domain, Job
from translate.convert.strips import LARGE, TranslatesStrips, save_large, translate_in_place
from translate.errors import PictureError, one_line, render
from translate.media.compose import blend, side_by_side
from translate.media.formats import FORMATS
from translate.media.guards import TOO_LARGE
from translate.media.images import Picture, Upright, encode_picture, load_frugally, shrink
from translate.storage.atomic import remove_abandoned
from translate.storage.remote import Location, atomic_file

Translate = Callable[[NDArray[np.uint8], Domain], NDArray[np.uint8]]  # [N, H, W, 3] -> the same shape
Seconds = dict[str, float]  # by what they were spent on, one of STAGES

STAGES = ("decode", "wait", "translate", "encode")  # "wait": for the device


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What became of one job."""

    job: Job
    failure: str | None = None  # one line naming the file, with marks as in `errors`: a front end renders them
    size: tuple[int, int] | None = None  # width and height of what was written
    stages: Seconds = field(default_factory=dict)  # decoding counts in the first job of a photo

    @property
    def error(self) -> str | None:
        """One line naming the file, None where all went well; settings are called as in Python."""
        return None if self.failure is None else render(self.failure)

    @property
    def source(self) -> Location | None:
        return self.job.source

    @property
    def output(self) -> Location | None:
        return self.job.output

    @property
    def seconds(self) -> float:
        """Spent on it, while others were in the works too."""
        return sum(self.stages.values()) - self.stages.get("wait", 0.0)


class Stopped(Exception):  # noqa: N818 (nothing went wrong)
    """The conversion ends before this photo is through."""


def run_jobs(jobs: Iterable[Job], translate: Translate, options: Options) -> Iterator[Result]:
    """Carry out ``jobs``, yielding a `Result` for each, in their order. ``translate`` is mostly a `Translator`.

    A photo is decoded once for the jobs that follow each other with it, as those of several domains do. ``translate``
    is called from ``options.translate_workers`` threads at a time. A picture that cannot be read, translated or written
    is a result with an error. Closing the iterator, or an exception in it such as KeyboardInterrupt, first lets the
    files being written be finished.
    """
    threads = options.translate_workers + options.workers
    conversion = _Conversion(translate, options)
    under_way: deque[Future[list[Result]]] = deque()
    with ThreadPoolExecutor(threads, "convert") as pool:
        try:
            for _, same_source in groupby(jobs, key=lambda job: (job.source, job.skip)):
                group = list(same_source)
                # Standard input is read here: a thread that waits for it could not be interrupted.
                source = sys.stdin.buffer.read() if group[0].source is None else group[0].source
                under_way.append(pool.submit(conversion.carry, group, source))
                while len(under_way) > threads or (under_way and under_way[0].done()):
                    yield from under_way.popleft().result()
            while under_way:
                yield from under_way.popleft().result()
        except BaseException as error:
            conversion.stop(error)
            pool.shutdown(wait=False, cancel_futures=True)
            if isinstance(error, Stopped) and conversion.reason is not None:
                raise conversion.reason from None
            raise


def remove_left_over(jobs: Sequence[Job]) -> None:
    """Remove what killed processes left of ``jobs``: files half-written, and the segments of videos that are there."""
    outputs = [(job.output, job) for job in jobs if isinstance(job.output, Path)]
    for folder in {output.parent for output, _ in outputs}:
        remove_abandoned(folder)
    for output, job in outputs:
        if job.kind == "video" and job.skip:
            from translate.media.video.segments import remove_parts

            remove_parts(output)


class _Conversion:
    """What the threads share."""

    def __init__(self, translate: Translate, options: Options) -> None:
        self.translate, self.options = translate, options
        self.reason: BaseException | None = None  # why it ends before all photos are through
        self.translating = threading.BoundedSemaphore(options.translate_workers)
        self.large = threading.Lock()  # of large pictures there is room for one

    def stop(self, reason: BaseException) -> None:
        """Let no photo begin another stage."""
        if not isinstance(reason, Stopped):
            self.reason = self.reason or reason

    def carry(self, jobs: list[Job], source: Location | bytes) -> list[Result]:
        """All jobs of one photo."""
        if jobs[0].skip:
            return [Result(job=job) for job in jobs]
        try:
            if jobs[0].kind == "picture":
                return self._carry(jobs, source)
            return [self._caught(job, self._convert_moving) for job in jobs]
        except BaseException as error:
            self.stop(error)
            raise

    def _carry(self, jobs: list[Job], source: Location | bytes) -> list[Result]:
        seconds: Seconds = {}
        with ExitStack() as held:
            try:
                with self._stage("decode", seconds):
                    photo = self._decode(source, admit_large=lambda: held.enter_context(self.large))
            except PictureError as error:
                return [Result(job=job, failure=one_line(error), stages=seconds) for job in jobs]
            except MemoryError:
                return [_too_large(job, seconds) for job in jobs]
            results = []
            for job in jobs:
                results.append(self._caught(job, partial(self._convert, photo=photo, last=job is jobs[-1]), seconds))
                seconds = {}
            return results

    def _caught(
        self, job: Job, convert: Callable[[Job, Seconds], tuple[int, int]], seconds: Seconds | None = None
    ) -> Result:
        """The result of ``convert``; what is wrong with the picture becomes an error."""
        seconds = {} if seconds is None else seconds
        try:
            return Result(job=job, size=convert(job, seconds), stages=seconds)
        except PictureError as error:
            return Result(job=job, failure=one_line(error), stages=seconds)
        except MemoryError:
            return _too_large(job, seconds)

    @contextmanager
    def _stage(self, name: str, seconds: Seconds) -> Iterator[None]:
        """Add the time spent inside to ``seconds``; raises ``Stopped`` where the conversion is to end."""
        if self.reason is not None:
            raise Stopped
        start = time.perf_counter()
        try:
            yield
        finally:
            seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - start

    @contextmanager
    def _translating(self, seconds: Seconds) -> Iterator[None]:
        """Translate inside, when the device takes another picture."""
        with self._stage("wait", seconds):
            self.translating.acquire()
        try:
            with self._stage("translate", seconds):
                yield
        finally:
            self.translating.release()

    def _decode(self, source: Location | bytes, *, admit_large: Callable[[], object]) -> Picture | Upright:
        options = self.options
        # what has to be scaled or doubled is held as an array in any case
        large = options.max_pixels if options.max_size or options.compare else LARGE
        photo = load_frugally(source, max_pixels=options.max_pixels, large=large, admit_large=admit_large)
        return photo if options.max_size is None or isinstance(photo, Upright) else shrink(photo, options.max_size)

    def _convert(self, job: Job, seconds: Seconds, *, photo: Picture | Upright, last: bool) -> tuple[int, int]:
        """Translate and write; width and height of what was written. ``last``: no other job needs the photo."""
        if isinstance(photo, Upright):
            return self._convert_large(job, photo if last else photo.copy(), seconds)
        options = self.options
        with self._translating(seconds), _naming(job.source_name):
            translated = self.translate(photo.rgb[np.newaxis], job.domain)[0]
        with self._stage("encode", seconds):
            result = replace(photo, rgb=blend(photo.rgb, translated, options.strength))
            if options.compare:
                result = side_by_side(photo, result)
            with _naming(job.output_name):
                content = encode_picture(result, _format(job, photo), options.quality, options.effort)
            with _opened(job) as file:
                file.write(content)
        return result.size

    def _convert_large(self, job: Job, photo: Upright, seconds: Seconds) -> tuple[int, int]:
        """The same for a photo that is held once, and then no more."""
        options = self.options
        if not isinstance(self.translate, TranslatesStrips):
            raise TypeError("large pictures need a `Translator`")
        with self._translating(seconds), _naming(job.source_name):
            translate_in_place(photo, self.translate, job.domain, options.strength)
        with self._stage("encode", seconds), _opened(job) as file, _naming(job.output_name):
            save_large(photo, file, _format(job, photo), options.quality, options.effort)
        return photo.size

    def _convert_moving(self, job: Job, seconds: Seconds) -> tuple[int, int]:
        def translate(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
            with self._translating(seconds):
                return blend(frames, self.translate(frames, job.domain), self.options.strength)

        start = time.perf_counter()
        size = convert_moving(job, translate, self.options)
        # decoding and encoding are under way all the time, while frames are translated too
        seconds["encode"] = time.perf_counter() - start - seconds.get("translate", 0.0) - seconds.get("wait", 0.0)
        return size


def _too_large(job: Job, seconds: Seconds) -> Result:
    return Result(job=job, failure=f"{job.source_name}: {TOO_LARGE}", stages=seconds)


@contextmanager
def _naming(file: str) -> Iterator[None]:
    try:
        yield
    except PictureError as error:
        raise PictureError(f"{file}: {error.marked}") from error


@contextmanager
def _opened(job: Job) -> Iterator[IO[bytes]]:
    """What the content of the output is written to; all of it or nothing gets there."""
    if job.output is not None:
        with atomic_file(job.output) as file:
            yield file
        return
    content = io.BytesIO()
    yield content
    sys.stdout.buffer.write(content.getbuffer())
    sys.stdout.buffer.flush()


def _format(job: Job, photo: Picture | Upright) -> str:
    """Of the output: the one planned, else the photo's own."""
    return job.format or (photo.format if photo.format in FORMATS and photo.format != "GIF" else "PNG")
