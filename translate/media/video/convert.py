"""Converting a video file: decoding, translating and encoding overlap, memory stays flat, interruptions cost little.

The result has the same frames at the same times, upright, with sound and subtitles copied bit for bit. After an
interruption, repeating the call resumes after the finished segments.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from translate.errors import PictureError, UserError
from translate.media.formats import CONTAINERS
from translate.media.frames import MovingOptions
from translate.media.stabilise import Stabiliser
from translate.media.video.decode import FRAME_SHARE, Frame, VideoInfo, import_av, probe, read_frames
from translate.media.video.mux import Unfit, join, unfit_streams
from translate.media.video.segments import Encoding, Parts, SegmentEncoder, choose_codec

Pixels = NDArray[np.uint8]
Translate = Callable[[Pixels], Pixels]  # [N, H, W, 3] -> the same shape, or so many times as high and wide
OnProgress = Callable[[int, int | None], None]  # frames done; frames in total, None: the file does not say
T = TypeVar("T")

SEGMENT_SECONDS = 4
BATCH_PIXELS = 2_000_000  # small frames are translated in batches of at most this many pixels
LARGEST_BATCH = 8
AHEAD = 2  # batches decoded ahead, and as many waiting to be encoded


@dataclass(frozen=True, kw_only=True)
class VideoResult:
    """What was written."""

    size: tuple[int, int]  # width and height in pixels
    frames: int
    resumed: int  # those of the frames that an earlier call had finished
    padded: bool  # by a column or a row, as H.264 stores even numbers of them
    unfit: Unfit  # what the output's container cannot hold
    left_out: tuple[str, ...] = ()  # what else there is to see in the file, of which one video is converted


def convert_video(
    source: Path,
    output: Path,
    translate: Translate,
    options: MovingOptions | None = None,
    *,
    settings: Mapping[str, object] | None = None,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
) -> VideoResult:
    """Translate the video ``source`` to ``output``, whose suffix, one of `CONTAINERS`, sets the container.

    ``translate`` returns frames ``options.enlarged`` times as high and wide. ``settings``: everything that determines
    what ``translate`` does, as JSON values. Segments of an interrupted call are reused if it had the same settings,
    ``options`` and source. ``translate`` is called in the caller's thread, ``on_progress`` after each batch.

    Raises ``PictureError`` naming the file if the source cannot be read or the output cannot be written, or if, without
    ``overwrite``, there is one by then; ``UnusableError`` if PyAV is missing, ``UserError`` for any other suffix. After
    an exception, including KeyboardInterrupt, no output was written, and the finished segments are kept for the next
    call, unless it was a damaged source that ended this one.
    """
    options = options or MovingOptions()
    if output.suffix.lower() not in CONTAINERS:
        raise UserError(f"{output}: a video is written to {', '.join(CONTAINERS)}; name an output with one of these")
    info = probe(source, options.max_size, options.max_pixels)
    unfit = unfit_streams(source, output.suffix)
    _require_room(source, info, options)
    encoding = _encoding_for(info, output.suffix, options)
    batch_size = min(LARGEST_BATCH, max(1, BATCH_PIXELS // (info.width * info.height * options.enlarged**2)))
    batches = max(1, round(SEGMENT_SECONDS * info.rate / batch_size))  # per segment
    status, av = source.stat(), import_av()
    made_with = {
        "source": [source.name, status.st_size, status.st_mtime_ns],
        "libraries": [av.__version__, *map(str, av.library_versions.values())],
        "encoding": {name: str(value) for name, value in asdict(encoding).items()},
        # no fields of a subclass: what else changes the frames is in ``settings``
        "options": {option.name: getattr(options, option.name) for option in fields(MovingOptions)},
        "segment": batches * batch_size,
        "style": dict(settings or {}),
    }
    with Parts(output, made_with) as parts:
        resumed = parts.frames
        encoder = _Encoder(encoding, parts, batches * batch_size, options)
        with closing(read_frames(source, info, skip=resumed)) as frames:
            done = resumed
            if on_progress:
                on_progress(done, info.frames)
            for count in _encoded(_batches(frames, batch_size), partial(_translated, translate, source), encoder):
                done += count
                if on_progress:
                    on_progress(done, info.frames)
        join(source, output, parts, encoding, options, overwrite=overwrite)
        parts.remove()
    size = encoding.width, encoding.height
    return VideoResult(
        size=size,
        frames=done,
        resumed=resumed,
        padded=size != _size_of_result(info, options),
        unfit=unfit,
        left_out=info.left_out,
    )


def _encoded(batches: Iterator[list[Frame]], translate: Translate, encoder: _Encoder) -> Iterator[int]:
    """Decode, translate and encode in parallel; yields the number of frames of each batch once translated."""
    with (
        ThreadPoolExecutor(1, "encode") as thread,
        closing(_ahead(batches, AHEAD)) as decoded,
    ):
        encoding_now: deque[Future[None]] = deque()
        try:
            for batch in decoded:
                photos = np.stack([frame.pixels for frame in batch])
                encoding_now.append(thread.submit(encoder.add, batch, photos, translate(photos)))
                while len(encoding_now) > AHEAD:
                    encoding_now.popleft().result()
                yield len(batch)
            while encoding_now:
                encoding_now.popleft().result()
            encoder.finish_segment()
        finally:
            thread.shutdown(wait=True, cancel_futures=True)


class _Encoder:
    """The last stage, in its own thread: collects frames into segments."""

    def __init__(self, encoding: Encoding, parts: Parts, segment_frames: int, options: MovingOptions) -> None:
        self._encoding, self._parts, self._segment_frames = encoding, parts, segment_frames
        self._stabiliser = Stabiliser(parts.state()) if options.stabilise else None
        self._compare = options.compare
        self._segment: SegmentEncoder | None = None

    def add(self, frames: list[Frame], photos: Pixels, results: Pixels) -> None:
        if self._stabiliser is not None:
            results = self._stabiliser(photos, results)
        if self._compare:
            results = np.concatenate((photos, results), axis=2)
        for frame, pixels in zip(frames, results, strict=True):
            self._segment = self._segment or SegmentEncoder(self._encoding)
            self._segment.add(pixels, frame.pts, frame.duration)
            if self._segment.frames == self._segment_frames:
                self.finish_segment()

    def finish_segment(self) -> None:
        if self._segment is not None:
            self._segment.finish()
            self._parts.save(self._segment, {} if self._stabiliser is None else self._stabiliser.state)
            self._segment = None


def _require_room(source: Path, info: VideoInfo, options: MovingOptions) -> None:
    """Raise ``PictureError`` if enlarged frames would be over the limit that frames to read have."""
    width, height = _size_of_result(info, options)
    if options.enlarged > 1 and width * height * FRAME_SHARE > options.max_pixels:
        raise PictureError(
            f"{source}: frames of {info.width} x {info.height} pixels are too many to be enlarged {options.enlarged} "
            f"times; choose a smaller <scale>, or raise the limit with <max_pixels> {width * height * FRAME_SHARE}"
        )


def _size_of_result(info: VideoInfo, options: MovingOptions) -> tuple[int, int]:
    """Width and height of the frames to encode."""
    return info.width * options.enlarged * (2 if options.compare else 1), info.height * options.enlarged


def _encoding_for(info: VideoInfo, suffix: str, options: MovingOptions) -> Encoding:
    codec, codec_options = choose_codec(suffix, options.quality, options.effort)
    width, height = _size_of_result(info, options)
    even = 2 if codec == "libx264" else 1  # its chroma is stored per 2 x 2 block, in whole blocks
    return Encoding(
        codec=codec,
        options=codec_options,
        width=-(-width // even) * even,
        height=-(-height // even) * even,
        pixel_aspect=info.pixel_aspect,
        rate=info.rate,
        time_base=info.time_base,
        colour=info.colour.of_result,
    )


def _translated(translate: Translate, source: Path, photos: Pixels) -> Pixels:
    try:
        return translate(photos)
    except PictureError as error:
        raise PictureError(f"{source}: {error.marked}") from error


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of ``size`` items, the last one shorter."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _ahead(items: Iterator[T], count: int) -> Generator[T, None, None]:
    """``items``, produced in a thread, up to ``count`` of them ahead."""
    with ThreadPoolExecutor(1, "decode") as thread:
        coming = deque(thread.submit(next, items, None) for _ in range(count))
        try:
            while (item := coming.popleft().result()) is not None:
                coming.append(thread.submit(next, items, None))
                yield item
        finally:
            thread.shutdown(wait=True, cancel_futures=True)
