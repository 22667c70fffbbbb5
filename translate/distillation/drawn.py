"""The folder of drawn pictures: NAME.png, and in NAME.json what it was made from.

A picture counts only together with its record, which holds the digest of the file: neither a kill between writing the
two nor a change of either goes unnoticed.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from translate.errors import parse_nested
from translate.media.images import Picture, encode_picture
from translate.storage.atomic import write_atomically

MAX_ASPECT_DIFFERENCE = 0.02  # of the ratio of width to height; networks round sides to multiples of 8 or 16

Pixels = NDArray[np.uint8]  # RGB [H, W, 3]


def key_of(*contents: bytes) -> str:
    """A digest of everything that a picture is made from; each content counts by itself, not only their sequence."""
    return digest(b"".join(hashlib.sha256(content).digest() for content in contents))


def is_drawn(folder: Path, name: str, key: str) -> bool:
    """Whether ``folder`` holds the picture ``name``, whole and made from what ``key`` stands for."""
    record = read_record(folder / f"{name}.json")
    if record.get("key") != key:
        return False
    try:
        return record.get("picture") == digest((folder / f"{name}.png").read_bytes())
    except OSError:
        return False


def write_drawn(folder: Path, name: str, picture: Pixels, key: str, **details: Any) -> None:
    """Write a picture and its record, to which ``details`` are added.

    Raises ``PictureError`` naming the file that cannot be written.
    """
    content = encode_picture(Picture(picture), "PNG")
    write_atomically(folder / f"{name}.png", content)
    record = {"key": key, "picture": digest(content), **details}
    write_atomically(folder / f"{name}.json", json.dumps(record).encode())


def read_record(path: Path) -> dict[str, Any]:
    """The record at ``path``; empty where there is none or it is damaged."""
    try:
        record = parse_nested(json.loads, path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def same_aspect(picture: Pixels, photo: Pixels) -> bool:
    """Whether the ratio of width to height is the same, but for rounding the sides."""
    (height, width), (photo_height, photo_width) = picture.shape[:2], photo.shape[:2]
    return abs(width * photo_height / (height * photo_width) - 1) <= MAX_ASPECT_DIFFERENCE


def resized_like(picture: Pixels, photo: Pixels) -> Pixels:
    """``picture`` in the size of ``photo``; itself where that is its size."""
    height, width = photo.shape[:2]
    if picture.shape == photo.shape:
        return picture
    smaller = height * width < picture.shape[0] * picture.shape[1]
    resized = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    return np.asarray(resized, np.uint8)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
