"""Against flicker in moving pictures: where the input stands still, the output holds still.

A style answers the noise between two frames with other lines and other shades. Here each new output is blended into the
one before, pixel by pixel, as much as the input has changed there: a blend along time as in recursive video denoising
(Dubois and Sabri 1984), with the input's change as its only measure of motion.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFilter

QUIET = 25  # per cent of a frame of which the change is taken to be noise alone, be the rest in motion
NOISE = 1.5  # times the largest change in there: a change of the input up to here counts as noise
STILL = (3, 8)  # of 255, the least and the most this may be: for clean films, and for those in which all moves
FOLLOW = 1 / 8  # the new output's share where nothing moved, so that slow changes are followed
REACH = 2  # pixels at half the size by which motion is widened
CUT = 0.5  # the share of moved pixels from which on a frame belongs to another scene


class Stabiliser:
    """Takes the frames of one film in their order; what it keeps from frame to frame is its ``state``.

    The change is measured against the input that belongs to the output shown, blended as that output is, and not
    against the frame before: a drift too slow for two frames to tell still adds up until it is followed.
    """

    def __init__(self, state: Mapping[str, NDArray[np.uint8]] | None = None) -> None:
        """``state``: of a stabiliser that has seen the frames so far; None: this is the beginning."""
        self._seen = None if state is None else Image.fromarray(state["seen"])
        self._shown = None if state is None else Image.fromarray(state["shown"])

    @property
    def state(self) -> dict[str, NDArray[np.uint8]]:
        """``seen`` [H/2, W/2, 3], the reduced input, and ``shown`` [H, W, 3]; nothing before the first frame."""
        if self._seen is None or self._shown is None:
            return {}
        return {"seen": np.array(self._seen), "shown": np.array(self._shown)}

    def __call__(self, photos: NDArray[np.uint8], results: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Inputs and outputs of the style, both uint8 [N, H, W, 3] in the film's order -> what to show."""
        return np.stack([self._next(photo, result) for photo, result in zip(photos, results, strict=True)])

    def _next(self, photo: NDArray[np.uint8], result: NDArray[np.uint8]) -> NDArray[np.uint8]:
        seen = Image.fromarray(photo).reduce(2)
        shown = Image.fromarray(result)
        if self._seen is not None and self._shown is not None and self._seen.size == seen.size:
            share = _share_of_new(seen, self._seen)
            if (np.asarray(share) == 255).mean() < CUT:
                seen = Image.composite(seen, self._seen, share)
                shown = Image.composite(shown, self._shown, share.resize(shown.size, Image.Resampling.BILINEAR))
        self._seen, self._shown = seen, shown
        return np.array(shown)


def _share_of_new(seen: Image.Image, before: Image.Image) -> Image.Image:
    """How much of the new output to show, mode L of the size of both inputs."""
    # Averaging nine pixels takes noise down to a third, and what is smaller than they are with it: a speck that moves
    # is seen in the pixels themselves, where it stands out even against three times the noise.
    blur = ImageFilter.BoxBlur(1)
    averaged = np.asarray(ImageChops.difference(seen.filter(blur), before.filter(blur))).max(axis=2)
    change = np.maximum(averaged, np.asarray(ImageChops.difference(seen, before)).max(axis=2) // 3)
    # A pixel of the output depends on its surroundings: what moved is widened, and below its edge softened.
    change = _widened(change)
    still = float(np.clip(NOISE * np.percentile(change, QUIET), *STILL))
    moved = 2 * still + 2  # from here on it is motion, of which the output before must leave no trace
    share = FOLLOW + (1 - FOLLOW) * np.clip((np.arange(256) - still) / (moved - still), 0, 1)  # for each change
    return Image.fromarray((255 * share).round().astype(np.uint8)[change]).filter(blur)


def _widened(change: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """[H, W]: at each pixel the largest value at most `REACH` rows and columns away."""
    height, width = change.shape
    padded = np.pad(change, REACH)
    rows = np.maximum.reduce([padded[start : start + height] for start in range(2 * REACH + 1)])
    return np.maximum.reduce([rows[:, start : start + width] for start in range(2 * REACH + 1)])
