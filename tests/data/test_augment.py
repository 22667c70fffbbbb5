from pathlib import Path

import numpy as np
import pytest

from tests.helpers.pairs import picture, tiny_config
from translate.config import TrainConfig
from translate.data.augment import Augment, centre_crop, random_crop


@pytest.fixture
def config(tmp_path: Path) -> TrainConfig:
    return tiny_config(tmp_path, tmp_path, tmp_path, scale=(0.7, 1.6), rotate=20.0, quarter_turns=True, resize=48)


def test_all_pictures_of_a_sample_get_the_same_geometry(config: TrainConfig) -> None:
    augment = Augment(random_crop(config))
    for seed in range(8):
        first, second, third = augment(
            {"A": picture(seed), "B": 255 - picture(seed), "smoothed": picture(seed)}, seed=seed
        ).values()
        assert first.shape == (24, 24, 3)
        assert np.abs(first.astype(int) + second - 255).max() <= 2  # interpolation may round either way
        assert np.array_equal(first, third)


def test_a_single_picture_is_augmented_like_the_first_of_a_pair(config: TrainConfig) -> None:
    augment = Augment(random_crop(config))
    alone = augment({"image": picture(1)}, seed=5)
    paired = augment({"A": picture(1), "B": picture(2)}, seed=5)
    assert list(alone) == ["image"]
    assert np.array_equal(alone["image"], paired["A"])


def test_the_result_depends_on_the_seed_only(config: TrainConfig) -> None:
    augment, again = Augment(random_crop(config), jitter=0.3), Augment(random_crop(config), jitter=0.3)
    sample = {"image": picture(1)}
    augment(sample, seed=3)  # earlier calls leave no trace
    assert np.array_equal(augment(sample, seed=4)["image"], again(sample, seed=4)["image"])
    assert not np.array_equal(augment(sample, seed=4)["image"], augment(sample, seed=5)["image"])


def test_jitter_changes_only_the_first_picture(config: TrainConfig) -> None:
    sample = {"A": picture(1), "B": picture(2)}
    plain = Augment(random_crop(config))(sample, seed=1)
    jittered = Augment(random_crop(config), jitter=0.5)(sample, seed=1)
    assert np.array_equal(plain["B"], jittered["B"])
    assert not np.array_equal(plain["A"], jittered["A"])


def test_the_centre_crop_ignores_the_seed(tmp_path: Path) -> None:
    augment = Augment(centre_crop(tiny_config(tmp_path, tmp_path, tmp_path)))
    for seed in (1, 2):
        assert np.array_equal(augment({"image": picture(1)}, seed=seed)["image"], picture(1)[6:30, 8:32])
