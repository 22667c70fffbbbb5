"""Colour stated by code points of ITU-T H.273, as PNG (its chunk cICP), AVIF and HEIF do, brought to sRGB."""

from __future__ import annotations

import re
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from translate.media.codec import codec_call
from translate.media.video.colour import BT709, FULL_RANGE, HLG, PQ, Colour, light_of, shown_light

SRGB, LINEAR, GAMMA_22, GAMMA_28 = 13, 8, 4, 5  # transfer functions
# Those of ITU-R BT.709, 601 and 2020 are for cameras; programs show pictures that state them as sRGB.
_LIKE_SRGB = (SRGB, 1, 6, 14, 15)
_POWERS = {LINEAR: 1.0, GAMMA_22: 2.2, GAMMA_28: 2.8}
_PRIMARIES = {BT709, 9, 12}  # 9: BT.2020, 12: Display P3
_STRIP = 1_000_000  # pixels converted at a time
_FILE_HEAD = 1 << 20  # bytes of a file in which an AVIF describes its pictures
_NCLX = re.compile(rb"colrnclx(.{7})", re.DOTALL)
_KEY = "translate:cicp"


def read_colour(image: Image.Image) -> Colour | None:
    """What an opened file states, before it is decoded; None: nothing, or nothing that is known here.

    Where an AVIF states several, for its maps and thumbnails, the first counts. A profile beside it counts more, except
    in a PNG.
    """
    with codec_call():
        stated = _stated(image)
    usable = stated is not None and stated.primaries in _PRIMARIES and _is_known(stated.transfer)
    return stated if usable and (image.format == "PNG" or "icc_profile" not in image.info) else None


def _is_known(transfer: int) -> bool:
    return transfer in (*_LIKE_SRGB, *_POWERS, PQ, HLG)


def _stated(image: Image.Image) -> Colour | None:
    nclx = image.info.get("nclx_profile")
    if isinstance(nclx, dict):  # as pillow-heif gives it
        points = nclx.get("color_primaries", 2), nclx.get("transfer_characteristics", 2)
        return Colour(matrix=0, primaries=int(points[0]), transfer=int(points[1]), range=FULL_RANGE)
    found: Colour | None = image.info.get(_KEY)
    if _KEY in image.info:
        return found
    file: Any = getattr(image, "fp", None)
    if file is None or image.format not in ("PNG", "AVIF"):
        return None
    position = file.tell()
    try:
        if image.format == "PNG":
            return _in_png(file)
        found = _in_avif(file)
        image.info[_KEY] = found  # for all its frames: decoding ends the access to the file
        return found
    finally:
        file.seek(position)


def _in_png(file: IO[bytes]) -> Colour | None:
    position = 8
    while True:
        file.seek(position)
        head = file.read(12)
        size, name = int.from_bytes(head[:4]), head[4:8]
        if len(head) < 12 or name in (b"IDAT", b"IEND"):
            return None
        if name == b"cICP" and size == 4:
            primaries, transfer, matrix, full_range = head[8:12]
            # in a PNG, values are those of red, green and blue
            return Colour(matrix=matrix, primaries=primaries, transfer=transfer, range=FULL_RANGE if full_range else 1)
        position += 12 + size


def _in_avif(file: IO[bytes]) -> Colour | None:
    file.seek(0)
    found = _NCLX.search(file.read(_FILE_HEAD))
    if found is None:
        return None
    primaries, transfer = int.from_bytes(found[1][:2]), int.from_bytes(found[1][2:4])
    return Colour(matrix=0, primaries=primaries, transfer=transfer, range=FULL_RANGE)  # the decoder has seen to these


def to_srgb_from(image: Image.Image, colour: Colour) -> Image.Image:
    """Bring an RGB picture from ``colour``, as `read_colour` returns it, to sRGB.

    High dynamic range is shown as in videos, see `to_standard_range`; of its 10 or more bits Pillow decodes 8. Colours
    that sRGB lacks are clipped.
    """
    if colour.primaries == BT709 and colour.transfer in _LIKE_SRGB and colour.range == FULL_RANGE:
        return image
    light = _light_by_value(colour)
    result = Image.new("RGB", image.size)
    rows = max(1, _STRIP // image.width)
    for top in range(0, image.height, rows):
        box = (0, top, image.width, min(top + rows, image.height))
        shown = shown_light(light[np.asarray(image.crop(box))], colour)
        result.paste(Image.fromarray(srgb_values(shown)), box)
    return result


def _light_by_value(colour: Colour) -> NDArray[np.float32]:
    """By value from 0 to 255: light as `shown_light` takes it."""
    values = np.arange(256) / 255
    if colour.range != FULL_RANGE:
        values = ((255 * values - 16) / 219).clip(0, 1)
    if colour.is_high_range:
        return np.asarray(light_of(colour.transfer)[(values * 65535).round().astype(int)], np.float32)
    if colour.transfer in _POWERS:
        return np.asarray(values ** _POWERS[colour.transfer], np.float32)
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear, np.float32)


def srgb_values(light: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Linear light, 1: white -> values from 0 to 255, IEC 61966-2-1; what is outside is clipped."""
    light = light.clip(0, 1)
    values = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** np.float32(1 / 2.4) - 0.055)
    return (255 * values).round().astype(np.uint8)
