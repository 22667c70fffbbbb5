"""Matching windows of pairs whose B is larger than A."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.helpers.pairs import picture
from translate.data.windows import MatchingWindows

SMALL = picture(1, width=20, height=16)


def larger(pixels: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    """``pixels`` enlarged, so that a wrong offset of a window shows in any pixel."""
    return pixels.repeat(scale, axis=0).repeat(scale, axis=1)


@pytest.mark.parametrize("scale", [2, 3])
@pytest.mark.parametrize("centred", [False, True])
def test_windows_show_the_same(scale: int, centred: bool) -> None:
    windows = MatchingWindows(scale, 8 * scale, centred=centred)
    sample = {"A": SMALL, "B": larger(SMALL, scale)}
    cuts = [windows(sample, seed=seed)["A"] for seed in range(12)]
    for seed, cut in enumerate(cuts):
        assert cut.shape == (8 * scale, 8 * scale, 3)
        assert np.array_equal(windows(sample, seed=seed)["B"], cut)  # also: the same seed, the same window
    different = len({cut.tobytes() for cut in cuts})
    assert different == 1 if centred else different > 6


def test_every_window_can_come_up() -> None:
    place = np.arange(20, dtype=np.uint8)  # each row and column holds its own number
    sample = {"A": np.tile(place[:, None, None], (1, 20, 3)), "B": larger(np.tile(place[:, None, None], (1, 20, 3)), 2)}
    rows = {int(MatchingWindows(2, 32)(sample, seed=seed)["A"][0, 0, 0]) for seed in range(80)}
    assert rows == set(range(5))


@pytest.mark.parametrize("side", [24, 80])
def test_pictures_smaller_than_the_window_are_continued_alike(side: int) -> None:
    small = picture(2, width=9, height=30)
    window = MatchingWindows(2, side)({"A": small, "B": larger(small, 2)}, seed=3)
    assert window["A"].shape == (side, side, 3)
    assert np.array_equal(window["A"], window["B"])
