"""Colour profiles: whatever a file's colours mean, the rest of the program sees sRGB."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

_SRGB = ImageCms.createProfile("sRGB")


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Mode L, RGB, CMYK or LAB -> RGB. A profile that cannot be used counts as none."""
    transform = srgb_transform(profile, image.mode) if profile or image.mode == "LAB" else None
    if transform is None:
        return _without_file(image) if image.mode == "RGB" else image.convert("RGB")
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None  # only a conversion in place returns nothing
    return converted


def _without_file(image: Image.Image) -> Image.Image:
    """The same pixels, not copied, without what the file said of them, which Pillow would write to other files."""
    plain = image.copy() if image.readonly else image._new(image.im)
    plain.info = {}
    return plain


@lru_cache(maxsize=8)
def srgb_transform(profile: bytes | None, mode: str) -> ImageCms.ImageCmsTransform | None:
    """``None`` where the profile is broken, is of other channels than ``mode``, or is sRGB itself."""
    try:
        source = ImageCms.createProfile("LAB") if mode == "LAB" else ImageCms.getOpenProfile(io.BytesIO(profile or b""))
        transform = ImageCms.buildTransform(
            source, _SRGB, mode, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
        )
    except (ImageCms.PyCMSError, OSError):
        return None
    if mode == "RGB":  # most photos carry sRGB's own profile, and converting takes longer than decoding
        levels = np.linspace(0, 255, 9).astype(np.uint8)
        colours = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(27, 27, 3)
        converted = np.array(ImageCms.applyTransform(Image.fromarray(colours), transform), np.int16)
        if np.abs(converted - colours).max() <= 1:
            return None
    return transform
