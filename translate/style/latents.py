"""Noise for samplers: by seed, truncated, and on the way from one picture to another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from translate.errors import UserError

Noise = NDArray[np.float32]  # [N, z_dim]
LARGEST_SEED = 2**32 - 1
SMALLEST_TRUNCATION = 0.1  # below it, hardly any number drawn is kept


def noise(seeds: Sequence[int], z_dim: int, *, truncation: float | None = None) -> Noise:
    """Standard normal noise [N, z_dim], a row for each of ``seeds``, which depends on its seed only.

    ``truncation``: numbers beyond it in either direction are drawn again (Brock et al. 2019, BigGAN, section 3.1):
    pictures become more typical and less varied. Raises ``UserError`` for a seed or a truncation out of range.
    """
    for seed in seeds:
        if not 0 <= seed <= LARGEST_SEED:
            raise UserError(f"<seed> {seed}: has to be from 0 to {LARGEST_SEED}")
    if truncation is not None and not truncation >= SMALLEST_TRUNCATION:
        raise UserError(f"<truncation> {truncation:g}: has to be at least {SMALLEST_TRUNCATION:g}; 2 hardly changes it")
    rows = [_row(np.random.default_rng(seed), z_dim, truncation) for seed in seeds]
    return np.array(rows, np.float32).reshape(len(rows), z_dim)


def _row(rng: np.random.Generator, z_dim: int, truncation: float | None) -> NDArray[np.float64]:
    row = rng.standard_normal(z_dim)
    while truncation is not None and (beyond := np.abs(row) > truncation).any():
        row[beyond] = rng.standard_normal(int(beyond.sum()))
    return row


def slerp(start: Noise, end: Noise, shares: NDArray[np.floating]) -> Noise:
    """Spherical interpolation of ``start`` and ``end``, [z_dim] each: a row for each of ``shares``, in [0, 1].

    White 2016 (arXiv:1609.04468), section 2.1. A straight line would pass nearer to the origin than noise ever is.
    """
    cosine = float(start @ end) / max(float(np.linalg.norm(start) * np.linalg.norm(end)), 1e-12)
    angle = np.arccos(np.clip(cosine, -1, 1))
    shares = np.asarray(shares, np.float64)[:, None]
    if np.sin(angle) < 1e-6:  # parallel: there is no arc
        return ((1 - shares) * start + shares * end).astype(np.float32)
    weights = np.sin((1 - shares) * angle) / np.sin(angle), np.sin(shares * angle) / np.sin(angle)
    return (weights[0] * start + weights[1] * end).astype(np.float32)


def loop(keys: Noise, steps: int) -> Noise:
    """A walk through ``keys`` [K, z_dim] and back to the first: [K steps, z_dim], ``steps`` from one to the next."""
    shares = np.arange(steps) / steps
    return np.concatenate([slerp(start, end, shares) for start, end in zip(keys, np.roll(keys, -1, 0), strict=True)])
