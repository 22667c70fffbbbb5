"""The samplers that come with the program."""

from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.paths import ROOT
from translate import load_sampler
from translate.style.catalogue import list_samplers
from translate.style.sampler import Sampler

LARGEST_MB = 5
SKIN = slice(36, 46), slice(27, 37)  # between nose and chin


@pytest.fixture(scope="module")
def faces() -> Sampler:
    return load_sampler("faces", device="cpu")


def test_each_is_small_and_has_a_card_and_a_licence() -> None:
    assert list(list_samplers()) == ["faces"]
    for name, path in list_samplers().items():
        assert path.stat().st_size < LARGEST_MB * 1e6
        card = (path.parent / f"{name}.md").read_text(encoding="utf-8")
        info = load_sampler(path, device="cpu").info
        assert info.title == name and info.licence in card and "Nagoya Institute of Technology" in info.training_data
        assert (ROOT / "mkdocs.yml").read_text(encoding="utf-8").count(f"samplers/{name}.md") == 1


def test_faces_follow_from_their_seed_and_differ(faces: Sampler) -> None:
    pictures = faces.pictures(range(64))
    assert pictures.shape == (64, 64, 64, 3) and pictures.dtype == np.uint8
    assert np.array_equal(pictures[3], np.array(faces(seed=3)))
    distances = np.abs(pictures[:, None].astype(np.int16) - pictures[None]).mean((2, 3, 4))
    assert np.median(distances[np.triu_indices(64, 1)]) > 20  # of 255 levels
    assert distances[~np.eye(64, dtype=bool)].min() > 2


def test_faces_have_skin_above_the_chin_and_light_grounds_in_the_corners(faces: Sampler) -> None:
    pictures = faces.pictures(range(64)).astype(float)
    skin = pictures[:, *SKIN].mean((1, 2))
    assert ((skin[:, 0] > skin[:, 1]) & (skin[:, 1] > skin[:, 2])).mean() > 0.8
    corners = pictures[:, :6, :6].mean((1, 2, 3))
    assert np.median(corners) > 180
