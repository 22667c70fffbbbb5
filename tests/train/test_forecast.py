from pathlib import Path

import pytest

from tests.helpers.pairs import tiny_config
from translate.config import Pix2PixConfig
from translate.train.forecast import said_of_time, spoken

DAYS = 4 * 86400


@pytest.fixture
def heavy() -> Pix2PixConfig:
    return tiny_config(Path("a"), Path("b"), Path("run"), generator="unet", generator_options={}, crop=256)


def test_a_long_run_on_a_processor_is_told_of_the_preset(heavy: Pix2PixConfig) -> None:
    said = said_of_time(heavy, "cpu", 8.0, DAYS // 8)
    assert said is not None and "a step takes 8 s" in said and "4 days" in said and "--preset light" in said
    on_gpu = said_of_time(heavy, "cuda", 8.0, DAYS // 8)
    assert on_gpu is not None and "--preset" not in on_gpu
    light = said_of_time(tiny_config(Path("a"), Path("b"), Path("run")), "cpu", 8.0, DAYS // 8)
    assert light is not None and "--preset" not in light


def test_a_short_run_is_told_nothing(heavy: Pix2PixConfig) -> None:
    assert said_of_time(heavy, "cpu", 0.5, 20) is None


def test_times_are_spoken_in_the_largest_suitable_unit() -> None:
    assert [spoken(seconds) for seconds in (40, 720, 12600, 311040)] == ["40 s", "12 min", "3.5 h", "3.6 days"]
