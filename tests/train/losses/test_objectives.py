import math

import pytest
import torch
from torch import Tensor

from translate.train.losses import OBJECTIVES, objective_by_name

REAL = (torch.tensor([[[[2.0, -1.0]]]]),)
FAKE = (torch.tensor([[[[0.5, -3.0]]]]),)
LABELLED = ["vanilla", "minimax", "lsgan"]

# f, g_f and f* as Nowozin et al. 2016 print them in tables 1, 2 and 6, and the logit where the bound is tight,
# g_f^-1(f'(u)), as functions of the ratio of densities u = p / q
F_DIVERGENCES = {
    "kl": (
        lambda u: u * u.log(),
        lambda v: v,
        lambda t: (t - 1).exp(),
        lambda u: 1 + u.log(),
    ),
    "reverse-kl": (
        lambda u: -u.log(),
        lambda v: -(-v).exp(),
        lambda t: -1 - (-t).log(),
        lambda u: u.log(),
    ),
    "pearson": (
        lambda u: (u - 1) ** 2,
        lambda v: v,
        lambda t: t**2 / 4 + t,
        lambda u: 2 * (u - 1),
    ),
    "hellinger": (
        lambda u: (u.sqrt() - 1) ** 2,
        lambda v: 1 - (-v).exp(),
        lambda t: t / (1 - t),
        lambda u: u.log() / 2,
    ),
    "js": (
        lambda u: -(u + 1) * ((1 + u) / 2).log() + u * u.log(),
        lambda v: math.log(2) - (1 + (-v).exp()).log(),
        lambda t: -(2 - t.exp()).log(),
        lambda u: u.log(),
    ),
}


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_vanilla_is_binary_cross_entropy() -> None:
    vanilla = objective_by_name("vanilla")
    real = -sum(math.log(sigmoid(x)) for x in (2.0, -1.0)) / 2
    fake = -sum(math.log(1 - sigmoid(x)) for x in (0.5, -3.0)) / 2
    assert vanilla.discriminator(REAL, FAKE).item() == pytest.approx(real + fake, rel=1e-5)
    generated = -sum(math.log(sigmoid(x)) for x in (0.5, -3.0)) / 2
    assert vanilla.generator(FAKE).item() == pytest.approx(generated, rel=1e-5)


def test_minimax_is_a_zero_sum_game() -> None:
    minimax = objective_by_name("minimax")
    assert minimax.discriminator(REAL, FAKE) == objective_by_name("vanilla").discriminator(REAL, FAKE)
    generated = sum(math.log(1 - sigmoid(x)) for x in (0.5, -3.0)) / 2
    assert minimax.generator(FAKE).item() == pytest.approx(generated, rel=1e-5)


def test_lsgan_is_the_squared_distance_to_the_labels() -> None:
    lsgan = objective_by_name("lsgan")
    assert lsgan.discriminator(REAL, FAKE).item() == pytest.approx((1 + 4) / 2 + (0.25 + 9) / 2)
    assert lsgan.generator(FAKE).item() == pytest.approx((0.25 + 16) / 2)


def test_hinge_stops_at_the_margin() -> None:
    hinge = objective_by_name("hinge")
    assert hinge.discriminator(REAL, FAKE).item() == pytest.approx((0 + 2) / 2 + (1.5 + 0) / 2)
    assert hinge.generator(FAKE).item() == pytest.approx(1.25)


@pytest.mark.parametrize(("name", "constraint"), [("wgan", "clip"), ("wgan-gp", "gradient-penalty")])
def test_wasserstein_is_the_difference_of_the_means(name: str, constraint: str) -> None:
    wasserstein = objective_by_name(name)
    assert wasserstein.discriminator(REAL, FAKE).item() == pytest.approx(-1.25 - 0.5)
    assert wasserstein.generator(FAKE).item() == pytest.approx(1.25)
    assert wasserstein.constraint == constraint


def test_only_wasserstein_asks_for_a_constraint() -> None:
    assert {name for name, objective in OBJECTIVES.items() if objective.constraint != "none"} == {"wgan", "wgan-gp"}


