"""Encoded segments of a video in progress, in a folder beside the output, which survives an interruption.

Each segment is encoded on its own, so it starts with a key frame. One file holds its packets with their exact time
stamps, without a container that would round or shift them.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from translate.errors import PictureError, UnusableError
from translate.machine import processor_features
from translate.media.formats import Effort
from translate.media.video.colour import FULL_RANGE, Colour
from translate.media.video.decode import SCALING, DamagedVideoError, import_av
from translate.storage.atomic import remove_abandoned, write_atomically
from translate.storage.lock import LockedError, LockFile
from translate.storage.own_files import is_ours, make_own_folder

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext

QUALITY = 90  # the default, 1 to 100
GLOBAL_HEADER = 1 << 22  # FFmpeg's flag: codec parameters outside the packets, as all these containers require
SETTINGS = "settings.json"
LOCK = ".lock"
_PRESETS: dict[Effort, str] = {"fast": "veryfast", "normal": "medium", "small": "slow"}  # x264's
_CPU_USED: dict[Effort, str] = {"fast": "6", "normal": "4", "small": "2"}  # VP9's speeds


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How the result is encoded. Segments of the same encoding can be joined in one stream."""

    codec: str  # FFmpeg's name for the encoder
    options: Mapping[str, str]
    width: int  # pixels, even for H.264
    height: int
    pixel_aspect: Fraction
    rate: Fraction
    time_base: Fraction
    colour: Colour

    def configure(self, context: VideoCodecContext) -> None:
        """Set up an encoder that has not started yet."""
        context.width, context.height = self.width, self.height
        context.pix_fmt = "yuv420p"
        context.framerate, context.time_base = self.rate, self.time_base
        context.sample_aspect_ratio = self.pixel_aspect
        context.colorspace, context.color_range = self.colour.matrix, self.colour.range
        context.color_primaries, context.color_trc = self.colour.primaries, self.colour.transfer
        context.flags |= GLOBAL_HEADER
        context.options = dict(self.options)


def choose_codec(suffix: str, quality: int | None, effort: Effort = "normal") -> tuple[str, dict[str, str]]:
    """The encoder for a file that ends in ``suffix``, one of `CONTAINERS`, and its options for ``quality``, 1 to 100.

    H.264; VP9 for WebM, and wherever FFmpeg was built without x264, except in MOV. Raises ``UnusableError`` if there is
    no encoder for the suffix.
    """
    available = import_av().codec.codecs_available
    quality = QUALITY if quality is None else quality
    if suffix.lower() != ".webm" and "libx264" in available:
        return "libx264", {"crf": str(round(51 - 0.36 * quality)), "preset": _PRESETS[effort], **_repeatable()}
    if suffix.lower() != ".mov" and "libvpx-vp9" in available:
        speed = {"deadline": "good", "cpu-used": _CPU_USED[effort], "row-mt": "1"}
        return "libvpx-vp9", {"crf": str(round(63 - 0.45 * quality)), "b": "0", **speed}
    raise UnusableError(f"the installed PyAV has no encoder for {suffix}; try pip install --force-reinstall av")


def _repeatable() -> dict[str, str]:
    """The option that makes x264 encode the same frames to the same bytes every time.

    With AVX-512, if the row length is not a multiple of 16 blocks, x264's macroblock tree reads uninitialised memory,
    even on one thread: one of twenty encodings differed. With AVX2 none of hundreds did.
    """
    return {"x264-params": "asm=avx2"} if "AVX512F" in processor_features() else {}


