"""Maps of labels: grey pictures whose values are the numbers of what is there, as in data sets for segmentation."""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.typing import NDArray

# Successive hues are so many turns apart, which keeps any number of them apart; saturation and value take turns, so
# that near hues differ in these. Of several sets of numbers tried, these keep 64 colours the farthest apart.
_HUE, _SATURATION, _VALUE = 0.569840, (1.0, 0.6), (1.0, 0.75, 0.5)


def label_colours(count: int) -> NDArray[np.uint8]:
    """A colour for each byte, RGB [256, 3]: distinct ones for 0 to ``count`` - 1, black for others, such as "void"."""
    colours = np.zeros((256, 3), np.uint8)
    for number in range(count):
        saturation, value = _SATURATION[number % len(_SATURATION)], _VALUE[number % len(_VALUE)]
        colours[number] = np.rint(255 * np.array(colorsys.hsv_to_rgb(number * _HUE % 1, saturation, value)))
    return colours


def coloured(labels: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """A map of labels, loaded as grey RGB [H, W, 3], in the colours of its ``count`` labels."""
    return label_colours(count)[labels[..., 0]]
