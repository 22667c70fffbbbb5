"""Colour profiles: whatever colour space a file is in, the rest of the program sees sRGB."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

from translate.media.cmyk import default_profile
from translate.media.codec import codec_call

_LEAST_GAMMA = 0.1  # smaller ones, and larger ones than 1 by this, are mistakes
_SRGB = ImageCms.createProfile("sRGB")


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert mode L, RGB, CMYK or LAB to RGB; CMYK without a profile as `cmyk.printed` describes.

    An unusable profile is ignored. Raises ``CodecError`` as Pillow does.
    """
    transform = srgb_transform(profile, image.mode) if profile or image.mode == "LAB" else None
    if transform is None and image.mode == "CMYK":
        transform = srgb_transform(default_profile(), "CMYK")
    if transform is None and image.mode == "RGB":
        return _without_metadata(image)
    if transform is None:
        with codec_call():
            return image.convert("RGB")
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None  # only an in-place conversion returns None
    return converted


def from_gamma(image: Image.Image, gamma: object) -> Image.Image:
    """Bring an RGB picture to sRGB whose values are light to the power of ``gamma``, as a PNG states it.

    Returns the same picture where nothing is stated, or nothing usable, or about the power that sRGB is near to.
    """
    if not isinstance(gamma, float) or not _LEAST_GAMMA < gamma < 1 / _LEAST_GAMMA or abs(gamma - 1 / 2.2) < 0.01:
        return image
    light = np.linspace(0, 1, 256) ** (1 / gamma)
    levels = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)  # IEC 61966-2-1
    return image.point([*(255 * levels).round().astype(int).tolist()] * 3)


def _without_metadata(image: Image.Image) -> Image.Image:
    """The same pixels, not copied unless read-only, without the metadata, which Pillow would write to other files."""
    plain = image.copy() if image.readonly else image._new(image.im)
    plain.info = {}
    return plain


@lru_cache(maxsize=8)
def srgb_transform(profile: bytes | None, mode: str) -> ImageCms.ImageCmsTransform | None:
    """The transform to sRGB; None if the profile is broken, does not fit ``mode``, or is sRGB itself."""
    try:
        source = ImageCms.createProfile("LAB") if mode == "LAB" else ImageCms.getOpenProfile(_as_file(profile))
        transform = ImageCms.buildTransform(
            source, _SRGB, mode, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
        )
    except (ImageCms.PyCMSError, OSError):
        return None
    if mode == "RGB":  # most photos carry an sRGB profile, and converting takes longer than decoding
        levels = np.linspace(0, 255, 9).astype(np.uint8)
        colours = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(27, 27, 3)
        converted = np.array(ImageCms.applyTransform(Image.fromarray(colours), transform), np.int16)
        if np.abs(converted - colours).max() <= 1:
            return None
    return transform


def _as_file(profile: bytes | None) -> io.BytesIO:
    with codec_call():  # what Pillow finds in a damaged TIFF may be a number or a text
        return io.BytesIO(profile or b"")
