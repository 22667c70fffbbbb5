import copy
import json
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tests.helpers.pairs import tiny_config, write_pairs
from translate.train.averaging import MovingAverage, decay_after
from translate.train.loop import train

EMA = 0.999


def test_the_decay_rises_to_the_setting() -> None:
    decays = [decay_after(updates, EMA) for updates in range(20_000)]
    assert decays == sorted(decays) and decays[0] == 0.1 and decays[-1] == EMA
    assert decay_after(0, 0.05) == 0.05


def weight_of(average: nn.Module) -> Tensor:
    return average.state_dict()["module.weight"]


@pytest.mark.parametrize("updates", [30, 300, 3000])
def test_the_average_of_weights_that_rise_steadily_is_a_tenth_of_the_way_behind(updates: int) -> None:
    """At any length: with the full decay from the start, after 30 updates it would hardly have left 0."""
    network = nn.Linear(1, 1, bias=False)
    average = MovingAverage(network, EMA)
    for step in range(updates):
        nn.init.constant_(network.weight, step)
        average.update(network)
    assert 0.85 < float(weight_of(average)) / updates < 0.95


def test_it_goes_on_from_its_weights_and_the_number_of_updates() -> None:
    torch.manual_seed(0)
    weights = torch.randn(6, 1, 1)
    network = nn.Linear(1, 1, bias=False)
    whole, first = MovingAverage(network, EMA), MovingAverage(network, EMA)

    def learn(average: MovingAverage, steps: range) -> None:
        for step in steps:
            network.weight.data.copy_(weights[step])
            average.update(network)

    learn(whole, range(6))
    learn(first, range(3))
    second = MovingAverage(nn.Linear(1, 1, bias=False), EMA)
    second.module.load_state_dict(copy.deepcopy(first.module.state_dict()))
    second.updates = first.updates
    learn(second, range(3, 6))
    assert torch.equal(weight_of(whole), weight_of(second))


@pytest.mark.slow
def test_after_few_steps_the_average_is_as_good_as_the_generator(tmp_path: Path) -> None:
    """At the default decay: what is validated and exported has learned what the loss shows."""
    out = tmp_path / "run"
    settings = {"steps": 60, "lr": 5e-3, "beta1": 0.9, "schedule": "constant", "lambda_gan": 0.0, "log_every": 10}
    train(tiny_config(*write_pairs(tmp_path), out, sample_every=60, save_every=60, **settings))
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    generator = [line["G/l1"] / 100 for line in lines if "G/l1" in line]
    average = [line["train/l1"] for line in lines if "train/l1" in line]
    assert generator[-1] < 0.7 * generator[0]  # it has learned
    assert average[-1] < 1.2 * generator[-1]
