"""Pictures to convert and to train on, and the files of folders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from translate.style.session import Target


def draw_photo(width: int, height: int) -> NDArray[np.uint8]:
    """uint8 [H, W, 3] with smooth shades, hard edges and fine lines; no two corners are alike."""
    y, x = np.mgrid[0:height, 0:width]
    shades = np.stack([255 * x / max(1, width - 1), 255 * y / max(1, height - 1), 128 + 100 * np.sin((x + 2 * y) / 9)])
    image = Image.fromarray(shades.transpose(1, 2, 0).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    draw.ellipse((width * 0.1, height * 0.2, width * 0.5, height * 0.7), fill=(230, 40, 40), outline="black")
    draw.rectangle((width * 0.6, height * 0.5, width * 0.9, height * 0.8), fill=(20, 90, 200))
    for step in range(0, width, 7):
        draw.line((step, height, step + height // 3, 0), fill=(250, 240, 120))
    return np.array(image)


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def squared_error(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """The mean squared difference of two pictures of one shape, in squares of 8-bit levels."""
    return float(np.square(one.astype(float) - other).mean())


def unchanged(photos: NDArray[np.uint8], domain: Target = None) -> NDArray[np.uint8]:
    """In the place of a style: the photos, uint8 [N, H, W, 3], as they are."""
    return photos
