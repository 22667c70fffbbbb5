import math

import pytest
import torch
from torch.nn import functional as F

from translate.train.losses import PatchProjector, patch_nce, sample_positions


def test_patch_nce_agrees_with_a_loop_over_patches() -> None:
    generator = torch.Generator().manual_seed(0)
    query, key = (F.normalize(torch.randn(2, 5, 4, dtype=torch.double, generator=generator), dim=-1) for _ in range(2))
    losses = []
    for n in range(2):
        for place in range(5):
            positive = math.exp(float(query[n, place] @ key[n, place]) / 0.07)
            negatives = [
                math.exp(float(query[n, place] @ key[n, other]) / 0.07) for other in range(5) if other != place
            ]
            losses.append(-math.log(positive / (positive + sum(negatives))))
    assert patch_nce(query, key).item() == pytest.approx(sum(losses) / len(losses), rel=1e-12)


def test_gradient_enters_only_the_queries_and_equals_the_formula() -> None:
    generator = torch.Generator().manual_seed(1)
    query, key = (torch.randn(2, 3, 4, dtype=torch.double, generator=generator).requires_grad_() for _ in range(2))
    patch_nce(query, key, tau=0.5).backward()
    assert key.grad is None and query.grad is not None
    for n in range(2):
        for place in range(3):
            shares = torch.softmax(key[n].detach() @ query[n, place].detach() / 0.5, dim=0)
            expected = (shares @ key[n].detach() - key[n, place].detach()) / 0.5 / 6  # the mean over 6 queries
            torch.testing.assert_close(query.grad[n, place], expected)


def test_other_pictures_are_not_negatives() -> None:
    query, key = torch.randn(2, 4, 8), torch.randn(2, 4, 8)
    other = torch.cat([key[:1], torch.randn(1, 4, 8)])
    torch.testing.assert_close(patch_nce(query[:1], key[:1]), patch_nce(query[:1], other[:1]))
    together = patch_nce(query, key)
    apart = (patch_nce(query[:1], key[:1]) + patch_nce(query[1:], key[1:])) / 2
    torch.testing.assert_close(together, apart)


def test_projection_is_of_the_sampled_positions_and_of_unit_length() -> None:
    torch.manual_seed(0)
    features = [torch.randn(2, 3, 4, 5), torch.randn(2, 6, 2, 2)]
    projector = PatchProjector([3, 6], width=16)
    positions = [torch.tensor([0, 7, 19]), torch.tensor([3])]
    projected = projector(features, positions)
    assert [tuple(part.shape) for part in projected] == [(2, 3, 16), (2, 1, 16)]
    for part in projected:
        torch.testing.assert_close(part.norm(dim=-1), torch.ones(part.shape[:2]))
    alone = projector.mlps[0](features[0][1, :, 1, 2])  # place 7 is row 1, column 2 of the second picture
    torch.testing.assert_close(projected[0][1, 1], F.normalize(alone, dim=0))


def test_projection_does_not_depend_on_the_memory_format() -> None:
    features = [torch.randn(2, 4, 6, 5)]
    positions = [torch.tensor([3, 17])]
    projector = PatchProjector([4], width=8)
    last = [features[0].to(memory_format=torch.channels_last)]
    torch.testing.assert_close(projector(last, positions)[0], projector(features, positions)[0])


def test_gradient_reaches_every_parameter_of_the_projector_and_the_features() -> None:
    features = [torch.randn(1, 3, 4, 4, requires_grad=True)]
    projector = PatchProjector([3], width=8)
    positions = [torch.arange(16)]
    keys = projector([torch.randn(1, 3, 4, 4)], positions)
    patch_nce(projector(features, positions)[0], keys[0]).backward()
    assert features[0].grad is not None
    for name, parameter in projector.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, name


def test_layers_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        PatchProjector([3, 4])([torch.randn(1, 3, 2, 2)], [torch.arange(4)])


def test_positions_do_not_repeat_and_follow_the_generator() -> None:
    features = [torch.zeros(1, 3, 8, 9), torch.zeros(1, 3, 2, 3)]
    positions = sample_positions(features, 10, torch.Generator().manual_seed(5))
    assert [len(places) for places in positions] == [10, 6]
    assert len(set(positions[0].tolist())) == 10 and positions[0].max() < 72
    assert sorted(positions[1].tolist()) == list(range(6))
    again = sample_positions(features, 10, torch.Generator().manual_seed(5))
    assert all(torch.equal(a, b) for a, b in zip(positions, again, strict=True))
    other = sample_positions(features, 10, torch.Generator().manual_seed(6))
    assert not torch.equal(positions[0], other[0])
