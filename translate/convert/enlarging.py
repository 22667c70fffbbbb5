"""Enlarging in the place of a style: the pipeline's results are then larger than their photos."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from translate.convert.planning import Domain
from translate.errors import PictureError
from translate.style.enlarger import Enlarger

Pixels = NDArray[np.uint8]


class Enlarging:
    """Makes pictures ``scale`` times as high and wide, in place of a `Translator`.

    Results of more than ``max_pixels`` are refused.
    """

    def __init__(self, enlarger: Enlarger, scale: int, *, max_pixels: int) -> None:
        self.enlarger, self.scale, self.max_pixels = enlarger, scale, max_pixels

    def __call__(self, images: Pixels, domain: Domain = None) -> Pixels:
        """uint8 [N, H, W, 3] -> [N, scale H, scale W, 3]. Raises ``PictureError`` where that is too large."""
        _, height, width, _ = images.shape
        size = self.scale * width, self.scale * height
        if size[0] * size[1] > self.max_pixels:
            raise self._too_large(width, height)
        return self.enlarger(images, size)

    def in_strips(
        self,
        read: Callable[[int, int], Pixels],
        write: Callable[[int, Pixels], None],
        size: tuple[int, int],
        domain: Domain = None,
    ) -> None:
        """Raises ``PictureError``: a photo that is held only once cannot be enlarged in its own place."""
        raise self._too_large(*size)

    def enlarge_alpha(self, alpha: Pixels) -> Pixels:
        """Transparency, [H, W] -> [scale H, scale W], enlarged as a grey picture.

        It stays within what its 3x3 neighbourhood had, so opaque and clear regions stay exactly that.
        """
        grey = np.repeat(alpha[np.newaxis, ..., np.newaxis], 3, axis=-1)
        enlarged = self(grey)[0, ..., 0]
        size = enlarged.shape[1], enlarged.shape[0]
        lowest, highest = (
            np.asarray(Image.fromarray(alpha).filter(extreme(3)).resize(size, Image.Resampling.NEAREST))
            for extreme in (ImageFilter.MinFilter, ImageFilter.MaxFilter)
        )
        return enlarged.clip(lowest, highest)

    def _too_large(self, width: int, height: int) -> PictureError:
        return PictureError(
            f"{width} x {height} pixels are too many to be enlarged {self.scale} times; choose a smaller <scale>, or a "
            "smaller picture"
        )
