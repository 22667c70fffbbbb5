"""Initial weights set again on built networks."""

from __future__ import annotations

from typing import cast

import pytest
import torch
from torch import Tensor, nn

from models import Init, build_discriminator, build_generator, initialise
from models.blocks import ScaleAndShift, SelfAttention
from models.init import written_over
from tests.models.test_generators import assert_spectral_norms


def is_orthogonal(weight: Tensor) -> bool:
    matrix = weight.flatten(1)
    matrix = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    return torch.allclose(matrix @ matrix.T, torch.eye(len(matrix)), atol=1e-4)


def test_orthogonal() -> None:
    network = build_generator("resnet", channels=8, blocks=2, upsampling="transposed")
    initialise(network, "orthogonal")
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            assert is_orthogonal(module.weight)
            assert module.bias is None or not module.bias.any()
        if isinstance(module, ScaleAndShift):
            assert (module.weight == 1).all()
            assert not module.bias.any()


def test_normal() -> None:
    network = build_generator("mobile")
    initialise(network, "normal")
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.weight.numel() > 5000:
            assert module.weight.std().item() == pytest.approx(0.02, rel=0.1)


@pytest.mark.parametrize("kind", ["normal", "orthogonal"])
@pytest.mark.parametrize("training", [True, False])
def test_spectral_normalisation_applies_to_the_new_weights(kind: Init, training: bool) -> None:
    torch.manual_seed(0)
    network = build_discriminator("patchgan", channels=8, spectral_norm=True, minibatch="discrimination").train(
        training
    )
    names = set(network.state_dict())
    initialise(network, kind)
    assert set(network.state_dict()) == names
    assert all(module.training == training for module in network.modules())
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            original = cast(Tensor, module.get_parameter("parametrizations.weight.original"))
            if kind == "orthogonal":
                assert is_orthogonal(original)
            elif original.numel() > 2000:
                assert original.std().item() == pytest.approx(0.02, rel=0.1)
    assert_spectral_norms(network, within=0.1)  # without a step of training in between


def test_other_parameters_stay_as_the_network_set_them() -> None:
    network = build_generator("resnet", channels=8, blocks=1, attention=True)
    initialise(network, "normal")
    gammas = [module.gamma for module in network.modules() if isinstance(module, SelfAttention)]
    assert [gamma.item() for gamma in gammas] == [0]


def test_the_seed_decides() -> None:
    first, second = (build_generator("mobile") for _ in range(2))
    for network in (first, second):
        torch.manual_seed(3)
        initialise(network, "orthogonal")
    torch.testing.assert_close(first.state_dict(), second.state_dict(), rtol=0, atol=0)


def test_an_unknown_kind_lists_the_known_ones() -> None:
    with pytest.raises(
        ValueError, match="no weight initialisation is called 'zeros': choose one of normal, orthogonal"
    ):
        initialise(nn.Linear(1, 1), cast(Init, "zeros"))


def test_smaller_weights_are_written_over_the_first_entries() -> None:
    own, fewer, all_of_them = torch.zeros(4, 3), torch.ones(4, 2), torch.ones(4, 3)
    written = written_over({"fewer": own, "all": own}, {"fewer": fewer, "all": all_of_them, "other": fewer})
    assert written["fewer"].tolist() == [[1, 1, 0]] * 4 and not own.any()
    assert torch.equal(written["all"], all_of_them) and len(written) == 2


@pytest.mark.parametrize("shape", [(4, 4), (3, 2), (4,), (4, 3, 1)])
def test_weights_that_do_not_fit_are_named(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"conv\.weight is"):
        written_over({"conv.weight": torch.zeros(4, 3)}, {"conv.weight": torch.ones(shape)})


def test_a_missing_weight_is_named() -> None:
    with pytest.raises(ValueError, match=r"conv\.weight is missing"):
        written_over({"conv.weight": torch.zeros(4, 3)}, {})
