"""A file of the corpus, and the drawing that most of them show."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from tests.helpers.pictures import draw_photo
from translate.media.colour import to_srgb

Pixels = NDArray[np.uint8]
Fate = Literal["converted", "refused", "either"]
MAX_PIXELS = 200_000  # the limit that the bombs exceed
UPRIGHT = Image.fromarray(draw_photo(24, 16)).resize((48, 32), Image.Resampling.BICUBIC)
NUMBERS = ("I", "I;16", "I;16B", "F")  # modes of one channel of more than 8 bits
MODES = ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV", *NUMBERS)

# suffix, Pillow's options, and the largest mean error of the pixels, of 255
FORMATS: dict[str, tuple[str, str, dict[str, Any], float]] = {
    "jpeg": (".jpg", "JPEG", {"quality": 95, "subsampling": 0}, 6),
    "jpeg-progressive": (".jpeg", "JPEG", {"quality": 95, "subsampling": 0, "progressive": True}, 6),
    "jpeg-halved": (".jfif", "JPEG", {"quality": 95, "subsampling": 2}, 20),
    "mpo": (".jpg", "MPO", {"quality": 95, "subsampling": 0}, 6),
    "png": (".png", "PNG", {}, 1.5),
    "gif": (".gif", "GIF", {}, 8),
    "webp": (".webp", "WEBP", {"quality": 95}, 16),
    "webp-lossless": (".webp", "WEBP", {"lossless": True, "exact": True}, 1.5),
    "bmp": (".bmp", "BMP", {}, 1.5),
    "tiff": (".tif", "TIFF", {}, 1.5),
    **{
        f"tiff-{name}": (".tiff", "TIFF", {"compression": name}, 1.5)
        for name in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "lzma", "group3", "group4")
    },
    "tiff-jpeg": (".tiff", "TIFF", {"compression": "jpeg", "quality": 95}, 20),
    "avif": (".avif", "AVIF", {"quality": 95, "subsampling": "4:4:4", "speed": 10}, 6),
    # not written by the program, and so found under the wrong name
    "jpeg2000": (".png", "JPEG2000", {}, 1.5),
    "ppm": (".jpg", "PPM", {}, 1.5),
}
# modes that libtiff can compress this way; Pillow 11 passes it others too, which crashes the process
TAKEN = {"tiff-group3": ("1",), "tiff-group4": ("1",), "tiff-jpeg": ("L", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr")}


@dataclass(frozen=True)
class Entry:
    """A file of the corpus."""

    path: Path
    fate: Fate
    picture: Pixels | None = None  # what it shows, upright, [H, W, 3 or 4]
    tolerance: float = 0.0  # allowed mean difference from it, of 255
    regular: bool = True  # its content can be read and hashed


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    """The content of a file."""
    content = io.BytesIO()
    image.save(content, format, **options)
    return content.getvalue()


def write(path: Path, content: bytes, fate: Fate = "converted", picture: object = None, tolerance: float = 0) -> Entry:
    path.write_bytes(content)
    return Entry(path, fate, None if picture is None else np.asarray(picture, np.uint8), tolerance)


@cache
def in_mode(mode: str) -> tuple[Image.Image, Image.Image] | None:
    """The drawing in ``mode``, and what it then shows; None: Pillow cannot convert it."""
    if mode in NUMBERS:
        grey = np.array(UPRIGHT.convert("L"))
        types: dict[str, Any] = {"I": np.int32, "I;16": np.uint16, "I;16B": ">u2", "F": np.float32}
        values = (grey.astype(np.int64) * (1 if mode == "F" else 257)).astype(types[mode])
        return Image.fromarray(values), Image.fromarray(grey).convert("RGB")
    image = UPRIGHT
    if mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        image = UPRIGHT.convert("RGBA")
        image.putalpha(Image.linear_gradient("L").resize(UPRIGHT.size).point(lambda value: 55 + value * 200 // 255))
    try:
        if mode == "LAB":
            lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
            converted = ImageCms.applyTransform(image, lab)
            return (converted, image) if converted else None
        if mode == "CMYK":  # without a profile: as on a common print, see tests/media/test_cmyk.py
            return image.convert("CMYK"), to_srgb(image.convert("CMYK"), None)
        converted = image.convert("LA").convert("La") if mode == "La" else image.convert(mode)
        alpha = mode.endswith(("A", "a"))
        return converted, converted.convert("LA").convert("RGBA") if mode == "La" else converted.convert(
            "RGBA" if alpha else "RGB"
        )
    except ValueError:
        return None
