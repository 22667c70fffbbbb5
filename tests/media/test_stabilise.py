"""Stabilisation: still parts stay still, moving ones leave no trace."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.helpers.pictures import draw_photo
from translate.media.stabilise import Stabiliser
from translate.style.catalogue import find_style
from translate.style.translator import Translator

Pixels = NDArray[np.uint8]
SIZE = (96, 64)  # width and height
GROUND = draw_photo(*SIZE)


def noisy(frame: Pixels, rng: np.random.Generator, sigma: float = 4) -> Pixels:
    return (frame + rng.normal(0, sigma, frame.shape)).round().clip(0, 255).astype(np.uint8)


def flicker(frames: Pixels) -> float:
    """Mean difference between each frame and the previous one."""
    return float(np.mean([np.abs(a.astype(int) - b).mean() for a, b in pairwise(frames)]))


def harden(photos: Pixels) -> Pixels:
    """A style that exaggerates small differences: shades become black or white."""
    return np.where(photos > 127, 255, 0).astype(np.uint8)


def test_noise_on_a_still_scene_does_not_flicker() -> None:
    rng = np.random.default_rng(0)
    photos = np.stack([noisy(GROUND, rng) for _ in range(10)])
    results = harden(photos)
    held = Stabiliser()(photos, results)
    assert flicker(held) < flicker(results) / 5
    assert flicker(results) > 1
    assert np.abs(held[-1].astype(int) - results[-5:].mean(axis=0)).mean() < 2 * flicker(results)


def test_the_shipped_style_does_not_flicker() -> None:
    rng = np.random.default_rng(0)
    photos = np.stack([noisy(GROUND, rng) for _ in range(4)])
    results = Translator(find_style("cel"), device="cpu")(photos)
    assert flicker(Stabiliser()(photos, results)) < flicker(results) / 4


@pytest.mark.parametrize("step", [1, 2, 5])
@pytest.mark.parametrize("side", [2, 12])
def test_motion_leaves_no_trace(step: int, side: int) -> None:
    """A square on a low-contrast background: it appears at once, and the background returns where it was."""
    rng = np.random.default_rng(0)
    scene = np.full((SIZE[1], SIZE[0], 3), 100, np.uint8)
    photos, clean = [], []
    for index in range(12):
        frame = scene.copy()
        frame[20 : 20 + side, 5 + step * index : 5 + step * index + side] = 180
        clean.append(255 - frame)
        photos.append(noisy(frame, rng, sigma=2))
    held = Stabiliser()(np.stack(photos), np.stack(clean))
    assert np.abs(held.astype(int) - np.stack(clean)).max() <= 8


def test_the_ground_holds_still_while_something_moves() -> None:
    rng = np.random.default_rng(0)
    photos = []
    for index in range(10):
        frame = GROUND.copy()
        frame[4:16, 4 * index : 4 * index + 12] = 255
        photos.append(noisy(frame, rng))
    held = Stabiliser()(np.stack(photos), harden(np.stack(photos)))
    assert flicker(held[:, 40:]) < flicker(harden(np.stack(photos))[:, 40:]) / 5


def test_a_cut_shows_only_the_new_scene() -> None:
    """Even where both scenes look alike, so that nothing has changed there."""
    first, second = draw_photo(*SIZE), 255 - draw_photo(*SIZE)
    second[:8] = first[:8]
    held = Stabiliser()(np.stack([first, first, second]), np.stack([first, first, np.zeros_like(first)]))
    assert held[2].max() == 0


def test_a_slow_change_is_followed() -> None:
    """Each frame differs from the previous one by less than the noise."""
    photos = np.stack([np.full((32, 32, 3), 60 + index, np.uint8) for index in range(100)])
    held = Stabiliser()(photos, 255 - photos)
    assert np.abs(held.astype(int) - (255 - photos)).max() <= 12
    settled = Stabiliser()(
        np.repeat(photos[[0, 5]], (1, 60), axis=0), 255 - np.repeat(photos[[0, 90]], (1, 60), axis=0)
    )
    assert np.abs(settled[-1].astype(int) - (255 - photos[90])).max() <= 5


@pytest.mark.parametrize("size", [(64, 48), (33, 17), (1, 1), (2, 1)])
def test_batches_and_a_stored_state_change_nothing(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    photos = np.stack([noisy(draw_photo(*size), rng, 8) for _ in range(7)])
    whole = Stabiliser()(photos, harden(photos))
    assert whole.shape == photos.shape
    before = Stabiliser()
    assert before.state == {}
    parts = [before(photos[:3], harden(photos[:3]))]
    after = Stabiliser(before.state)
    parts += [after(photos[3:4], harden(photos[3:4])), after(photos[4:], harden(photos[4:]))]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_a_new_size_starts_a_new_film() -> None:
    stabiliser = Stabiliser()
    stabiliser(GROUND[np.newaxis], GROUND[np.newaxis])
    small = draw_photo(30, 20)[np.newaxis]
    np.testing.assert_array_equal(stabiliser(small, 255 - small), 255 - small)
