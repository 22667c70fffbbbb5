"""Joining the finished segments with the sound and subtitles of the source, without encoding anything again."""

from __future__ import annotations

import heapq
import io
import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from translate.errors import PictureError
from translate.media.formats import CONTAINERS
from translate.media.video.decode import import_av, naming, opened, video_stream
from translate.media.video.segments import Encoding, Parts
from translate.storage.atomic import atomic_file

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream

# Metadata that describes the old file, not the film; the new file gets its own.
_OF_THE_FILE = re.compile(
    r"encoder|major_brand|minor_version|compatible_brands|handler_name|vendor_id|rotate"
    r"|DURATION.*|BPS.*|NUMBER_OF_.*|_STATISTICS_.*",
    re.IGNORECASE,
)


def unfit_streams(source: Path, suffix: str) -> list[str]:
    """The subtitles of ``source`` that a file ending in ``suffix`` cannot hold, as ``subtitles (codec)``.

    Raises ``PictureError`` if it cannot hold the sound, or if ``source`` cannot be read.
    """
    with opened(source) as original:
        sounds, subtitles = _unfit(original.streams.audio, suffix), _unfit(original.streams.subtitles, suffix)
    if sounds:
        raise PictureError(
            f"{source}: {suffix} cannot hold its sound ({', '.join(sounds)}); name an output that ends in .mkv"
        )
    return [f"subtitles ({codec})" for codec in subtitles]


def _unfit(streams: Iterable[Stream], suffix: str) -> list[str]:
    """The codecs that a file ending in ``suffix`` cannot hold."""
    av = import_av()
    with av.open(io.BytesIO(), "w", format=CONTAINERS[suffix.lower()]) as container:
        known = container.supported_codecs
    names = [stream.codec_context.codec.canonical_name if stream.codec_context else "unknown" for stream in streams]
    return [name for name in names if name not in known]


def join(source: Path, output: Path, parts: Parts, encoding: Encoding) -> None:
    """Write ``output`` whole or not at all, from the segments and the unchanged sound and subtitles of ``source``.

    Titles, languages and chapters are kept. Raises ``PictureError`` if a file cannot be read or written.
    """
    av = import_av()
    suffix = output.suffix.lower()
    options = {"movflags": "faststart"} if CONTAINERS[suffix] in ("mp4", "mov") else {}
    with (
        opened(source) as original,
        atomic_file(output) as file,
        naming(output, "cannot be written"),
        av.open(str(file.name), "w", format=CONTAINERS[suffix], options=options) as joined,
    ):
        video = joined.add_stream(encoding.codec, rate=encoding.rate, options=dict(encoding.options))
        encoding.configure(video.codec_context)
        video.time_base = encoding.time_base
        copies = {}
        for stream in (*original.streams.audio, *original.streams.subtitles):
            if not _unfit([stream], suffix):
                copies[stream.index] = joined.add_stream_from_template(stream, opaque=True)
                copies[stream.index].disposition = stream.disposition
                copies[stream.index].metadata.update(_kept(stream.metadata))
        video.metadata.update(_kept(video_stream(original, source).metadata))
        joined.metadata.update(_kept(original.metadata))
        if original.chapters():
            joined.set_chapters(original.chapters())
        pictures = ((packet, video) for packet in parts.packets(encoding))
        others = ((packet, copies[packet.stream_index]) for packet in _packets(original, source, set(copies)))
        for packet, stream in heapq.merge(pictures, others, key=_decoding_time):
            packet.stream = stream
            joined.mux(packet)


def _packets(original: InputContainer, source: Path, indices: set[int]) -> Iterator[Packet]:
    with naming(source):
        for packet in original.demux():
            if packet.stream_index in indices and packet.dts is not None:  # one without dts only marks the end
                yield packet


def _decoding_time(item: tuple[Packet, Stream]) -> Fraction:
    packet, _ = item
    assert packet.dts is not None
    return packet.dts * packet.time_base


def _kept(metadata: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in metadata.items() if not _OF_THE_FILE.fullmatch(name)}
