"""How steady a translation is while the camera pans slowly over what stands still.

A window moves across a photo; each frame is translated separately. Flicker is the mean absolute difference, in 8-bit
levels, between a frame and the one before it, shifted by the camera's motion; `BORDER` is left out. Two pans:

- diagonal, `DIAGONAL` pixels per frame, cut out and shifted by bicubic resampling. Resampling itself changes the photo,
  so the style's flicker is divided by the photo's. It changes crisp lines more than soft ones: the same pan over one
  translated picture, *still*, shows how much of the flicker comes from resampling and not from the style.
- horizontal, a whole number of pixels per frame: the photo itself does not change, so all flicker is the style's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # RGB [H, W, 3]
Translate = Callable[[Pixels], Pixels]
Step = tuple[float, float]  # pixels to the right and down, from one frame to the next
DIAGONAL: Step = (1.75, 0.96875)  # 2 pixels long; multiples of 1/32, the resolution of OpenCV's resampling
HORIZONTAL: Step = (2.0, 0.0)
SIDE = 384  # of the window, in pixels
BORDER = 64  # pixels left out along the window's edges, where the style lacks context


@dataclass(frozen=True)
class Flicker:
    """Mean absolute change from frame to frame, in 8-bit levels."""

    style: float
    photo: float
    still: float  # of one translated picture, panned over

    @property
    def ratio(self) -> float:
        """The style's change divided by the photo's; NaN where the photo does not change."""
        return self.style / self.photo if self.photo else float("nan")


def pan(photo: Pixels, step: Step, frames: int, side: int) -> Iterator[Pixels]:
    """Windows of ``photo``, uint8 [side, side, 3], each ``step`` from the one before; the path is centred.

    Raises ``ValueError`` where the photo is too small for the whole pan.
    """
    distance = np.abs(step) * (frames - 1)
    room = np.array(photo.shape[1::-1]) - side - distance
    if (room < 0).any():
        width, height = np.ceil(side + distance).astype(int)
        raise ValueError(f"the photo has {photo.shape[1]} x {photo.shape[0]} pixels, the pan needs {width} x {height}")
    start = np.floor(room / 2)
    for frame in range(frames):
        yield _window_at(photo, start + frame * np.array(step), side)


def _window_at(picture: Pixels, corner: NDArray[np.float64], side: int) -> Pixels:
    """The window whose top left corner is at ``corner`` (x, y), sampled bicubically; exact at whole pixels."""
    shift = np.array([[1, 0, corner[0]], [0, 1, corner[1]]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(picture, shift, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE).astype(np.uint8)


def change(before: Pixels, after: Pixels, step: Step, border: int) -> float:
    """Mean absolute difference of ``after`` from ``before`` moved by ``step``, without ``border`` pixels per side."""
    inside = slice(border, len(after) - border)
    expected = _window_at(before, np.array(step), len(before))
    return float(np.abs(after[inside, inside].astype(np.int16) - expected[inside, inside]).mean())


def flicker(photo: Pixels, translate: Translate, step: Step, *, frames: int, side: int, border: int) -> Flicker:
    """The flicker of ``translate`` on one pan; raises ``ValueError`` as `pan` does, and for fewer than two frames."""
    if frames < 2:
        raise ValueError("a pan needs at least two frames")

    def mean_change(shown: Iterator[Pixels]) -> float:
        before, total = next(shown), 0.0
        for after in shown:
            total += change(before, after, step, border)
            before = after
        return total / (frames - 1)

    return Flicker(
        style=mean_change(translate(frame) for frame in pan(photo, step, frames, side)),
        photo=mean_change(pan(photo, step, frames, side)),
        still=mean_change(pan(translate(photo), step, frames, side)),
    )


def mean(several: list[Flicker]) -> Flicker:
    """The mean over photos; its ratio is that of the means."""
    return Flicker(*(float(np.mean([getattr(each, name) for each in several])) for name in ("style", "photo", "still")))
