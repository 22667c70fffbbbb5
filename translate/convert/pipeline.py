"""Files -> decode | translate | encode -> files: the stages overlap, memory stays flat, and no picture gets lost.

Each thread takes one photo through all stages. There are enough threads that some decode and encode while others
translate. A semaphore limits how many translate at a time; the next photos wait for it already decoded.
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
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import IO, TypeVar

import numpy as np
from numpy.typing import NDArray

from translate.convert.enlarging import Enlarging
from translate.convert.moving import convert_moving
from translate.convert.options import Options
from translate.convert.planning import Job
from translate.convert.results import Result, Seconds
from translate.convert.strips import LARGE, TranslatesStrips, fill, save_large, translate_in_place
from translate.convert.working_size import AtWorkingSize, Translate
from translate.errors import NoSpaceError, PictureError, one_line
from translate.media.compose import blend, side_by_side
from translate.media.description import NO_DESCRIPTION
from translate.media.exif import exif_of_result
from translate.media.formats import FORMATS
from translate.media.guards import TOO_LARGE
from translate.media.images import Picture, Upright, encode_picture, load_frugally, shrink, size_within
from translate.media.mark import mark
from translate.storage.atomic import AppearedError, remove_abandoned
from translate.storage.remote import Location, atomic_file

Described = TypeVar("Described", Picture, Upright)


class Stopped(Exception):  # noqa: N818 (nothing went wrong)
    """The conversion stops before this photo is finished."""


def run_jobs(jobs: Iterable[Job], translate: Translate, options: Options) -> Iterator[Result]:
    """Run ``jobs`` and yield a `Result` for each, in order. ``translate`` is usually a `Translator`.

    A photo is decoded once for consecutive jobs with the same source, such as those of several domains. ``translate``
    is called from up to ``options.translate_workers`` threads at a time. A picture that cannot be read, translated or
    written gives a result with an error.

    Where there is no room for a file, no other photo is begun: after the results of those that were, ``NoSpaceError``
    is raised. If the iterator is closed, or interrupted by an exception such as
    KeyboardInterrupt, the files being written are finished first.
    """
    threads = options.translate_workers + options.workers
    conversion = _Conversion(translate, options)
    pending: deque[Future[list[Result]]] = deque()
    with ThreadPoolExecutor(threads, "convert") as pool:
        try:
            for _, same_source in groupby(jobs, key=lambda job: (job.source, job.skip)):
                group = list(same_source)
                # Standard input is read here: a thread waiting for it could not be interrupted.
                source = sys.stdin.buffer.read() if group[0].source is None else group[0].source
                pending.append(pool.submit(conversion.run, group, source))
                while len(pending) > threads or (pending and pending[0].done()):
                    yield from pending.popleft().result()
                if conversion.disk_full:
                    break
            while pending:
                yield from pending.popleft().result()
            if conversion.disk_full:
                raise NoSpaceError(
                    "stopped, as there is no room for results; make some and repeat with <skip_existing>"
                )
        except BaseException as error:
            conversion.stop(error)
            pool.shutdown(wait=False, cancel_futures=True)
            if isinstance(error, Stopped) and conversion.reason is not None:
                raise conversion.reason from None
            raise


def remove_leftovers(jobs: Sequence[Job]) -> None:
    """Remove what killed processes left of ``jobs``: half-written files, and the segments of finished videos."""
    outputs = [(job.output, job) for job in jobs if isinstance(job.output, Path)]
    for folder in {output.parent for output, _ in outputs}:
        remove_abandoned(folder)
    for output, job in outputs:
        if job.kind == "video" and job.skip:
            from translate.media.video.segments import remove_parts

            remove_parts(output)


class _Conversion:
    """The state that the threads share."""

    def __init__(self, translate: Translate, options: Options) -> None:
        self.translate, self.options = translate, options
        self.draw = AtWorkingSize(translate, options.working_size, workers=options.translate_workers)
        self.reason: BaseException | None = None  # why it stops before all photos are finished
        self.disk_full = False
        self.translating = threading.BoundedSemaphore(options.translate_workers)
        self.large = threading.Lock()  # memory has room for one large picture

    def stop(self, reason: BaseException) -> None:
        """Prevent photos from starting another stage."""
        if not isinstance(reason, Stopped):
            self.reason = self.reason or reason

    def run(self, jobs: list[Job], source: Location | bytes) -> list[Result]:
        """Run all jobs of one photo; none of them if the disk is full."""
        if self.disk_full:
            return []
        if jobs[0].skip:
            return [Result(job=job) for job in jobs]
        try:
            if jobs[0].kind == "picture":
                return self._run_pictures(jobs, source)
            return [self._result_of(job, self._convert_moving) for job in jobs]
        except BaseException as error:
            self.stop(error)
            raise

    def _run_pictures(self, jobs: list[Job], source: Location | bytes) -> list[Result]:
        seconds: Seconds = {}
        with ExitStack() as held:
            try:
                with self._stage("decode", seconds):
                    photo = self._decode(source, admit_large=lambda: held.enter_context(self.large))
            except PictureError as error:
                return [Result(job=job, failure=one_line(error), stages=seconds) for job in jobs]
            except MemoryError:
                return [_too_large(job, seconds) for job in jobs]
            if photo.note is not None:
                self.options.on_note(jobs[0], photo.note)
            results = []
            for job in jobs:
                results.append(self._result_of(job, partial(self._convert, photo=photo, last=job is jobs[-1]), seconds))
                seconds = {}
            return results

    def _result_of(
        self, job: Job, convert: Callable[[Job, Seconds], tuple[int, int]], seconds: Seconds | None = None
    ) -> Result:
        """The result of ``convert``, with an error if it raises one about the picture."""
        seconds = {} if seconds is None else seconds
        try:
            return Result(job=job, size=convert(job, seconds), stages=seconds)
        except PictureError as error:
            if isinstance(error, AppearedError) and job.if_there == "skip":
                return Result(job=job, kept=True, stages=seconds)
            self.disk_full = self.disk_full or isinstance(error, NoSpaceError)
            return Result(job=job, failure=one_line(error), stages=seconds)
        except MemoryError:
            return _too_large(job, seconds)

    @contextmanager
    def _stage(self, name: str, seconds: Seconds) -> Iterator[None]:
        """Add the time spent inside to ``seconds``; raises ``Stopped`` if the conversion is stopping."""
        if self.reason is not None:
            raise Stopped
        start = time.perf_counter()
        try:
            yield
        finally:
            seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - start

    @contextmanager
    def _translating(self, seconds: Seconds) -> Iterator[None]:
        """Wait until the device can take another picture, then translate inside."""
        with self._stage("wait", seconds):
            self.translating.acquire()
        try:
            with self._stage("translate", seconds):
                yield
        finally:
            self.translating.release()

    def _decode(self, source: Location | bytes, *, admit_large: Callable[[], object]) -> Picture | Upright:
        options = self.options
        # pictures to scale down or put side by side need an array in any case
        large = options.max_pixels if options.max_size or options.compare else LARGE
        photo = load_frugally(
            source,
            max_pixels=options.max_pixels,
            large=large,
            admit_large=admit_large,
            enough=self._enough,
            jpeg=options.jpeg,
        )
        if options.max_size is None or isinstance(photo, Upright):
            return photo
        if photo.full_size is not None:
            return replace(photo, full_size=size_within(photo.full_size, options.max_size))
        return shrink(photo, options.max_size)

    @property
    def _enough(self) -> int | None:
        """How many pixels of a photo's longer side are needed; None: all, as the photo itself is in the result."""
        options = self.options
        longest = options.max_size or sys.maxsize
        whole = options.compare or options.strength < 1 or self.draw.covers((longest, longest))
        return None if whole else options.working_size

    def _convert(self, job: Job, seconds: Seconds, *, photo: Picture | Upright, last: bool) -> tuple[int, int]:
        """Translate and write; returns the width and height written. ``last``: no later job needs the photo."""
        if isinstance(photo, Upright):
            return self._convert_large(job, photo if last else photo.copy(), seconds)
        options = self.options
        with self._translating(seconds), _naming(job.source_name):
            translated = self.draw(photo.rgb[np.newaxis], job.domain, size=photo.full_size)[0]
            if isinstance(self.translate, Enlarging) and photo.alpha is not None:
                photo = replace(photo, alpha=self.translate.enlarge_alpha(photo.alpha))
        with self._stage("encode", seconds):
            result = replace(photo, rgb=blend(photo.rgb, translated, options.strength), full_size=None)
            if options.compare:
                result = side_by_side(photo, result)
            result = self._described(result)
            with _naming(job.output_name):
                content = encode_picture(result, _format(job, photo), options.quality, options.effort, options.jpeg)
            with _opened(job) as file:
                file.write(content)
        return result.size

    def _convert_large(self, job: Job, photo: Upright, seconds: Seconds) -> tuple[int, int]:
        """The same for a photo that is translated in place, so that only one copy is held."""
        options = self.options
        with self._translating(seconds), _naming(job.source_name):
            size = photo.full_size or photo.size
            if not self.draw.covers(size):
                photo = fill(photo, self.draw.strips(photo.colour, job.domain, size), options.strength)
            elif isinstance(self.translate, TranslatesStrips):
                translate_in_place(photo, self.translate, job.domain, options.strength)
            else:
                raise TypeError("large pictures need a `Translator`")
        photo = self._described(photo)
        with self._stage("encode", seconds), _opened(job) as file, _naming(job.output_name):
            save_large(photo, file, _format(job, photo), options.quality, options.effort)
        return photo.size

    def _described(self, result: Described) -> Described:
        """``result``, which still has what its photo's file said, with what its own file is to say."""
        if self.options.strip_metadata:
            result = replace(result, exif=None, description=NO_DESCRIPTION)
        return replace(result, exif=exif_of_result(result.exif, result.size, mark(self.options.action)))

    def _convert_moving(self, job: Job, seconds: Seconds) -> tuple[int, int]:
        def translate(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
            with self._translating(seconds):
                return blend(frames, self.draw(frames, job.domain), self.options.strength)

        start = time.perf_counter()
        enlarge_alpha = self.translate.enlarge_alpha if isinstance(self.translate, Enlarging) else None
        size = convert_moving(job, translate, self.options, enlarge_alpha)
        # decoding and encoding run all the time, also while frames are translated
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
    """The file to write the output's content to; it arrives whole or not at all."""
    if job.output is not None:
        with atomic_file(job.output, replace=job.if_there == "overwrite") as file:
            yield file
        return
    content = io.BytesIO()
    yield content
    sys.stdout.buffer.write(content.getbuffer())
    sys.stdout.buffer.flush()


def _format(job: Job, photo: Picture | Upright) -> str:
    """The output's format: the planned one, else the photo's own."""
    return job.format or (photo.format if photo.format in FORMATS and photo.format != "GIF" else "PNG")
