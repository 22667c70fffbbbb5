"""Noise: by seed alone, truncated, and on the way between two pictures."""

from __future__ import annotations

import numpy as np
import pytest

from translate.errors import UserError
from translate.style.latents import LARGEST_SEED, loop, noise, slerp


def test_noise_depends_on_its_own_seed_only() -> None:
    together = noise([3, 4, 5], 16)
    assert together.shape == (3, 16) and together.dtype == np.float32
    assert np.array_equal(noise([5], 16)[0], together[2])
    assert not np.array_equal(together[0], together[1])
    many = noise(range(400), 16)
    assert abs(many.mean()) < 0.05 and abs(many.std() - 1) < 0.05


def test_truncated_noise_stays_within_and_keeps_what_was_within() -> None:
    plain, truncated = noise(range(50), 16), noise(range(50), 16, truncation=0.7)
    assert np.abs(plain).max() > 2
    assert np.abs(truncated).max() <= 0.7
    within = np.abs(plain) <= 0.7
    assert np.array_equal(truncated[within], plain[within])


@pytest.mark.parametrize("seed", [-1, LARGEST_SEED + 1])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(UserError, match=f"seed {seed}: has to be from 0 to {LARGEST_SEED}"):
        noise([seed], 4)


@pytest.mark.parametrize("truncation", [0.0, -1.0, float("nan")])
def test_a_truncation_out_of_range_is_refused(truncation: float) -> None:
    with pytest.raises(UserError, match=r"truncation .*: has to be at least 0\.1"):
        noise([0], 4, truncation=truncation)


def test_slerp_stays_on_the_sphere_and_meets_both_ends() -> None:
    start, end = np.array([3, 0, 0], np.float32), np.array([0, 3, 0], np.float32)
    way = slerp(start, end, np.linspace(0, 1, 5))
    assert np.allclose(way[[0, -1]], [start, end], atol=1e-6)
    assert np.allclose(np.linalg.norm(way, axis=1), 3, atol=1e-5)
    assert np.allclose(way[2], [3 / np.sqrt(2), 3 / np.sqrt(2), 0], atol=1e-5)
    assert np.allclose(slerp(start, start, np.array([0.5])), [start])


def test_a_walk_passes_its_keys_and_returns() -> None:
    keys = noise([1, 2, 3], 8)
    way = loop(keys, 4)
    assert way.shape == (12, 8)
    assert np.allclose(way[::4], keys, atol=1e-6)
    assert np.linalg.norm(way[-1] - keys[0]) < 0.5 * np.linalg.norm(keys[2] - keys[0])  # the last leg leads back
