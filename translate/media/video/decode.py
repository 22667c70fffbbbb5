"""Decoding a video file to frames: upright, 8 bits per channel, RGB in the video's own colour space.

High dynamic range is brought to the standard range, BT.709.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from translate.errors import NoSpaceError, PictureError, UnusableError, is_no_space, one_line
from translate.media.guards import MAX_PIXELS
from translate.media.video.colour import FULL_RANGE, Colour, kept_matrix, to_standard_range
from translate.media.video.containers import as_url, container_format

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# Flags of FFmpeg's scaler: bilinear, full chroma interpolation, accurate rounding. Without the last two it takes
# shortcuts that darken every channel by more than 1 of 255.
SCALING = 2 | 0x2000 | 0x40000
MICROSECOND = Fraction(1, 1_000_000)
FRAME_SHARE = 5  # a frame may have 1/5 of the pixels of a picture, as decoders hold several; 8K stays below it
MAX_FRAMES = 10_000_000
MAX_SECONDS = 360_000
PATIENCE = 120.0  # seconds in which a drive has to give data, as those in a network may stop doing
MAX_MISSING = 0.5  # seconds by which a video may be shorter than its header says
_RELIABLE_LENGTH = ("mov", "matroska")  # containers whose stated length is that of their content


class DamagedVideoError(PictureError):
    """The content of a video cannot be decoded, the next time as little as this time."""


@dataclass(frozen=True, kw_only=True)
class VideoInfo:
    """The video stream of a file; sizes in pixels, upright and after scaling down."""

    width: int
    height: int
    pixel_aspect: Fraction  # width of a pixel / its height
    rate: Fraction  # frames per second, on average
    time_base: Fraction  # seconds per unit of the time stamps
    frames: int | None  # as the file states or implies; None: it does not say
    colour: Colour
    max_pixels: int  # as given to `probe`
    left_out: tuple[str, ...]  # what the result lacks of the pictures in the file
    display: tuple[int, int, int, int]  # (a, b, c, d): the stored pixel (x, y) is shown at (a x + c y, b x + d y)


@dataclass(frozen=True)
class Frame:
    """A decoded frame."""

    pixels: NDArray[np.uint8]  # [H, W, 3]
    pts: int  # when it is shown, in units of the time base
    duration: int  # in the same units


def import_av() -> Any:
    """PyAV; raises ``UnusableError`` if it is not installed."""
    try:
        import av
        import av.error
    except ImportError as error:
        raise UnusableError("videos need PyAV: pip install 'picture-translate[video]'") from error
    return av


def probe(path: Path, max_size: int | None = None, max_pixels: int = MAX_PIXELS) -> VideoInfo:
    """Read the header and the first frame. ``max_size``: scale down to this many pixels on the longer side.

    Raises ``PictureError`` naming the file if it is not a video, is damaged, or has frames of more than 1/`FRAME_SHARE`
    of ``max_pixels``, which is that of pictures.
    """
    with opened(path, max_pixels) as container, naming(path):
        stream = video_stream(container, path)
        _require_pixels(stream, path, max_pixels)
        frame = next(container.decode(stream), None)
        if frame is None:
            raise DamagedVideoError(f"{path}: no frame in its video can be decoded; it is damaged or cut short")
        display = _display_matrix(frame)
        width, height = (frame.height, frame.width) if _turned(display) else (frame.width, frame.height)
        aspect = stream.sample_aspect_ratio or Fraction(1)
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        context, is_rgb = stream.codec_context, frame.format.is_rgb
        scale = 1.0 if max_size is None else min(1.0, max_size / max(width, height))
        assert stream.time_base is not None  # every stream of a file has one
        return VideoInfo(
            width=max(1, round(width * scale)),
            height=max(1, round(height * scale)),
            pixel_aspect=1 / aspect if _turned(display) else aspect,
            rate=rate,
            time_base=stream.time_base,
            frames=_stated_frames(container, stream, rate),
            colour=Colour(
                matrix=kept_matrix(int(frame.colorspace), frame.width, frame.height),
                primaries=int(context.color_primaries),
                transfer=int(context.color_trc),
                range=1 if is_rgb else int(frame.color_range),
            ),
            left_out=_left_out(container, stream),
            display=display,
            max_pixels=max_pixels,
        )


def _left_out(container: InputContainer, shown: VideoStream) -> tuple[str, ...]:
    """What the file holds to see besides the colours of the stream that is ``shown``."""
    others = [stream for stream in container.streams.video if stream is not shown]
    covers = sum(_is_cover(stream) for stream in others)
    parts = {
        "its transparency": shown.metadata.get("alpha_mode", "0") != "0",  # of VP8 and VP9, in a layer of its own
        "a cover picture": covers == 1,
        f"{covers} cover pictures": covers > 1,
        "a second video": len(others) - covers == 1,
        f"{len(others) - covers} other videos": len(others) - covers > 1,
    }
    return tuple(part for part, there in parts.items() if there)


def _require_pixels(stream: VideoStream, path: Path, max_pixels: int) -> None:
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height * FRAME_SHARE > max_pixels:
        raise PictureError(
            f"{path}: frames of {width} x {height} pixels are over the limit of {max_pixels // FRAME_SHARE}, "
            f"1/{FRAME_SHARE} of that of a picture; raise that with <max_pixels> {width * height * FRAME_SHARE}"
        )


def read_frames(path: Path, info: VideoInfo, *, skip: int = 0) -> Generator[Frame, None, None]:
    """Decode the video of ``path`` without its first ``skip`` frames; ``info`` is what `probe` returned for it.

    The skipped frames are decoded too, as only that finds the right frame in every container; it takes a small part of
    the time that translating them took. Raises ``PictureError`` naming the file if it is damaged or shorter than it
    says.
    """
    step = max(1, round(1 / (info.rate * info.time_base)))
    count, next_pts, end = 0, None, Fraction(0)
    with opened(path, info.max_pixels) as container, naming(path):
        stream = video_stream(container, path)
        stream.thread_type = "AUTO"
        for packet in container.demux():
            if packet.pts is not None:
                end = max(end, (packet.pts + (packet.duration or 0)) * packet.time_base)
            if packet.stream is not stream:
                continue
            for frame in stream.decode(packet):
                pts, duration = frame.pts, frame.duration or step
                if pts is None or (next_pts is not None and pts < next_pts):  # bad time stamps: no two frames at once
                    pts = next_pts or 0
                next_pts = pts + 1 if frame.pts is not None else pts + duration
                count += 1
                if count > MAX_FRAMES or next_pts * info.time_base > MAX_SECONDS:
                    raise PictureError(
                        f"{path}: more than {MAX_FRAMES} frames or {MAX_SECONDS} seconds; cut it in parts"
                    )
                if count > skip:
                    yield Frame(_upright(frame, info), pts, duration)
        if container.format.name.startswith(_RELIABLE_LENGTH) and container.duration:
            # Some writers count from zero, others from the first frame: where that comes late, more may be missing.
            promised = container.duration * MICROSECOND
            if end < promised - Fraction(MAX_MISSING) - 1 / info.rate:
                raise DamagedVideoError(
                    f"{path}: cut short: {float(end):.1f} of {float(promised):.1f} seconds are there"
                )


@contextmanager
def opened(path: Path, max_pixels: int = MAX_PIXELS) -> Iterator[InputContainer]:
    """Open the container in ``path``, and close it afterwards.

    Raises ``PictureError`` naming the file, also where reading takes more than `PATIENCE`.

    Nothing else is read, whatever the file says, and no frame of more than 1/`FRAME_SHARE` of ``max_pixels`` is
    decoded, even if the header promises smaller ones.
    """
    av = import_av()
    if not path.is_file():
        raise PictureError(f"{path}: no such file")
    format, limit = container_format(path), {"max_pixels": str(max_pixels // FRAME_SHARE)}
    options = {"protocol_whitelist": "file", "enable_drefs": "0", **limit}  # the limit is for looking at first frames
    began = time.monotonic()
    with naming(path):
        try:
            url = as_url(path)
            container = av.open(url, format=format, options=options, metadata_errors="replace", timeout=PATIENCE)
        except av.error.FFmpegError as error:
            if time.monotonic() - began > PATIENCE:  # some demuxers take the end of its patience for damage
                raise _no_data(path) from error
            raise
    with container:
        for stream in container.streams.video:
            if stream.codec_context is not None:
                stream.codec_context.options = limit
        yield container


def _no_data(path: Path) -> PictureError:
    return PictureError(f"{path}: gave no data for {PATIENCE:g} seconds; copy it to a drive of this machine")


@contextmanager
def naming(
    path: Path, problem: str = "damaged, cut short, or no video", kind: type[PictureError] = DamagedVideoError
) -> Iterator[None]:
    """Turn FFmpeg's errors into one of this ``kind`` that names ``path`` and the problem."""
    errors = import_av().error
    error_type: type[Exception] = errors.FFmpegError
    try:
        yield
    except errors.ExitError as error:
        raise _no_data(path) from error
    except error_type as error:
        reason = getattr(error, "strerror", None) or one_line(error)
        kind = NoSpaceError if is_no_space(error) else kind
        raise kind(f"{path}: {problem}: {reason}") from error


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """The video stream of a file, not its cover picture. Raises ``PictureError`` if there is none."""
    streams = [stream for stream in container.streams.video if not _is_cover(stream)]
    if not streams or streams[0].codec_context is None:
        raise PictureError(f"{path}: holds no video that can be decoded")
    return streams[0]


