"""How steady is a style while the camera pans slowly over what stands still?

A window glides over a photo; each frame is translated by itself. What a frame shows differently from the one before,
moved along with the picture, is flicker: the mean absolute difference, in steps of 255, over the window without
`BORDER`. Two pans:

- slanting, `SLANT` pixels per frame, cut out and moved back by bicubic resampling. Resampling alone changes the photo,
  so the style's change is divided by the photo's. Crisp lines change more than soft ones in resampling: the same pan
  over one translated picture, *still*, says how much of the change is that and not the style.
- level, `LEVEL` whole pixels per frame: the photo itself does not change at all, all that is seen is the style's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # [H, W, 3]
Translate = Callable[[Pixels], Pixels]
Step = tuple[float, float]  # pixels to the right and down, from one frame to the next
SLANT: Step = (1.75, 0.96875)  # 2 pixels long, in steps of 1/32, the grid of OpenCV's resampling
LEVEL: Step = (2.0, 0.0)
SIDE = 384  # pixels of the window
BORDER = 64  # pixels of the window's edge, where the style does not see what lies beyond, that are left out


@dataclass(frozen=True)
class Flicker:
    """Mean absolute change from frame to frame, in steps of 255."""

    style: float
    photo: float
    still: float  # of one translated picture, panned over

    @property
    def ratio(self) -> float:
        """Of the style's change to the photo's; NaN where the photo does not change."""
        return self.style / self.photo if self.photo else float("nan")


def pan(photo: Pixels, step: Step, frames: int, side: int) -> Iterator[Pixels]:
    """Windows uint8 [side, side, 3] that glide over ``photo``, centred on it, ``step`` from one to the next.

    Raises ``ValueError`` where the photo does not hold the whole way.
    """
    way = np.abs(step) * (frames - 1)
    room = np.array(photo.shape[1::-1]) - side - way
    if (room < 0).any():
        width, height = np.ceil(side + way).astype(int)
        raise ValueError(f"a photo of {photo.shape[1]} x {photo.shape[0]} pixels, the pan takes {width} x {height}")
    start = np.floor(room / 2)
    for frame in range(frames):
        yield _moved(photo, start + frame * np.array(step), side)


def _moved(picture: Pixels, corner: NDArray[np.float64], side: int) -> Pixels:
    """The window of ``picture`` whose upper left is at ``corner``, bicubically; exact where that is a whole pixel."""
    shift = np.array([[1, 0, corner[0]], [0, 1, corner[1]]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(picture, shift, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE).astype(np.uint8)


def change(before: Pixels, after: Pixels, step: Step, border: int) -> float:
    """Mean absolute difference of ``after`` from ``before`` moved by ``step``, without ``border`` pixels all around."""
    inside = slice(border, len(after) - border)
    expected = _moved(before, np.array(step), len(before))
    return float(np.abs(after[inside, inside].astype(np.int16) - expected[inside, inside]).mean())


def flicker(photo: Pixels, translate: Translate, step: Step, *, frames: int, side: int, border: int) -> Flicker:
    """Raises ``ValueError`` for a photo too small, see `pan`, and for less than two frames."""
    if frames < 2:
        raise ValueError("a pan takes two frames or more")

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
    """Of several photos; the ratio is then one of means."""
    return Flicker(*(float(np.mean([getattr(each, name) for each in several])) for name in ("style", "photo", "still")))
