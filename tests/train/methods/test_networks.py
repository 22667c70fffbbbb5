from pathlib import Path

import pytest

from tests.helpers.pairs import tiny_config, write_pairs
from translate.errors import UserError
from translate.train.loop import train
from translate.train.methods.networks import built_generator, suited_to_crop
from translate.weights.checkpoint import load_generator

UNET = {"generator": "unet", "generator_options": {"channels": 2}}


def test_given_options_and_other_networks_stay() -> None:
    given = tiny_config(Path("a"), Path("b"), Path("r"), generator="unet", generator_options={"size": 32}, crop=64)
    assert suited_to_crop(given).generator_options == {"size": 32}
    mobile = tiny_config(Path("a"), Path("b"), Path("r"))
    assert suited_to_crop(mobile) == mobile


def test_a_crop_that_does_not_suit_is_answered_with_ones_that_do() -> None:
    config = suited_to_crop(tiny_config(Path("a"), Path("b"), Path("r"), **UNET, crop=100))
    with pytest.raises(UserError, match=r"crop 100: has to be a multiple of 32, .*; give 96 or 128"):
        built_generator(config)


@pytest.mark.slow
def test_a_run_with_a_small_crop_is_exported_as_it_was_trained(tmp_path: Path) -> None:
    """Its depth is in the checkpoint."""
    train(tiny_config(*write_pairs(tmp_path), tmp_path / "run", **UNET, crop=32, steps=1))
    generator, found = load_generator(tmp_path / "run")
    assert generator.stride == 32 and found.config["generator_options"] == {"channels": 2, "size": 32}