def _is_cover(stream: VideoStream) -> bool:
    import av.stream

    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _stated_frames(container: InputContainer, stream: VideoStream, rate: Fraction) -> int | None:
    if stream.frames:
        return stream.frames
    if stream.duration and stream.time_base:
        return round(stream.duration * stream.time_base * rate)
    return round(container.duration * MICROSECOND * rate) if container.duration else None


def _display_matrix(frame: VideoFrame) -> tuple[int, int, int, int]:
    """(a, b, c, d) of the file's display matrix, each -1, 0 or 1; rotations are rounded to multiples of 90 degrees."""
    from av.sidedata.sidedata import Type

    side_data: Any = frame.side_data
    stored = side_data.get(Type.DISPLAYMATRIX)
    if stored is None:
        return 1, 0, 0, 1
    a, b, _, c, d, *_ = (int(value) for value in np.frombuffer(bytes(stored), np.int32))
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return (-1 if a < 0 else 1), 0, 0, (-1 if d < 0 else 1)
    return 0, (-1 if b < 0 else 1), (-1 if c < 0 else 1), 0


def _turned(display: tuple[int, int, int, int]) -> bool:
    """Whether rows are shown as columns."""
    return display[0] == 0


def _upright(frame: VideoFrame, info: VideoInfo) -> NDArray[np.uint8]:
    """The frame as [H, W, 3] of ``info``'s size, even if the frame size changes during the video."""
    turned = _turned(info.display)
    width, height = (info.height, info.width) if turned else (info.width, info.height)
    colour = info.colour
    rgb = frame.reformat(
        width=width,
        height=height,
        format="rgb48le" if colour.is_high_range else "rgb24",
        src_colorspace=colour.conversion_matrix(frame.width, frame.height),
        src_color_range=FULL_RANGE if colour.range == FULL_RANGE else 1,
        interpolation=SCALING,
    )
    pixels = rgb.to_ndarray()
    if colour.is_high_range:
        pixels = to_standard_range(pixels.astype(np.uint16, copy=False), colour)
    pixels = pixels.astype(np.uint8, copy=False)
    a, b, c, d = info.display
    if turned:
        return pixels.transpose(1, 0, 2)[::b, ::c]
    return pixels[::d, ::a]
