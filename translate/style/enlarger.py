"""Enlarging drawn pictures with the shipped network `upscale`, which keeps lines crisp."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from translate.errors import UnusableError
from translate.style.catalogue import find_enlarger, variant_for
from translate.style.devices import choose_device
from translate.style.translator import Translator

MAX_PASSES = 2  # through the network; what is missing after that is resized plainly
TOLERANCE = 1.05  # enlargement left to plain resizing rather than to another pass, four times as large as the last


class Enlarger:
    """Enlarges pictures to any size, by the network and then by plain resizing.

    ``device``: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``; ``threads``: CPU cores to use, None: all; ``path``: the file
    of another style that enlarges. By default it is the shipped one; on CPUs where int8 is fast, its int8 variant.

    Raises ``UnusableError`` if the file or the device cannot be used, or the style does not enlarge.
    """

    def __init__(self, *, device: str = "auto", threads: int | None = None, path: Path | None = None) -> None:
        file = path or variant_for(find_enlarger(), choose_device(device)[0])
        self._translator = Translator(file, device=device, threads=threads)
        if self._translator.info.scale == 1:
            raise UnusableError(f"{file}: does not enlarge pictures; train one with the generator upscale")
        self.info = self._translator.info
        self.device, self.why_cpu = self._translator.device, self._translator.why_cpu

    def __call__(self, images: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
        """uint8 [N, h, w, 3] in sRGB -> [N, H, W, 3] for ``size`` (W, H), at least the size of ``images``.

        The network is applied once for up to twice the size, twice for more; the result is resized to ``size`` exactly,
        downwards by averaging areas, upwards by Lanczos's filter. Pictures of that size already are returned as they
        are. Raises ``PictureError`` if memory runs out.
        """
        for _ in range(self._passes(images.shape, size)):
            images = self._translator(images)
        if (images.shape[2], images.shape[1]) == size:
            return images
        return np.stack(list(_resized(images, size)))

    def divide_cores(self, pictures: int) -> int:
        """As `Translator.divide_cores`: how many threads should call at once, each with one picture."""
        return self._translator.divide_cores(pictures)

    def _passes(self, shape: tuple[int, ...], size: tuple[int, int]) -> int:
        """The smallest number of passes, up to `MAX_PASSES`, that comes close to ``size``."""
        factor = max(size[0] / shape[2], size[1] / shape[1])
        passes = range(MAX_PASSES)
        return next((count for count in passes if factor <= TOLERANCE * self.info.scale**count), MAX_PASSES)


def _resized(images: NDArray[np.uint8], size: tuple[int, int]) -> Iterator[NDArray[np.uint8]]:
    """Each of ``images``, [h, w, 3], at ``size``, width and height."""
    shrinks = size[0] <= images.shape[2] and size[1] <= images.shape[1]
    resample = Image.Resampling.BOX if shrinks else Image.Resampling.LANCZOS
    for image in images:
        yield np.asarray(Image.fromarray(image).resize(size, resample))
