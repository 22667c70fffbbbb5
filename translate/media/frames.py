"""What videos and animations are converted as: arrays of frames, under one set of options."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from translate.media.formats import Effort
from translate.media.guards import MAX_PIXELS

Frames = NDArray[np.uint8]  # [N, H, W, 3]


@dataclass(frozen=True, kw_only=True)
class MovingOptions:
    """How a video or an animation is converted."""

    quality: int | None = None  # 1 to 100, of videos and of WebP; None: the format's own, 90 of videos
    effort: Effort = "normal"  # on a small file
    max_size: int | None = None  # pixels of the longer side, to which larger ones are scaled down first
    compare: bool = False  # original and result side by side
    stabilise: bool = False  # hold the result still where the original is
    max_pixels: int = MAX_PIXELS  # of a frame; larger animations are refused