@pytest.mark.parametrize("name", F_DIVERGENCES)
def test_f_divergences_are_those_of_the_tables(name: str) -> None:
    _, activation, conjugate, _ = F_DIVERGENCES[name]
    objective = objective_by_name(name)
    v = torch.linspace(-4, 4, 33, dtype=torch.double)
    torch.testing.assert_close(objective.on_real(v), -activation(v))
    torch.testing.assert_close(objective.on_fake(v), conjugate(activation(v)))
    torch.testing.assert_close(objective.on_generated(v), -activation(v))


@pytest.mark.parametrize("name", F_DIVERGENCES)
def test_the_best_discriminator_of_an_f_divergence_measures_it(name: str) -> None:
    """Of two distributions over three values, the loss at its least is -D_f(P || Q), and nowhere less."""
    f, _, _, best_logits = F_DIVERGENCES[name]
    p, q = (torch.tensor(weights, dtype=torch.double) for weights in ([0.5, 0.3, 0.2], [0.2, 0.2, 0.6]))
    objective = objective_by_name(name)

    def loss(v: Tensor) -> float:
        return float(p @ objective.on_real(v) + q @ objective.on_fake(v))

    best = best_logits(p / q)
    assert -loss(best) == pytest.approx(float(q @ f(p / q)))
    assert all(loss(best + step) > loss(best) for step in (-0.1, 0.1))


def test_relativistic_compares_the_two_of_a_pair() -> None:
    relativistic = objective_by_name("relativistic")
    told_apart = -sum(math.log(sigmoid(real - fake)) for real, fake in ((2.0, 0.5), (-1.0, -3.0))) / 2
    assert relativistic.discriminator(REAL, FAKE).item() == pytest.approx(told_apart, rel=1e-5)
    taken_for_real = -sum(math.log(sigmoid(fake - real)) for real, fake in ((2.0, 0.5), (-1.0, -3.0))) / 2
    assert relativistic.generator(FAKE, REAL).item() == pytest.approx(taken_for_real, rel=1e-5)
    higher = [tuple(scale + 5 for scale in side) for side in (REAL, FAKE)]
    torch.testing.assert_close(relativistic.discriminator(*higher), relativistic.discriminator(REAL, FAKE))


def test_the_best_relativistic_discriminator_tells_the_order_of_a_pair() -> None:
    """Of two distributions over three values its loss is log 2 - JSD(P x Q, Q x P), and nowhere less."""
    p, q = (torch.tensor(weights, dtype=torch.double) for weights in ([0.5, 0.3, 0.2], [0.2, 0.2, 0.6]))
    right, wrong = torch.outer(p, q), torch.outer(q, p)
    mean = (right + wrong) / 2
    divergence = ((right * (right / mean).log()).sum() + (wrong * (wrong / mean).log()).sum()) / 2
    relativistic = objective_by_name("relativistic")

    def loss(v: Tensor) -> float:
        return float((right * relativistic.on_real(v[:, None] - v[None, :])).sum())

    best = (p / q).log()
    assert loss(best) == pytest.approx(math.log(2) - float(divergence))
    assert all(loss(best + step * torch.eye(3)[0]) > loss(best) for step in (-0.1, 0.1))


@pytest.mark.parametrize("real", [(), (torch.zeros(1, 1, 1, 1),), (torch.zeros(1, 1, 1, 2), torch.zeros(1, 1, 1, 1))])
def test_relativistic_refuses_shapes_that_do_not_match(real: tuple[Tensor, ...]) -> None:
    relativistic = objective_by_name("relativistic")
    with pytest.raises(ValueError, match=r"pairs real and generated pictures: \[\(1, 1, 1, 2\)\] do not match"):
        relativistic.generator(FAKE, real)
    with pytest.raises(ValueError, match="do not match"):
        relativistic.discriminator(real, FAKE)


def test_others_do_not_look_at_the_real_logits_of_the_generators_side() -> None:
    for name, objective in OBJECTIVES.items():
        if name != "relativistic":
            assert objective.generator(FAKE, REAL) == objective.generator(FAKE)


@pytest.mark.parametrize("name", sorted(OBJECTIVES))
def test_each_side_pulls_its_logits_the_right_way(name: str) -> None:
    objective = objective_by_name(name)
    real, fake, judged = (torch.full((1, 1, 2, 2), 0.5, requires_grad=True) for _ in range(3))
    objective.discriminator([real], [fake]).backward()
    assert real.grad is not None and (real.grad < 0).all()  # descending raises the logits of real pictures
    assert fake.grad is not None and (fake.grad > 0).all()
    objective.generator([judged], [real.detach()]).backward()
    assert judged.grad is not None and (judged.grad < 0).all()


