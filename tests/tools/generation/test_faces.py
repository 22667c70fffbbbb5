"""The shipped sampler `faces`: what it draws are faces, each another one."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from translate import load_sampler
from translate.style.catalogue import find_sampler, list_samplers

SHOWN = 64


@pytest.fixture(scope="module")
def faces() -> NDArray[np.float64]:
    """float [64, 64, 64, 3] from 0 to 255."""
    sampler = load_sampler("faces", device="cpu")
    return np.stack([np.asarray(sampler(seed=seed), np.float64) for seed in range(SHOWN)])


def test_it_is_small_and_says_where_it_comes_from() -> None:
    assert list(list_samplers()) == ["faces"]
    assert find_sampler("faces").stat().st_size < 5e6
    info = load_sampler("faces", device="cpu").info
    assert info.licence == "CC BY 4.0" and "CG-CA Uka" in info.training_data


def test_there_is_skin_below_hair(faces: NDArray[np.float64]) -> None:
    """Skin is redder than blue in nearly every face; hair has any colour."""
    redder = faces[..., 0] - faces[..., 2]
    cheek, hair = redder[:, 36:44, 28:40].mean((1, 2)), redder[:, 8:16, 28:40].mean((1, 2))
    assert np.mean(cheek > 10) > 0.9
    assert np.mean(hair > 10) < 0.8


def test_no_two_are_alike(faces: NDArray[np.float64]) -> None:
    small = faces.reshape(SHOWN, 8, 8, 8, 8, 3).mean((2, 4)).reshape(SHOWN, -1)
    distances = np.abs(small[:, None] - small).mean(-1)[~np.eye(SHOWN, dtype=bool)]
    assert distances.min() > 4 and distances.mean() > 25


def test_a_seed_is_a_face(faces: NDArray[np.float64]) -> None:
    assert np.abs(np.asarray(load_sampler("faces", device="cpu")(seed=5), np.float64) - faces[5]).max() <= 1