class SegmentEncoder:
    """Encodes one segment; ``packets`` are in coding order, with the source's time stamps."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._context: VideoCodecContext = import_av().CodecContext.create(encoding.codec, "w")
        encoding.configure(self._context)
        self.packets: list[Packet] = []
        self.frames = 0
        self.end = 0  # end of the last frame, in units of the time base

    def add(self, pixels: NDArray[np.uint8], pts: int, duration: int) -> None:
        """Add a frame, [H, W, 3], at most a row and a column smaller than the encoding: its edge is then repeated."""
        encoding, colour = self._encoding, self._encoding.colour
        below, right = encoding.height - pixels.shape[0], encoding.width - pixels.shape[1]
        padded = np.ascontiguousarray(np.pad(pixels, ((0, below), (0, right), (0, 0)), mode="edge"))
        frame = (
            import_av()
            .VideoFrame.from_ndarray(padded, format="rgb24")
            .reformat(
                format="yuv420p",
                dst_colorspace=colour.conversion_matrix(encoding.width, encoding.height),
                dst_color_range=FULL_RANGE if colour.range == FULL_RANGE else 1,
                interpolation=SCALING,
            )
        )
        frame.colorspace, frame.color_range = colour.matrix, colour.range
        frame.pts, frame.time_base = pts, encoding.time_base
        self.packets += self._context.encode(frame)
        self.frames += 1
        self.end = pts + duration

    def finish(self) -> None:
        self.packets += self._context.encode(None)


class Parts:
    """The finished segments of one output, in the hidden folder ``.NAME.parts`` beside it, locked until ``with`` ends.

    Segments that are still there then stay for the next call, unless it was a damaged source that ended this one.
    """

    def __init__(self, output: Path, settings: Mapping[str, object]) -> None:
        """Lock the folder, and remove segments of another user, or made with other ``settings`` (JSON values).

        Raises ``PictureError`` if another process is making the same output, or the folder cannot be written or is a
        link.
        """
        self.folder = folder_of(output)
        try:
            make_own_folder(self.folder)
            self._lock = LockFile(self.folder / LOCK)
        except LockedError as error:
            raise PictureError(f"{output}: is being made by another ({error}); name another output") from error
        except OSError as error:
            raise PictureError(f"{output}: cannot be written: {error.strerror}") from error
        try:
            self._resume(settings)
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, DamagedVideoError) or not self.count:
            self.remove()
        self._lock.release()
        with suppress(OSError):  # not empty: segments for the next call
            self.folder.rmdir()

    def _resume(self, settings: Mapping[str, object]) -> None:
        text = json.dumps(settings, indent=2, sort_keys=True)
        try:
            same = is_ours(self.folder) and (self.folder / SETTINGS).read_text(encoding="utf-8") == text
        except (OSError, UnicodeDecodeError):
            same = False
        if not same:
            self.remove()
            write_atomically(self.folder / SETTINGS, text.encode())
        self.count = 0
        self.frames = 0  # in all segments
        while self._segment(self.count).is_file():
            with np.load(self._segment(self.count)) as stored:
                self.frames += int(stored["frames"])
            self.count += 1

    def _segment(self, number: int) -> Path:
        return self.folder / f"{number:06}.npz"

    def _state(self, number: int) -> Path:
        return self.folder / f"{number:06}-state.npz"

    def save(self, segment: SegmentEncoder, state: Mapping[str, NDArray[np.uint8]]) -> None:
        """Store a segment, and ``state``, which the frames after it depend on. Raises ``PictureError`` if it cannot.

        The segment is written last, so that a segment never lacks its state.
        """
        if state:
            write_atomically(self._state(self.count), _as_npz(state))
        contents = [bytes(packet) for packet in segment.packets]
        packets = {
            "data": np.frombuffer(b"".join(contents), np.uint8),
            "sizes": np.array([len(content) for content in contents], np.int64),
            "pts": np.array([packet.pts for packet in segment.packets], np.int64),
            "key": np.array([packet.is_keyframe for packet in segment.packets]),
            "frames": np.array(segment.frames),
            "end": np.array(segment.end),
        }
        write_atomically(self._segment(self.count), _as_npz(packets))
        self._state(self.count - 1).unlink(missing_ok=True)
        self.count += 1
        self.frames += segment.frames

    def state(self) -> dict[str, NDArray[np.uint8]] | None:
        """The state saved with the newest segment; None: there is none."""
        if not self._state(self.count - 1).is_file():
            return None
        with np.load(self._state(self.count - 1)) as stored:
            return dict(stored)

    def packets(self, encoding: Encoding) -> Iterator[Packet]:
        """All packets in coding order, with time stamps and durations consistent across segments.

        The decoding time at position n is the display time n - d in display order, where d is the deepest reordering:
        so decoding times never decrease and never exceed the frame's own display time.
        """
        coded, end = [], 0
        for number in range(self.count):
            with np.load(self._segment(number)) as segment:
                coded += segment["pts"].tolist()
                end = int(segment["end"])
        shown = sorted(coded)
        rank = {pts: place for place, pts in enumerate(shown)}
        delay = max(place - rank[pts] for place, pts in enumerate(coded))
        step = max(1, round(1 / (encoding.rate * encoding.time_base)))
        decoded = [shown[0] - step * ahead for ahead in range(delay, 0, -1)] + shown
        following = [*shown[1:], end]
        for place, (content, is_keyframe) in enumerate(self._contents()):
            packet = import_av().Packet(content)
            packet.pts, packet.dts, packet.time_base = coded[place], decoded[place], encoding.time_base
            packet.duration = following[rank[packet.pts]] - packet.pts
            packet.is_keyframe = is_keyframe
            yield packet

    def _contents(self) -> Iterator[tuple[bytes, bool]]:
        """The bytes of each packet, and whether it is a key frame."""
        for number in range(self.count):
            with np.load(self._segment(number)) as segment:
                data, sizes, keys = segment["data"], segment["sizes"], segment["key"]
            for content, is_keyframe in zip(np.split(data, np.cumsum(sizes)[:-1]), keys, strict=True):
                yield content.tobytes(), bool(is_keyframe)

    def remove(self) -> None:
        """Remove the segments, but no other files, in case the folder has the same name by chance."""
        remove_abandoned(self.folder)
        for path in [*self.folder.glob("[0-9]*.npz"), self.folder / SETTINGS]:
            path.unlink(missing_ok=True)


def folder_of(output: Path) -> Path:
    return output.with_name(f".{output.name}.parts")


def remove_parts(output: Path) -> None:
    """Remove the segments of ``output``, unless another process is making that output."""
    if folder_of(output).is_dir():
        with suppress(PictureError), Parts(output, {}) as parts:
            parts.remove()


def _as_npz(arrays: Mapping[str, Any]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()
