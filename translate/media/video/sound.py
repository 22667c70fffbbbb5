"""Sound that no container written here can hold, such as Windows Media Audio: decoded, and stored as FLAC."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.packet import Packet

CODEC = "flac"  # which every Matroska player knows, and which loses nothing but what 16 bits cannot hold


class SoundEncoder:
    """Encodes one stream of sound again, with its rate, channels and times."""

    def __init__(self, source: AudioStream, container: OutputContainer) -> None:
        self._source = source
        # PyAV's types do not know that FLAC is sound
        self.stream = cast("AudioStream", container.add_stream(CODEC, rate=source.codec_context.sample_rate))
        context: Any = self.stream.codec_context
        context.layout, context.format = source.codec_context.layout, "s16"

    def add(self, packet: Packet) -> Iterator[Packet]:
        """The packets to store by now; an empty ``packet``, the last one of a stream, gives all that are left."""
        for frame in self._source.decode(packet):
            yield from self.stream.encode(frame)
        if not packet.size:
            yield from self.stream.encode(None)
