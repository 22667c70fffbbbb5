"""ADA's rule, and a discriminator that follows it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.helpers.pairs import tiny_run
from tests.train.methods.test_methods import built
from translate.train import adaptive
from translate.train.adaptive import AdaptiveProbability
from translate.train.diff_augment import DiffAugment


def test_the_probability_rises_above_the_target_and_falls_below() -> None:
    probability = AdaptiveProbability(0.6, torch.device("cpu"))
    probability.adapt(torch.tensor(0.5), pictures=1000)
    assert float(probability.value) == 0  # never below 0
    for _ in range(10):
        probability.adapt(torch.tensor(0.7), pictures=1000)
    assert float(probability.value) == pytest.approx(10 * 1000 / adaptive.IMAGES)
    probability.adapt(torch.tensor(0.5), pictures=1000)
    assert float(probability.value) == pytest.approx(9 * 1000 / adaptive.IMAGES)
    for _ in range(200):
        probability.adapt(torch.tensor(1.0), pictures=1000)
    assert float(probability.value) == 1


def test_only_the_chosen_samples_are_augmented() -> None:
    augment = DiffAugment("color,cutout")
    images = torch.rand(3, 3, 8, 8) * 2 - 1
    draws = torch.rand(3, 10)
    applied = torch.tensor([[True, True], [False, False], [True, False]])
    changed = augment(images, draws, applied)
    assert augment.operations == 2
    assert torch.equal(changed[0], augment(images, draws)[0])
    assert torch.equal(changed[1], images[1])
    assert torch.equal(changed[2], DiffAugment("color")(images, draws)[2])


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["relativistic", "hinge"])
def test_a_discriminator_augments_more_once_it_overfits(
    objective: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adaptive, "IMAGES", 40)
    changes = {"objective": objective, "diff_augment": "color,translation,cutout", "lr": 2e-3, "batch_size": 4}
    method, batch = built(tiny_run("gan", tmp_path, tmp_path / "run", **changes, ada_target=0.3, n_critic=40))
    shares = [float(method.step(batch, step=step, progress=0.0)["D/augmented"]) for step in range(39)]
    assert shares[0] == 0 and max(shares) > 0.2
    state = method.state()
    resumed, _ = built(tiny_run("gan", tmp_path, tmp_path / "run", **changes, ada_target=0.3, n_critic=40))
    resumed.load_state(state)
    (one,), (other,) = method.adversaries(), resumed.adversaries()
    assert one.adaptive is not None and other.adaptive is not None
    assert torch.equal(one.adaptive.value, other.adaptive.value)
