from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from translate.train.losses import clip_weights_, gradient_penalty, orthogonal_penalty, zero_centred_penalty


class TinyCritic(nn.Module):
    """Two scales of patches, smooth, in double precision."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.Tanh())
        self.fine, self.coarse = nn.Conv2d(4, 1, 2), nn.Conv2d(4, 1, 3, stride=2)
        self.double()

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.body(images)
        return self.fine(hidden), self.coarse(hidden)


@pytest.fixture
def critic() -> TinyCritic:
    torch.manual_seed(0)
    return TinyCritic()


@pytest.fixture
def batches() -> tuple[Tensor, Tensor, Tensor]:
    """Real and generated images and the shares of the real ones."""
    generator = torch.Generator().manual_seed(1)
    real, fake = (torch.rand(3, 3, 6, 5, dtype=torch.double, generator=generator) * 2 - 1 for _ in range(2))
    return real, fake, torch.rand(3, 1, 1, 1, dtype=torch.double, generator=generator)


def value(critic: nn.Module, image: Tensor) -> Tensor:
    """D(x) of one image [C, H, W], written out."""
    total = torch.zeros((), dtype=torch.double)
    for scale in critic(image[None]):
        for logit in scale.flatten():
            total = total + logit
    return total


def finite_differences(function: Callable[[Tensor], Tensor], at: Tensor, step: float = 1e-5) -> Tensor:
    gradient = torch.zeros_like(at)
    for index in range(at.numel()):
        offset = torch.zeros_like(at)
        offset.view(-1)[index] = step
        gradient.view(-1)[index] = (function(at + offset) - function(at - offset)).item() / (2 * step)
    return gradient


def test_penalties_agree_with_finite_differences(critic: TinyCritic, batches: tuple[Tensor, Tensor, Tensor]) -> None:
    real, fake, mix = batches
    with torch.no_grad():
        between = [s * r + (1 - s) * f for r, f, s in zip(real, fake, mix, strict=True)]
        norms = [finite_differences(lambda x: value(critic, x), image).norm() for image in between]
        squares = [finite_differences(lambda x: value(critic, x), image).square().sum() for image in real]
    expected = sum((norm - 1) ** 2 for norm in norms) / 3
    torch.testing.assert_close(gradient_penalty(critic, real, fake, mix), expected, rtol=1e-7, atol=0)
    torch.testing.assert_close(zero_centred_penalty(critic, real), sum(squares) / 3, rtol=1e-7, atol=0)


def test_gradients_of_the_penalties_agree_with_a_loop_over_samples(
    critic: TinyCritic, batches: tuple[Tensor, Tensor, Tensor]
) -> None:
    real, fake, mix = batches
    weights = list(critic.parameters())

    def squared_norm(image: Tensor) -> Tensor:
        image = image.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(value(critic, image), image, create_graph=True)
        return (gradient * gradient).sum()

    pairs = zip(real, fake, mix, strict=True)
    penalty = sum((squared_norm(s * r + (1 - s) * f).sqrt() - 1) ** 2 for r, f, s in pairs) / 3
    r1 = sum(squared_norm(image) for image in real) / 3
    for ours, reference in (
        (gradient_penalty(critic, real, fake, mix), penalty),
        (zero_centred_penalty(critic, real), r1),
    ):
        assert isinstance(reference, Tensor)
        ours_by_weight = torch.autograd.grad(ours, weights, allow_unused=True)
        reference_by_weight = torch.autograd.grad(reference, weights, allow_unused=True)
        assert ours_by_weight[0] is not None and ours_by_weight[0].abs().max() > 0
        for left, right in zip(ours_by_weight, reference_by_weight, strict=True):
            torch.testing.assert_close(left, right, rtol=1e-10, atol=1e-14)


def test_penalties_of_a_quadratic_critic_are_the_analytic_ones(batches: tuple[Tensor, Tensor, Tensor]) -> None:
    """D(x) = a |x|^2 / 2 + b sum(x) has the gradient a x + b; R1's derivatives are 2 x.(a x + b) and 2 sum(a x + b)."""
    real, fake, mix = batches
    a, b = (torch.tensor(number, dtype=torch.double, requires_grad=True) for number in (0.3, -0.2))
    weights = (a, b)

    def logits_of(x: Tensor) -> tuple[Tensor]:
        return ((a * x.square() / 2 + b * x).sum(dim=1, keepdim=True),)

    gradient = 0.3 * real - 0.2
    r1 = zero_centred_penalty(logits_of, real)
    torch.testing.assert_close(r1.detach(), gradient.square().sum() / 3)
    by_a, by_b = torch.autograd.grad(r1, weights)
    torch.testing.assert_close(by_a, 2 * (gradient * real).sum() / 3)
    torch.testing.assert_close(by_b, 2 * gradient.sum() / 3)
    between = 0.3 * (mix * real + (1 - mix) * fake) - 0.2
    expected = (between.flatten(1).norm(dim=1) - 1).square().mean()
    torch.testing.assert_close(gradient_penalty(logits_of, real, fake, mix).detach(), expected)


