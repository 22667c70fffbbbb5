"""Bringing translated pictures to a larger size."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

STRIP = 2_000_000  # pixels of a result made at a time


class Enlarger:
    """Enlarges pictures, also to results that are too large to be held as a whole."""

    def __call__(self, images: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
        """uint8 [N, h, w, 3] -> [N, H, W, 3] where size = (W, H), width and height, at least those of images."""
        width, height = size
        result = np.empty((len(images), height, width, 3), np.uint8)
        for image, enlarged in zip(images, result, strict=True):
            top = 0
            for rows in self.strips(image, size):
                enlarged[top : top + len(rows)] = rows
                top += len(rows)
        return result

    def strips(self, image: NDArray[np.uint8], size: tuple[int, int]) -> Iterator[NDArray[np.uint8]]:
        """The result of a call for a single picture, uint8 [h, w, 3], in strips from top to bottom.

        Each strip is uint8 [rows, W, 3]. Together they equal the result of the call.
        """
        width, height = size
        # Rows after columns, as Pillow would choose the order by the size of each strip; its filter for rows also sees
        # those around the box, so that strips join without seams.
        wide = Image.fromarray(image).resize((width, image.shape[0]), Image.Resampling.LANCZOS)
        ratio = wide.height / height
        rows = max(1, STRIP // width)
        for top in range(0, height, rows):
            bottom = min(top + rows, height)
            box = (0, top * ratio, width, bottom * ratio)
            yield np.asarray(wide.resize((width, bottom - top), Image.Resampling.LANCZOS, box))
