"""Joining the finished segments with the sound and subtitles of the source, without encoding anything again."""

from __future__ import annotations

import heapq
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

from translate.errors import PictureError
from translate.media.formats import CONTAINERS
from translate.media.frames import MovingOptions
from translate.media.mark import marked
from translate.media.video.containers import as_url
from translate.media.video.decode import import_av, naming, opened, video_stream
from translate.media.video.segments import Encoding, Parts
from translate.media.video.sound import SoundEncoder
from translate.storage.atomic import atomic_file

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream

# Metadata that describes the old file, not the film; the new file gets its own.
_OF_THE_FILE = re.compile(
    r"encoder|major_brand|minor_version|compatible_brands|handler_name|vendor_id|rotate"
    r"|DURATION.*|BPS.*|NUMBER_OF_.*|_STATISTICS_.*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Unfit:
    """The streams of a video that the output's container cannot hold as they are, by their codecs."""

    sounds: list[str]  # stored in another codec
    subtitles: list[str]  # left out


def unfit_streams(source: Path, suffix: str) -> Unfit:
    """The streams of ``source`` that a file ending in ``suffix`` cannot hold.

    Raises ``PictureError`` if it cannot hold the sound where Matroska can, or if ``source`` cannot be read.
    """
    with opened(source) as original:
        sounds, subtitles = _unfit(original.streams.audio, suffix), _unfit(original.streams.subtitles, suffix)
        unknown = any(stream.codec_context is None for stream in original.streams.audio)
    if unknown:
        raise PictureError(f"{source}: its sound cannot be decoded; convert it with another program first")
    if sounds and suffix.lower() != ".mkv":
        raise PictureError(
            f"{source}: {suffix} cannot hold its sound ({', '.join(sounds)}); name an output that ends in .mkv"
        )
    return Unfit(sounds, subtitles)


def _unfit(streams: Iterable[Stream], suffix: str) -> list[str]:
    """The codecs that a file ending in ``suffix`` cannot hold."""
    av = import_av()
    with av.open(io.BytesIO(), "w", format=CONTAINERS[suffix.lower()]) as container:
        known = container.supported_codecs
    names = [stream.codec_context.codec.canonical_name if stream.codec_context else "unknown" for stream in streams]
    return [name for name in names if name not in known]


def join(
    source: Path, output: Path, parts: Parts, encoding: Encoding, options: MovingOptions, *, overwrite: bool
) -> None:
    """Write ``output`` whole or not at all, from the segments and the unchanged sound and subtitles of ``source``.

    Sound that Matroska cannot hold is encoded again. Titles, languages and chapters are kept, with ``strip_metadata``
    only the latter two; the comment gets the mark of results, as there is no other place in all containers. Raises
    ``PictureError`` if a file cannot be read or written.
    """
    av = import_av()
    suffix = output.suffix.lower()
    kept = _languages if options.strip_metadata else _of_the_film
    muxing = {"movflags": "faststart"} if CONTAINERS[suffix] in ("mp4", "mov") else {}
    with (
        opened(source) as original,
        atomic_file(output, replace=overwrite) as file,
        naming(output, "cannot be written", PictureError),
        av.open(as_url(Path(file.name)), "w", format=CONTAINERS[suffix], options=muxing) as joined,
    ):
        video = joined.add_stream(encoding.codec, rate=encoding.rate, options=dict(encoding.options))
        encoding.configure(video.codec_context)
        video.time_base = encoding.time_base
        copies: dict[int, Stream] = {}
        encoders: dict[int, SoundEncoder] = {}
        for stream in (*original.streams.audio, *original.streams.subtitles):
            if not _unfit([stream], suffix):
                copies[stream.index] = joined.add_stream_from_template(stream, opaque=True)
            elif stream.type == "audio":
                encoders[stream.index] = SoundEncoder(cast("AudioStream", stream), joined)
                copies[stream.index] = encoders[stream.index].stream
            else:
                continue
            copies[stream.index].disposition = stream.disposition
            copies[stream.index].metadata.update(kept(stream.metadata))
        video.metadata.update(kept(video_stream(original, source).metadata))
        joined.metadata.update(kept(original.metadata))
        comment = next((name for name in joined.metadata if name.lower() == "comment"), "comment")
        joined.metadata[comment] = marked(joined.metadata.get(comment), options.action)
        if original.chapters():
            joined.set_chapters(original.chapters())
        pictures = ((packet, video) for packet in parts.packets(encoding))
        others = _packets(original, source, copies, encoders)
        for packet, stream in heapq.merge(pictures, others, key=_decoding_time):
            packet.stream = stream
            joined.mux(packet)


def _packets(
    original: InputContainer, source: Path, copies: Mapping[int, Stream], encoders: Mapping[int, SoundEncoder]
) -> Iterator[tuple[Packet, Stream]]:
    """The packets of all but the video, each with the stream that it goes to."""
    with naming(source):
        for packet in original.demux():
            index = packet.stream.index  # an empty packet has no `stream_index` of its own
            if index in encoders:
                yield from ((encoded, copies[index]) for encoded in encoders[index].add(packet))
            elif index in copies and packet.dts is not None:  # one without dts only marks the end
                yield packet, copies[index]


def _decoding_time(item: tuple[Packet, Stream]) -> Fraction:
    packet, _ = item
    assert packet.dts is not None
    return packet.dts * packet.time_base


def _languages(metadata: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in metadata.items() if name.lower() == "language"}


def _of_the_film(metadata: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in metadata.items() if not _OF_THE_FILE.fullmatch(name)}
