"""Files that are broken, have false headers, or would take all memory."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms

from tests.helpers.corpus.entry import FORMATS, UPRIGHT, Entry, encoded, in_mode, write
from tests.media.test_images import cmyk_profile, png, swapped_primaries

DAMAGED = 500


def profiles(folder: Path, random: np.random.Generator) -> Iterator[Entry]:
    """Colour profiles for the picture's channels, for other channels, and broken; only the first have an effect."""
    made = {kind: ImageCms.ImageCmsProfile(ImageCms.createProfile(kind)).tobytes() for kind in ("sRGB", "LAB", "XYZ")}
    kinds = {
        **made,
        "swapped": swapped_primaries(),
        "CMYK": cmyk_profile(),
        "noise": random.bytes(600),
        "one byte": b"x",
        "cut short": made["sRGB"][:200],
        "wrong length": struct.pack(">I", 2**31) + made["sRGB"][4:],
        "tags astray": made["sRGB"][:128] + struct.pack(">I", 2**30) + made["sRGB"][132:],
    }
    for kind, profile in kinds.items():
        for mode, suffix in (
            *(("RGB", suffix) for suffix in (".jpg", ".png", ".webp", ".tif", ".avif")),
            *((mode, ".tif") for mode in ("L", "1", "RGBA", "CMYK", "LAB", "P", "I;16")),
            *((mode, ".png") for mode in ("L", "LA", "P")),
            *((mode, ".jpg") for mode in ("L", "CMYK")),
        ):
            drawn = in_mode(mode)
            assert drawn is not None
            path = folder / f"{kind} on {mode.replace(';', '-')} {suffix[1:]}{suffix}"
            drawn[0].save(path, icc_profile=profile)
            used = {"swapped": "RGB", "CMYK": "CMYK"}.get(kind)  # so that it shows something else
            known = used is None or not mode.startswith((used, "P"))
            yield Entry(path, "converted", np.asarray(drawn[1]) if known else None, 20)