@pytest.mark.parametrize("name", sorted(OBJECTIVES))
@pytest.mark.parametrize("logit", [-50.0, -12.0, 0.0, 12.0, 50.0])
def test_extreme_logits_stay_finite_and_never_pull_the_generator_away(name: str, logit: float) -> None:
    objective = objective_by_name(name)
    real, fake, judged = (torch.full((2, 1, 2, 2), logit, requires_grad=True) for _ in range(3))
    loss = objective.discriminator([real], [fake]) + objective.generator([judged], [torch.zeros_like(judged)])
    loss.backward()
    assert loss.isfinite()
    for gradient in (real.grad, fake.grad, judged.grad):
        assert gradient is not None and gradient.square().isfinite().all()  # Adam keeps the square
    if name != "lsgan":  # which pulls a logit above the label down
        assert judged.grad is not None and (judged.grad <= 0).all()


@pytest.mark.parametrize("name", ["kl", "reverse-kl", "hellinger"])
def test_a_mistaken_discriminator_is_corrected_however_sure_it_is(name: str) -> None:
    """Beyond the range of the exponential its tangent goes on: the gradient neither vanishes nor grows."""
    objective = objective_by_name(name)
    sure = torch.tensor([9.0, 10.5, 11.5, 40.0], requires_grad=True)
    mistake = objective.on_real(-sure) if name == "reverse-kl" else objective.on_fake(sure)
    mistake.sum().backward()
    offset = 1 if name == "kl" else 0  # its f* is e^(t - 1)
    expected = torch.tensor([9.0, 10.5, 11.5, 40.0]).sub(offset).clamp(max=10).exp()
    torch.testing.assert_close(sure.grad, expected)
    assert (mistake.diff() > 0).all()


def test_scales_count_alike_however_many_patches_they_have() -> None:
    lsgan = objective_by_name("lsgan")
    real = (torch.zeros(2, 1, 4, 4), torch.full((2, 1, 1, 1), 3.0))
    fake = (torch.zeros(2, 1, 4, 4), torch.full((2, 1, 1, 1), 2.0))
    assert lsgan.discriminator(real, fake).item() == pytest.approx((1 + 4) / 2 + (0 + 4) / 2)
    assert lsgan.generator(fake).item() == pytest.approx((1 + 1) / 2)


def test_smoothed_vanilla_is_cross_entropy_with_the_smoothed_label() -> None:
    smoothed = objective_by_name("vanilla", smoothing=0.1)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(REAL[0], torch.full_like(REAL[0], 0.9))
    expected = expected + torch.nn.functional.softplus(FAKE[0]).mean()  # the label of fake pictures stays 0
    torch.testing.assert_close(smoothed.discriminator(REAL, FAKE), expected)
    assert smoothed.generator(FAKE) == objective_by_name("vanilla").generator(FAKE)


@pytest.mark.parametrize("name", LABELLED)
def test_smoothing_moves_the_best_logit_of_real_pictures(name: str) -> None:
    label = 0.9
    best = label if name == "lsgan" else math.log(label / (1 - label))
    real = torch.tensor([best], requires_grad=True)
    objective_by_name(name, smoothing=0.1).discriminator([real], [torch.zeros(1)]).backward()
    assert real.grad is not None and real.grad.item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", sorted(set(OBJECTIVES) - set(LABELLED)))
def test_objectives_without_labels_refuse_smoothing(name: str) -> None:
    with pytest.raises(ValueError, match="no labels to smooth: choose one of vanilla, minimax, lsgan"):
        objective_by_name(name, smoothing=0.1)


def test_smoothing_beyond_the_labels_is_refused() -> None:
    with pytest.raises(ValueError, match=r"label smoothing 1\.5"):
        objective_by_name("lsgan", smoothing=1.5)


def test_unknown_objective_lists_the_known() -> None:
    with pytest.raises(ValueError, match="vanilla, minimax, lsgan, hinge, wgan, wgan-gp, kl"):
        objective_by_name("wasserstein")
