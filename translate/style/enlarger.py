"""Enlarging drawn pictures with the shipped network `upscale`, which keeps lines crisp."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from translate.errors import UnusableError
from translate.style.catalogue import find_enlarger
from translate.style.translator import Translator

FILTER = Image.Resampling.LANCZOS  # a softer one would show where a photo is only a little larger than the working size
STRIP = 4_000_000  # pixels of a result resized at a time
REACH = 3  # pixels that the filter takes on either side, of the coarser of the two pictures
# Enlargement that is left to plain resizing, before the first pass through the network and before the second one, which
# takes four times as long: on eight drawn pictures, a second pass lost 0.4 dB at 2.2 times, and won 0.1 at 3.6.
PLAIN = (1.05, 1.6)


class Enlarger:
    """Enlarges pictures to any size, by the network and then by plain resizing.

    ``device``: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``; ``threads``: CPU cores to use, None: all; ``path``: the file
    of another style that enlarges, by default the shipped one.

    Raises ``UnusableError`` if the file or the device cannot be used, or the style does not enlarge.
    """

    def __init__(self, *, device: str = "auto", threads: int | None = None, path: Path | None = None) -> None:
        file = path or find_enlarger()
        self._translator = Translator(file, device=device, threads=threads)
        if self._translator.info.scale == 1:
            raise UnusableError(f"{file}: does not enlarge pictures; train one with the generator upscale")
        self.info = self._translator.info
        self.device, self.why_cpu = self._translator.device, self._translator.why_cpu

    def __call__(self, images: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
        """uint8 [N, h, w, 3] in sRGB -> [N, H, W, 3] for ``size`` (W, H), at least the size of ``images``.

        The network is applied up to twice, see `PLAIN`; the result is resized to ``size`` exactly, by Lanczos's filter,
        which averages where it shrinks. Pictures of that size already are returned as they are. Raises ``PictureError``
        if memory runs out.
        """
        images = self._drawn(images, size)
        width, height = size
        if images.shape[1:3] == (height, width):
            return images
        result = np.empty((len(images), height, width, 3), np.uint8)
        for image, enlarged in zip(images, result, strict=True):
            top = 0
            for rows in _resized(image, size):
                enlarged[top : top + len(rows)] = rows
                top += len(rows)
        return result

    def strips(self, image: NDArray[np.uint8], size: tuple[int, int]) -> Iterator[NDArray[np.uint8]]:
        """The result of a call for a single picture, uint8 [h, w, 3], in strips from top to bottom.

        Each strip is uint8 [rows, W, 3]; only what the network drew is held as a whole. Together they equal the result
        of the call.
        """
        yield from _resized(self._drawn(image[np.newaxis], size)[0], size)

    def divide_cores(self, pictures: int) -> int:
        """As `Translator.divide_cores`: how many threads should call at once, each with one picture."""
        return self._translator.divide_cores(pictures)

    def _drawn(self, images: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
        """``images`` after the passes that pay on the way to ``size``."""
        for plain in PLAIN:
            if max(size[0] / images.shape[2], size[1] / images.shape[1]) > plain:
                images = self._translator(images)
        return images


def _resized(image: NDArray[np.uint8], size: tuple[int, int]) -> Iterator[NDArray[np.uint8]]:
    """``image``, [h, w, 3], at ``size``, width and height, in strips of about `STRIP` pixels from top to bottom."""
    width, height = size
    # Rows after columns, as Pillow would choose the order by the size of each strip; its filter for rows also sees what
    # is around the box, so that strips join without seams.
    ratio = len(image) / height
    reach = math.ceil(REACH * max(1.0, ratio)) + 1
    rows = max(1, STRIP // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        first, last = max(0, math.floor(top * ratio) - reach), min(len(image), math.ceil(bottom * ratio) + reach)
        wide = Image.fromarray(image[first:last]).resize((width, last - first), FILTER)
        box = (0, top * ratio - first, width, min(bottom * ratio - first, last - first))
        yield np.asarray(wide.resize((width, bottom - top), FILTER, box))
