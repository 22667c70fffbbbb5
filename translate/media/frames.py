"""The frames of videos and animations, and the options by which both are converted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from translate.media.formats import Effort
from translate.media.guards import MAX_PIXELS
from translate.media.mark import Action

Frames = NDArray[np.uint8]  # [N, H, W, 3]
Transparency = NDArray[np.uint8]  # [H, W] of one frame


@dataclass(frozen=True, kw_only=True)
class MovingOptions:
    """How a video or an animation is converted."""

    quality: int | None = None  # 1 to 100; None: the format's default, 90 for videos
    effort: Effort = "normal"  # spent on making the file small
    max_size: int | None = None  # pixels of the longer side; larger ones are scaled down first
    compare: bool = False  # original and result side by side
    stabilise: bool = False  # hold the result still where the original is still
    enlarged: int = 1  # how many times as high and wide the frames become
    action: Action = "convert"  # what the results are marked as
    strip_metadata: bool = False  # leave out what the file says about the photo: place, camera, owner, title
    max_pixels: int = MAX_PIXELS  # of a photo or an animation's frame; larger ones are refused
