import math

import pytest
import torch

from translate.losses import OBJECTIVES, edge_l1, forgive_overshoot, objective_by_name

REAL = torch.tensor([[[[2.0, -1.0]]]])
FAKE = torch.tensor([[[[0.5, -3.0]]]])


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_vanilla_is_binary_cross_entropy() -> None:
    vanilla = objective_by_name("vanilla")
    real = -sum(math.log(sigmoid(x)) for x in (2.0, -1.0)) / 2
    fake = -sum(math.log(1 - sigmoid(x)) for x in (0.5, -3.0)) / 2
    assert vanilla.discriminator(REAL, FAKE).item() == pytest.approx(real + fake, rel=1e-5)
    assert vanilla.generator(FAKE).item() == pytest.approx(
        -sum(math.log(sigmoid(x)) for x in (0.5, -3.0)) / 2, rel=1e-5
    )


def test_lsgan_is_the_squared_distance_to_the_labels() -> None:
    lsgan = objective_by_name("lsgan")
    assert lsgan.discriminator(REAL, FAKE).item() == pytest.approx((1 + 4) / 2 + (0.25 + 9) / 2)
    assert lsgan.generator(FAKE).item() == pytest.approx((0.25 + 16) / 2)


def test_hinge_stops_at_the_margin() -> None:
    hinge = objective_by_name("hinge")
    assert hinge.discriminator(REAL, FAKE).item() == pytest.approx((0 + 2) / 2 + (1.5 + 0) / 2)
    assert hinge.generator(FAKE).item() == pytest.approx(1.25)


@pytest.mark.parametrize("name", sorted(OBJECTIVES))
def test_each_side_pulls_its_logits_the_right_way(name: str) -> None:
    objective = objective_by_name(name)
    real, fake = (torch.full((1, 1, 2, 2), 0.5, requires_grad=True) for _ in range(2))
    objective.discriminator(real, fake).backward()
    assert real.grad is not None and (real.grad < 0).all()  # descending raises the logits of real pictures
    assert fake.grad is not None and (fake.grad > 0).all()
    judged = torch.full((1, 1, 2, 2), 0.5, requires_grad=True)
    objective.generator(judged).backward()
    assert judged.grad is not None and (judged.grad < 0).all()


def test_unknown_objective_lists_the_known() -> None:
    with pytest.raises(ValueError, match="vanilla, lsgan, hinge"):
        objective_by_name("wasserstein")


def test_overshoot_is_forgiven_only_where_clipping_mends_it() -> None:
    image = torch.tensor([-1.5, -1.5, 1.5, 1.5, 0.5, -0.5], requires_grad=True)
    target = torch.tensor([-1.0, 0.0, 1.0, -1.0, 1.0, -1.0])
    visible = forgive_overshoot(image, target)
    assert visible.tolist() == [-1.0, -1.5, 1.0, 1.5, 0.5, -0.5]
    (visible - target).abs().sum().backward()
    assert image.grad is not None
    assert image.grad.tolist() == [0, -1, 0, 1, -1, 1]


def test_edge_distance_ignores_a_shift_of_brightness_and_sees_an_edge() -> None:
    image = torch.rand(1, 3, 5, 7)
    assert edge_l1(image + 0.25, image).item() == pytest.approx(0, abs=1e-6)
    step = torch.zeros(1, 1, 2, 4)
    step[..., 2:] = 1
    assert edge_l1(step, torch.zeros_like(step)).item() == pytest.approx(1 / 3)  # one of three differences along x