def exif(folder: Path, random: np.random.Generator) -> Iterator[Entry]:
    """EXIF that is noise, cut short, circular or nonsensical: the picture is as it would be without it."""
    tags = Image.Exif()
    tags[ExifTags.Base.Make] = "Maker" * 20
    tags.get_ifd(ExifTags.IFD.Exif)[36867] = "2024:05:06 07:08:09"
    tags.get_ifd(ExifTags.IFD.GPSInfo)[1] = "N"
    whole = tags.tobytes()
    header = b"Exif\0\0II*\0\x08\0\0\0"

    def entry(tag: int, kind: int, count: int, value: int) -> bytes:
        return header + struct.pack("<HHHIII", 1, tag, kind, count, value, 0)

    kinds = {
        "noise": b"Exif\0\0" + random.bytes(300),
        "no header": random.bytes(40),
        "empty": b"Exif\0\0",
        "half": whole[: len(whole) // 2],
        "three quarters": whole[: len(whole) * 3 // 4],
        "in circles": header + struct.pack("<HHHIII", 1, ExifTags.IFD.Exif, 4, 1, 8, 8),
        "far away": entry(ExifTags.IFD.Exif, 4, 1, 2**32 - 1),
        "huge count": entry(ExifTags.Base.Make, 2, 2**32 - 1, 8),
        "unknown type": entry(ExifTags.Base.Make, 99, 1, 8),
        "too many entries": header + b"\xff\xff" + bytes(40),
        **{f"orientation {value}": entry(ExifTags.Base.Orientation, 3, 1, value) for value in (0, 9, 65535)},
        "orientation as text": entry(ExifTags.Base.Orientation, 2, 4, 0x36363636),
        "orientation as fraction": entry(ExifTags.Base.Orientation, 5, 1, 14),
        "orientations": entry(ExifTags.Base.Orientation, 3, 2, 6 + (6 << 16)),
    }
    for kind, content in kinds.items():
        for suffix in (".jpg", ".png", ".webp"):
            path = folder / f"{kind} {suffix[1:]}{suffix}"
            if suffix == ".jpg":  # Pillow looks into what it writes to the others
                jpeg = encoded(UPRIGHT, "JPEG", quality=95)
                path.write_bytes(jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content + jpeg[2:])
            elif suffix == ".png":
                path.write_bytes(_with_chunk(b"eXIf", content.removeprefix(b"Exif\0\0")))
            else:
                UPRIGHT.save(path, quality=95, exif=content)
            turned = kind == "orientations"
            yield Entry(path, "converted", None if turned else np.asarray(UPRIGHT), 20)


def whole_files() -> dict[str, tuple[str, bytes]]:
    """Suffix and content of a whole file of each format, including animations, to damage or to fuzz."""
    rng = np.random.default_rng(5)
    noisy = Image.fromarray((np.array(UPRIGHT) * 0.8 + rng.integers(0, 50, (32, 48, 3))).astype(np.uint8))
    tags = Image.Exif()
    tags[ExifTags.Base.Orientation] = 6
    tags.get_ifd(ExifTags.IFD.Exif)[36867] = "2024:05:06 07:08:09"
    files = {}
    for name, (suffix, format, options, _) in FORMATS.items():
        said = {"exif": tags, "icc_profile": swapped_primaries()} if format in ("JPEG", "PNG", "WEBP", "TIFF") else {}
        image = noisy.convert("1") if "group" in name else noisy
        files[name] = (suffix, encoded(image, format, **options, **said))
    films = [noisy.rotate(turn) for turn in (0, 90, 180)]
    for format in ("GIF", "WEBP", "PNG"):
        content = encoded(films[0], format, save_all=True, append_images=films[1:], duration=40)
        files[f"moving {format.lower()}"] = (f".{format.lower()}", content)
    files["palette"] = (".png", encoded(noisy.quantize(16), "PNG", transparency=3))
    files["cmyk"] = (".jpg", encoded(noisy.convert("CMYK"), "JPEG"))
    return files


def damage(content: bytes, random: np.random.Generator) -> bytes:
    """Cut short, or with some bits flipped: anywhere, or only in the header."""
    if random.random() < 0.4:
        return content[: int(random.integers(1, len(content)))]
    flipped = bytearray(content)
    reach = len(content) if random.random() < 0.5 else min(len(content), 120)
    for _ in range(int(random.integers(1, 9))):
        flipped[int(random.integers(reach))] ^= 1 << int(random.integers(8))
    return bytes(flipped)


def damaged(folder: Path, random: np.random.Generator) -> Iterator[Entry]:
    """Files of every format, cut short or with flipped bits."""
    files = list(whole_files().items())
    for number in range(DAMAGED):
        name, (suffix, content) = files[number % len(files)]
        yield write(folder / f"{number:03} {name}{suffix}", damage(content, random), "either")


def bombs(folder: Path, _random: np.random.Generator) -> Iterator[Entry]:
    """A few bytes that claim, or expand to, more pixels than the limit; and small pictures with large surroundings."""
    wide = 60000
    jpeg, webp, avif = (encoded(UPRIGHT, format) for format in ("JPEG", "WEBP", "AVIF"))
    frame = jpeg.index(b"\xff\xc0")
    jp2 = encoded(UPRIGHT, "JPEG2000")
    extent = struct.pack(">II", UPRIGHT.height, UPRIGHT.width)
    siz = struct.pack(">II", UPRIGHT.width, UPRIGHT.height)
    size = struct.pack(">II", UPRIGHT.width, UPRIGHT.height)
    claims = {
        "png.png": png(wide, wide, depth=1, colour_type=0, rows=b""),
        "grey.png": png(2**31 - 1, 2**31 - 1, depth=1, colour_type=0, rows=b""),
        "solid.png": encoded(Image.new("1", (3000, 3000)), "PNG"),
        "jpeg.jpg": jpeg[: frame + 5] + struct.pack(">HH", wide, wide) + jpeg[frame + 9 :],
        "gif.gif": b"GIF89a" + struct.pack("<HH", wide, wide) + b"\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;",
        "frame.gif": b"GIF89a\1\0\1\0\x80\0\0" + bytes(6) + b",\0\0\0\0\xff\xff\xff\xff\0\2\2D\1\0;",
        "bmp.bmp": b"BM" + bytes(8) + struct.pack("<IIIIHHI", 54, 40, wide, wide, 1, 24, 0) + bytes(24),
        "webp.webp": b"RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x3f\0\xff\x3f\0" + webp[12:],
        "avif.avif": avif.replace(size, struct.pack(">II", wide, wide)),
        "jp2.jpg": jp2.replace(extent, struct.pack(">II", wide, wide)).replace(siz, struct.pack(">II", wide, wide)),
        "ppm.png": b"P6 60000 60000 255\n" + bytes(30),
        "text.png": b"P3 60000 60000 255\n1 2 3",
        "tiff.tif": tiff(wide, wide),
    }
    for name, content in claims.items():
        yield write(folder / name, content, "refused")
    yield write(folder / "tile.tif", tiff(16, 16, tile=wide), "either")
    codestream = jp2.replace(siz, struct.pack(">II", wide, wide))
    yield write(folder / "codestream.jpg", codestream, "either")
    yield write(
        folder / "comment.png", _with_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(8_000_000))), "either"
    )
    yield write(folder / "profile.png", _with_chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(8_000_000))), "either")
    two = [Image.new("P", (8, 8), shade) for shade in range(2)]
    growing = encoded(two[0], "GIF", save_all=True, append_images=two[1:], duration=40)
    last = growing.rindex(b",")
    growing = growing[: last + 5] + b"\xff\xff\xff\xff" + growing[last + 9 :]
    yield write(folder / "grows.gif", growing, "refused")
    control = growing.rindex(b"!\xf9")
    disposing = growing[: control + 3] + b"\x09" + growing[control + 4 :]
    yield write(folder / "grows and is cleared.gif", disposing, "refused")
    film = [Image.new("L", (400, 400), 255 * (number % 2)) for number in range(80)]
    yield write(folder / "long.gif", encoded(film[0], "GIF", save_all=True, append_images=film[1:]), "refused")
    scan = jpeg_scans(encoded(UPRIGHT, "JPEG", progressive=True), 2000)
    yield write(folder / "scans.jpg", scan, "refused")


def tiff(width: int, height: int, *, tile: int = 0) -> bytes:
    """The header of a grey TIFF and hardly a pixel, compressed; with ``tile``, in tiles of that side."""
    tags = {256: width, 257: height, 258: 8, 259: 5, 262: 1, 277: 1}
    tags |= {322: tile, 323: tile, 324: 200, 325: 20} if tile else {273: 200, 278: height, 279: 20}
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + directory + bytes(4)
    return head.ljust(200, b"\0") + b"\x80\x00\x00".ljust(20, b"\0")


def jpeg_scans(progressive: bytes, count: int) -> bytes:
    """The last scan repeated many times: each covers the whole picture."""
    start = progressive.rindex(b"\xff\xda")
    return progressive[:start] + progressive[start:-2] * count + progressive[-2:]


def _with_chunk(name: bytes, content: bytes) -> bytes:
    whole = encoded(UPRIGHT, "PNG")
    chunk = struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    return whole[:33] + chunk + whole[33:]
