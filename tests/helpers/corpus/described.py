"""Files that state their colour by code points, or describe the picture in XMP and IPTC, truly and not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np

from tests.helpers.corpus.entry import UPRIGHT, Entry, encoded, write
from tests.media.test_cicp import avif_stating, png_stating
from tests.media.test_description import OBJECT, PACKET, PREVIEW, TITLE
from translate.media.description import Description, jpeg_segments


def colours(folder: Path, random: np.random.Generator) -> Iterator[Entry]:
    """Primaries and transfer functions in PNG and AVIF, known and not; those of sRGB leave the picture as it is."""
    pixels = np.array(UPRIGHT)
    for primaries, transfer in product((0, 1, 2, 9, 11, 12, 255), (1, 2, 8, 13, 16, 17, 18, 255)):
        is_known = primaries in (1, 9, 12) and transfer in (1, 8, 13, 16, 18)
        as_it_is = not is_known or (primaries == 1 and transfer in (1, 13))
        path = folder / f"{primaries}, {transfer}.png"
        yield write(path, png_stating(pixels, primaries, transfer, 0, 1), picture=pixels if as_it_is else None)
        if (primaries, transfer) in ((12, 13), (9, 16), (9, 18), (1, 1), (255, 255)):
            yield write(folder / f"{primaries}, {transfer} avif.avif", avif_stating(pixels, primaries, transfer))
    yield write(folder / "limited.png", png_stating(pixels, 1, 13, 0, 0))
    for size in (0, 3, 5, 400):
        yield write(folder / f"{size} bytes.png", png_stating(pixels, *random.bytes(size)), picture=pixels)
    half = pixels[:12]
    content = avif_stating(half, 9, 16, save_all=True, append_images=[UPRIGHT.crop((0, 0, 48, 12))], duration=40)
    yield write(folder / "moving.avif", content)


def descriptions(folder: Path, random: np.random.Generator) -> Iterator[Entry]:
    """XMP and IPTC that hold pictures, are damaged, or would take all memory: they never cost the picture."""
    entities = b'<!DOCTYPE a [<!ENTITY b "' + b"x" * 1000 + b'">]><a>' + b"&b;" * 10_000 + b"</a>"
    packets = {
        "whole": PACKET,
        "half": PACKET[: len(PACKET) // 2],
        "noise": random.bytes(300),
        "UTF-16": PACKET.decode().encode("utf-16"),
        "entities": entities,
        "deep": b"<a>" * 9000 + b"</a>" * 9000,
        "empty": b"",
        "zeros": bytes(1000),
        "attributes": b"<a " + b" ".join(b'b%d="c"' % number for number in range(5000)) + b"/>",
        "text": b"<a>" + b"x" * 60_000 + b"</a>",
    }
    datasets = {"whole": TITLE + PREVIEW + OBJECT, "noise": random.bytes(300), "half": TITLE[:7], "empty": b""}
    shown = np.array(UPRIGHT)
    for name, packet in packets.items():
        for format, suffix in (("WEBP", ".webp"), ("AVIF", ".avif")):
            content = encoded(UPRIGHT, format, xmp=packet, quality=95)
            yield write(folder / f"{name} {format.lower()}{suffix}", content, picture=shown, tolerance=20)
        content = encoded(UPRIGHT, "TIFF", tiffinfo={700: packet})
        yield write(folder / f"{name} tiff.tif", content, picture=shown)
        content = encoded(UPRIGHT, "JPEG", quality=95, extra=jpeg_segments(Description(packet)))
        yield write(folder / f"{name} jpeg.jpg", content, picture=shown, tolerance=20)
    for name, content in datasets.items():
        jpeg = encoded(UPRIGHT, "JPEG", quality=95, extra=jpeg_segments(Description(None, content)))
        yield write(folder / f"datasets {name} jpeg.jpg", jpeg, picture=shown, tolerance=20)
        tiff = encoded(UPRIGHT, "TIFF", tiffinfo={33723: content})
        yield write(folder / f"datasets {name}.tif", tiff, picture=shown)
