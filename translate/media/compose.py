"""Combining a photo and its translation in one picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from translate.media.images import Picture


def blend(photo: NDArray[np.uint8], result: NDArray[np.uint8], strength: float) -> NDArray[np.uint8]:
    """Mix linearly: ``photo`` at strength 0, ``result`` at 1; all uint8 [..., 3]."""
    if strength == 1:
        return result
    mixed = photo + (result.astype(np.float32) - photo) * np.float32(strength)
    return mixed.round().astype(np.uint8)


def side_by_side(left: Picture, right: Picture) -> Picture:
    """Two pictures of the same size -> one of twice the width, with the EXIF of the left one."""
    alpha = None
    if left.alpha is not None and right.alpha is not None:
        alpha = np.hstack((left.alpha, right.alpha))
    return replace(left, rgb=np.hstack((left.rgb, right.rgb)), alpha=alpha)
