"""Reducing flicker in moving pictures: where the input is still, the output stays still.

A style turns the noise between two frames into different lines and shades. Here each new output is blended into the
previous one, pixel by pixel, by how much the input has changed there: a temporal blend as in recursive video denoising
(Dubois and Sabri 1984), with the change of the input as the only measure of motion.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFilter

STILL_PERCENT = 25  # this quietest percentage of a frame is assumed to hold only noise, however much the rest moves
NOISE_MARGIN = 1.5  # changes up to this many times the largest change in that part count as noise
NOISE_RANGE = (3, 8)  # of 255, limits of that threshold: for clean films, and for films in which everything moves
MIN_SHARE = 1 / 8  # the new output's share where nothing moved, so that slow changes are followed
REACH = 2  # pixels, at half size, by which motion is dilated
CUT = 0.5  # share of moved pixels from which a frame belongs to another scene


class Stabiliser:
    """Takes the frames of one film in order; ``state`` is what it keeps between frames.

    The change is measured against the input blended like the output shown, not against the previous frame: so a drift
    too slow to see between two frames adds up until it is followed.
    """

    def __init__(self, state: Mapping[str, NDArray[np.uint8]] | None = None) -> None:
        """``state``: that of a stabiliser that has seen the frames so far; None: start of the film."""
        self._seen = None if state is None else Image.fromarray(state["seen"])
        self._shown = None if state is None else Image.fromarray(state["shown"])

    @property
    def state(self) -> dict[str, NDArray[np.uint8]]:
        """``seen`` [H/2, W/2, 3], the reduced input, and ``shown`` [H, W, 3], the output; {} before any frame."""
        if self._seen is None or self._shown is None:
            return {}
        return {"seen": np.array(self._seen), "shown": np.array(self._shown)}

    def __call__(self, photos: NDArray[np.uint8], results: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Inputs and outputs of the style, both uint8 [N, H, W, 3] in film order -> the frames to show, same shape."""
        return np.stack([self._next(photo, result) for photo, result in zip(photos, results, strict=True)])

    def _next(self, photo: NDArray[np.uint8], result: NDArray[np.uint8]) -> NDArray[np.uint8]:
        seen = Image.fromarray(photo).reduce(2)
        shown = Image.fromarray(result)
        if self._seen is not None and self._shown is not None and self._seen.size == seen.size:
            share = _new_share(seen, self._seen)
            if (np.asarray(share) == 255).mean() < CUT:
                seen = Image.composite(seen, self._seen, share)
                shown = Image.composite(shown, self._shown, share.resize(shown.size, Image.Resampling.BILINEAR))
        self._seen, self._shown = seen, shown
        return np.array(shown)


def _new_share(seen: Image.Image, before: Image.Image) -> Image.Image:
    """How much of the new output to show, 0 to 255, mode L, of the size of both inputs."""
    # Averaging nine pixels cuts noise to a third, but also anything smaller than those pixels: a moving speck is found
    # in the unaveraged pixels, where it stands out even against three times the noise.
    blur = ImageFilter.BoxBlur(1)
    averaged = np.asarray(ImageChops.difference(seen.filter(blur), before.filter(blur))).max(axis=2)
    change = np.maximum(averaged, np.asarray(ImageChops.difference(seen, before)).max(axis=2) // 3)
    # An output pixel depends on its surroundings: motion is dilated here, and its edge softened below.
    change = _dilate(change)
    still = float(np.clip(NOISE_MARGIN * np.percentile(change, STILL_PERCENT), *NOISE_RANGE))
    moved = 2 * still + 2  # from here on it is motion, where the previous output must leave no trace
    share = MIN_SHARE + (1 - MIN_SHARE) * np.clip((np.arange(256) - still) / (moved - still), 0, 1)  # by change
    return Image.fromarray((255 * share).round().astype(np.uint8)[change]).filter(blur)


def _dilate(change: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """[H, W]: for each pixel, the largest value at most `REACH` rows and columns away."""
    height, width = change.shape
    padded = np.pad(change, REACH)
    rows = np.maximum.reduce([padded[start : start + height] for start in range(2 * REACH + 1)])
    return np.maximum.reduce([rows[:, start : start + width] for start in range(2 * REACH + 1)])
