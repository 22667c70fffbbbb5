"""Pictures of any size are translated at the size a style works at, then enlarged.

A style's brush is some pixels wide. At the working size it is the same part of every picture, however many pixels the
photo has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from translate.convert.planning import Domain
from translate.media.images import size_within
from translate.style.enlarger import Enlarger
from translate.style.lanes import Lanes
from translate.style.session import DeviceLostError
from translate.style.translator import Translator

Pixels = NDArray[np.uint8]
Translate = Callable[[Pixels, Domain], Pixels]  # [N, H, W, 3] -> the same shape

# Pillow first averages whole blocks of pixels, down to this many times the size (Image.resize, `reducing_gap`): half
# the time, 54 dB to the same without, on a photo of 12 megapixels. Below, it is the filter of `images.shrink`:
# averaging areas would alias a photo that is only a little too large.
REDUCING_GAP = 2.0


class AtWorkingSize:
    """Translates pictures at the working size: called like a `style.translator.Translator`.

    ``translate``: usually a `Translator` or `Lanes`, on whose device pictures are enlarged too. ``working_size``:
    pixels of the longer side; 0 translates every picture at its own size. Pictures that are not larger are translated
    as they are. ``workers``: threads that call at a time.
    """

    def __init__(self, translate: Translate, working_size: int, *, workers: int = 1) -> None:
        self._translate, self._working_size, self._workers = translate, working_size, workers

    @property
    def _enlarger(self) -> Enlarger:
        """Opened when the first larger picture comes."""
        if isinstance(self._translate, Lanes):
            return _open_enlarger(self._translate.first_device, self._workers)
        device = self._translate.device if isinstance(self._translate, Translator) else "auto"
        return _open_enlarger(device, self._workers)

    def _enlarge(self, drawn: Pixels, size: tuple[int, int]) -> Pixels:
        """On the device that translates; if that fails, on the one that takes its place."""
        while True:
            enlarger = self._enlarger
            try:
                return enlarger(drawn, size)
            except DeviceLostError as error:
                if not isinstance(self._translate, Lanes):
                    raise
                self._translate.end_device(enlarger.device, error)

    def __call__(self, images: Pixels, domain: Domain = None, *, size: tuple[int, int] | None = None) -> Pixels:
        """uint8 [N, h, w, 3] in sRGB -> [N, H, W, 3], where (W, H) is ``size``; None: that of ``images``.

        For a ``size`` above the working size, ``images`` may be smaller, but not below the working size. Raises as
        ``translate`` does.
        """
        size = size or (images.shape[2], images.shape[1])
        if self.covers(size):
            return self._translate(images, domain)
        small = np.stack([self._shrunk(Image.fromarray(image), size) for image in images])
        return self._enlarge(self._translate(small, domain), size)

    def strips(self, image: Image.Image, domain: Domain, size: tuple[int, int]) -> Iterator[Pixels]:
        """The same for one ``image`` of mode RGB and a ``size`` above the working size, in strips from top to bottom.

        Each is uint8 [rows, W, 3]. ``image`` is read before the first of them is made, and may then be overwritten.
        """
        (drawn,) = self._translate(self._shrunk(image, size)[np.newaxis], domain)
        return self._enlarger.strips(drawn, size)

    def covers(self, size: tuple[int, int]) -> bool:
        """Whether a picture of ``size``, width and height, is translated as it is."""
        return not self._working_size or max(size) <= self._working_size

    def _shrunk(self, image: Image.Image, size: tuple[int, int]) -> Pixels:
        """``image`` at the working size, in the proportions of ``size``: uint8 [h, w, 3]."""
        small = size_within(size, self._working_size)
        return np.asarray(image.resize(small, Image.Resampling.LANCZOS, reducing_gap=REDUCING_GAP))


@lru_cache(maxsize=4)
def _open_enlarger(device: str, workers: int) -> Enlarger:
    """Kept open: a server converts one picture after another, and opening takes as long as enlarging a small one."""
    enlarger = Enlarger(device=device)
    enlarger.divide_cores(workers)
    return enlarger
