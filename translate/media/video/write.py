"""Writing frames made by the program as a video, without a source."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from translate.errors import UserError
from translate.media.formats import CONTAINERS
from translate.media.video.colour import BT709, Colour
from translate.media.video.decode import import_av, naming
from translate.media.video.segments import Encoding, SegmentEncoder, choose_codec
from translate.storage.atomic import atomic_file

# BT.709 throughout, in the limited range, as players assume of films
COLOUR = Colour(matrix=BT709, primaries=BT709, transfer=BT709, range=1)


def write_video(output: Path, frames: Iterable[NDArray[np.uint8]], *, rate: Fraction | int) -> None:
    """Write ``frames``, at least one, uint8 [H, W, 3], at ``rate`` per second, in the suffix's container.

    Odd sides are extended by their last row or column where the codec needs even ones. Raises ``UserError`` for another
    suffix, ``UnusableError`` without PyAV, ``PictureError`` where the file cannot be written.
    """
    suffix = output.suffix.lower()
    if suffix not in CONTAINERS:
        raise UserError(f"{output}: a video is written to {', '.join(CONTAINERS)}; name an output with one of these")
    av = import_av()
    codec, options = choose_codec(suffix, None)
    pending = iter(frames)
    first = next(pending)
    even = 2 if codec == "libx264" else 1
    encoding = Encoding(
        codec=codec,
        options=options,
        width=-(-first.shape[1] // even) * even,
        height=-(-first.shape[0] // even) * even,
        pixel_aspect=Fraction(1),
        rate=Fraction(rate),
        time_base=1 / Fraction(rate),
        colour=COLOUR,
    )
    encoder = SegmentEncoder(encoding)
    for number, frame in enumerate(chain([first], pending)):
        encoder.add(frame, number, 1)
    encoder.finish()
    muxing = {"movflags": "faststart"} if CONTAINERS[suffix] in ("mp4", "mov") else {}
    with (
        atomic_file(output) as file,
        naming(output, "cannot be written"),
        av.open(str(file.name), "w", format=CONTAINERS[suffix], options=muxing) as container,
    ):
        stream = container.add_stream(codec, rate=encoding.rate, options=dict(options))
        encoding.configure(stream.codec_context)
        stream.time_base = encoding.time_base
        for packet in encoder.packets:
            packet.stream, packet.duration = stream, 1
            container.mux(packet)