def test_the_penalty_is_two_sided_with_target_1(batches: tuple[Tensor, Tensor, Tensor]) -> None:
    real, fake, mix = batches
    pixels = real[0].numel()
    for slope, penalty in ((0.0, 1.0), (0.5, 0.25), (1.0, 0.0), (3.0, 4.0)):
        weight = torch.tensor(slope / pixels**0.5, dtype=torch.double, requires_grad=True)
        found = gradient_penalty(lambda x, weight=weight: (weight * x,), real, fake, mix)  # type: ignore[misc]
        assert found.item() == pytest.approx(penalty, abs=1e-12)
        found.backward()
        assert weight.grad is not None and weight.grad.isfinite()  # also where the norm has its corner, at 0


def test_penalties_leave_the_images_without_gradient(
    critic: TinyCritic, batches: tuple[Tensor, Tensor, Tensor]
) -> None:
    real, fake, mix = batches
    fake.requires_grad_()
    (gradient_penalty(critic, real, fake, mix) + zero_centred_penalty(critic, fake)).backward()
    assert fake.grad is None and not real.requires_grad


def test_clipping_brings_every_parameter_within_the_limit() -> None:
    convolution, linear = nn.Conv2d(1, 2, 1), nn.Linear(2, 1)
    with torch.no_grad():
        convolution.weight.copy_(torch.tensor([0.005, -3.0]).view(2, 1, 1, 1))
        linear.bias.fill_(7.0)
    clip_weights_(nn.Sequential(convolution, linear), 0.01)
    assert convolution.weight.flatten().tolist() == pytest.approx([0.005, -0.01])
    assert linear.bias.item() == pytest.approx(0.01)


def overlap(filters: Tensor) -> float:
    """The squared products of different rows, written out."""
    return sum(float(a @ b) ** 2 for i, a in enumerate(filters) for j, b in enumerate(filters) if i != j)


def test_orthogonal_penalty_compares_the_filters_of_every_layer() -> None:
    torch.manual_seed(0)
    convolution, transposed, linear = nn.Conv2d(3, 4, 3), nn.ConvTranspose2d(4, 5, 2), nn.Linear(6, 2)
    network = nn.Sequential(convolution, nn.InstanceNorm2d(4, affine=True), transposed, linear).double()
    expected = overlap(convolution.weight.detach().flatten(1)) + overlap(linear.weight.detach())
    expected += overlap(transposed.weight.detach().transpose(0, 1).flatten(1))
    assert orthogonal_penalty(network).item() == pytest.approx(expected)


@pytest.mark.parametrize("kind", [nn.Conv2d, nn.ConvTranspose2d])
def test_orthogonal_penalty_compares_filters_within_their_group(kind: type[nn.Conv2d | nn.ConvTranspose2d]) -> None:
    """A grouped layer costs what its groups cost as layers of their own."""
    grouped = kind(4, 6, 3, groups=2).double()
    parts = [kind(2, 3, 3).double() for _ in range(2)]
    with torch.no_grad():
        for part, weight in zip(parts, grouped.weight.chunk(2), strict=True):
            part.weight.copy_(weight)
    torch.testing.assert_close(orthogonal_penalty(grouped), orthogonal_penalty(nn.ModuleList(parts)))


def test_orthogonal_filters_of_any_length_cost_nothing() -> None:
    layer = nn.Linear(4, 3)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[2.0, 0, 0, 0], [0, 0, -7, 0], [0, 0.5, 0, 0]]))
    assert orthogonal_penalty(layer).item() == 0


def test_orthogonal_penalty_reaches_spectrally_normalised_weights_and_leaves_their_state() -> None:
    torch.manual_seed(0)
    plain = nn.Conv2d(2, 3, 3)
    expected = orthogonal_penalty(plain).item()
    normalised = spectral_norm(plain)
    before = {name: tensor.clone() for name, tensor in normalised.state_dict().items()}
    penalty = orthogonal_penalty(normalised)
    penalty.backward()
    assert penalty.item() == pytest.approx(expected)
    gradient = normalised.get_parameter("parametrizations.weight.original").grad
    assert gradient is not None and gradient.abs().max() > 0
    for name, tensor in normalised.state_dict().items():
        assert torch.equal(tensor, before[name])  # the power iteration did not advance
