"""Whole files of every kind, which are converted, with known content."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image

from tests.helpers.corpus.entry import FORMATS, MODES, NUMBERS, TAKEN, UPRIGHT, Entry, encoded, in_mode, write
from tests.media.test_images import STORED, png


def modes(folder: Path, _random: np.random.Generator) -> Iterator[Entry]:
    """Every mode that Pillow can write, in every format and compression, and 16-bit colours."""
    for name, (suffix, format, options, least) in FORMATS.items():
        for mode in MODES:
            drawn = in_mode(mode)
            if drawn is None or mode not in TAKEN.get(name, MODES):
                continue
            try:
                content = encoded(drawn[0], format, **options)
            except (OSError, ValueError, KeyError, RuntimeError, SystemError):
                continue  # not one that it writes
            path = folder / f"{name} {MODES.index(mode):02} {mode.replace(';', '-')}{suffix}"
            with Image.open(io.BytesIO(content)) as image:  # some formats drop the alpha they are given
                shown = drawn[1] if image.has_transparency_data else drawn[1].convert("RGB")
                if mode == "CMYK" and image.mode != mode:  # by Pillow, when it wrote the file
                    shown = drawn[0].convert("RGB")
            picture = None if mode in NUMBERS and format in ("GIF", "WEBP", "AVIF") else shown  # cut off at 255 there
            tolerance = least + 4 * (mode in ("YCbCr", "LAB", "HSV"))
            yield write(path, content, picture=picture, tolerance=tolerance)
    for channels, colour_type in ((1, 0), (3, 2), (2, 4), (4, 6)):
        values = np.array(UPRIGHT.convert({1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[channels])).reshape(32, 48, channels)
        rows = b"".join(b"\0" + (row.astype(">u2") * 257).astype(">u2").tobytes() for row in values)
        content = png(48, 32, depth=16, colour_type=colour_type, rows=zlib.compress(rows))
        shown = UPRIGHT.convert("L").convert("RGB") if channels < 3 else UPRIGHT
        yield write(folder / f"16 bits, {channels} channels.png", content, picture=shown, tolerance=1)
    for bits in (1, 2, 4):
        few = UPRIGHT.quantize(2**bits)
        content = encoded(few, "PNG", bits=bits)
        yield write(folder / f"palette of {bits} bits.png", content, picture=few.convert("RGB"))
        clear = encoded(few, "PNG", bits=bits, transparency=1)
        few.info["transparency"] = 1
        yield write(folder / f"palette of {bits} bits, one clear.png", clear, picture=few.convert("RGBA"))
    few = UPRIGHT.quantize(16)
    few.info["transparency"] = bytes(range(0, 256, 16))
    yield write(folder / "palette, each with its alpha.png", encoded(few, "PNG"), picture=few.convert("RGBA"))


def sizes(folder: Path, _random: np.random.Generator) -> Iterator[Entry]:
    """From one pixel to lines of 20000 pixels; WebP allows less."""
    for suffix in (".png", ".jpg", ".tif", ".bmp", ".gif", ".webp", ".avif"):
        for width, height in ((1, 1), (1, 2), (3, 1), (2, 2), (7, 5), (1, 20000), (20000, 1), (1, 16383), (513, 3)):
            if max(width, height) == 20000 and suffix == ".webp":
                continue
            image = Image.fromarray(np.full((height, width, 3), 90, np.uint8))
            path = folder / f"{width} x {height} {suffix[1:]}{suffix}"
            options: dict[str, Any] = {"speed": 10} if suffix == ".avif" else {}
            image.save(path, **options)
            yield Entry(path, "converted", np.asarray(image), 4)


def orientations(folder: Path, _random: np.random.Generator) -> Iterator[Entry]:
    """All EXIF orientations, as cameras store them."""
    for number, store in STORED.items():
        tags = Image.Exif()
        tags[ExifTags.Base.Orientation] = number
        for suffix in (".jpg", ".png", ".webp", ".tif", ".avif"):
            path = folder / f"{number} {suffix[1:]}{suffix}"
            image = Image.fromarray(np.ascontiguousarray(store(np.array(UPRIGHT))))
            image.save(path, exif=tags, **({"compression": "tiff_lzw"} if suffix == ".tif" and number % 2 else {}))
            yield Entry(path, "converted", np.asarray(UPRIGHT), 20)


def misnamed(folder: Path, _random: np.random.Generator) -> Iterator[Entry]:
    """Each format under the suffix of each other one, and a file that is not a picture under each."""
    suffixes = (".jpg", ".png", ".webp", ".tif", ".bmp", ".gif", ".avif")
    for name, (_, format, options, _) in FORMATS.items():
        for suffix in suffixes if "-" not in name else suffixes[:1]:
            if name.startswith("tiff-group"):  # only black and white
                continue
            content = encoded(UPRIGHT, format, **options)
            yield write(folder / f"{name} as {suffix[1:]}{suffix}", content, picture=UPRIGHT, tolerance=20)
    strangers = {
        "empty": b"",
        "one byte": b"\xff",
        "text": b"no picture\n" * 40,
        "zeros": bytes(4096),
        "page": b"<!DOCTYPE html><html></html>",
        "vector": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        "archive": b"PK\x03\x04" + bytes(60),
        "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "icon": encoded(UPRIGHT, "ICO"),
        "targa": encoded(UPRIGHT, "TGA"),
    }
    for name, content in strangers.items():
        for suffix in suffixes:
            yield write(folder / f"{name} as {suffix[1:]}{suffix}", content, "refused")


def moving(folder: Path, _random: np.random.Generator) -> Iterator[Entry]:
    """Animations, under their own and other suffixes, and files of several pictures."""
    frames = [UPRIGHT.rotate(120 * turn) for turn in range(3)]
    clear = [frame.convert("RGBA") for frame in frames]
    for frame in clear:
        frame.putalpha(Image.linear_gradient("L").resize(frame.size))
    for format in ("GIF", "WEBP", "PNG", "AVIF", "TIFF", "MPO"):
        for kind, film in (("opaque", frames), ("clear", clear)):
            if format == "MPO" and kind == "clear":
                continue
            timed = {} if format in ("TIFF", "MPO") else {"duration": 40}
            content = encoded(film[0], format, save_all=True, append_images=film[1:], **timed)
            for suffix in (".gif", ".webp", ".png", ".jpg", ".tif"):
                path = folder / f"{kind} {format.lower()} as {suffix[1:]}{suffix}"
                picture = None if format == "GIF" or kind == "clear" else film[0]
                yield write(path, content, picture=picture, tolerance=12)
