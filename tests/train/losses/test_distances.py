import pytest
import torch
from torch import Tensor

from translate.train.losses import (
    coarse_l1,
    edge_l1,
    edge_mismatch,
    feature_matching,
    forgive_overshoot,
    gram_matrix,
    grid_pattern,
    laplacian_l1,
    total_variation,
    yuv_colour,
)


def test_overshoot_is_forgiven_only_where_clipping_corrects_it() -> None:
    image = torch.tensor([-1.5, -1.5, 1.5, 1.5, 0.5, -0.5], requires_grad=True)
    target = torch.tensor([-1.0, 0.0, 1.0, -1.0, 1.0, -1.0])
    visible = forgive_overshoot(image, target)
    assert visible.tolist() == [-1.0, -1.5, 1.0, 1.5, 0.5, -0.5]
    (visible - target).abs().sum().backward()
    assert image.grad is not None
    assert image.grad.tolist() == [0, -1, 0, 1, -1, 1]


def test_coarse_distance_sees_colour_but_not_fine_detail() -> None:
    image = torch.rand(2, 3, 8, 12)
    board = (torch.arange(8)[:, None] + torch.arange(12)) % 2 - 0.5  # a checkerboard about 0
    assert coarse_l1(image + board, image).item() == pytest.approx(0, abs=1e-6)
    assert coarse_l1(image + 0.25, image).item() == pytest.approx(0.25, rel=1e-5)


def test_large_squares_see_an_even_shift_under_a_texture() -> None:
    image = torch.zeros(1, 1, 16, 16)
    columns = torch.tensor([0.5, -0.5]).repeat(2).repeat_interleave(4).expand(1, 1, 16, 16)
    without, shifted = (image + columns + shift for shift in (0.0, 0.25))
    assert coarse_l1(shifted, image, sides=(4,)).item() == coarse_l1(without, image, sides=(4,)).item()
    assert coarse_l1(shifted, image, sides=(4, 64)).item() == pytest.approx((0.5 + 0.25) / 2)


def test_edges_may_be_stronger_and_in_other_colours_but_not_elsewhere() -> None:
    photo = torch.zeros(2, 3, 16, 16)
    photo[..., 8:] = 0.5
    moved = torch.zeros(2, 3, 16, 16)
    moved[..., 4:] = 0.5
    assert edge_mismatch(1 - 2 * photo, photo).item() == pytest.approx(0, abs=0.02)
    assert edge_mismatch(moved, photo).item() > 0.9
    faint = 0.001 * torch.rand(2, 3, 16, 16)
    faint.requires_grad_()
    edge_mismatch(faint, photo[..., :1].expand_as(faint)).backward()
    assert faint.grad is not None and faint.grad.abs().max() < 0.01  # where there are no edges, nothing pulls


def test_grid_pattern_is_what_repeats_with_the_cells() -> None:
    ramp = torch.linspace(-1, 1, 40).expand(2, 3, 36, 40)  # positions within a cell differ by less than its rise
    assert grid_pattern(ramp[..., :1].expand(2, 3, 36, 40), window=4).item() == 0
    stripes = torch.tensor([0.5, -0.5]).repeat(20).expand(2, 3, 36, 40)
    assert grid_pattern(stripes, window=4).item() == pytest.approx(0.5)
    assert grid_pattern(stripes + ramp, window=4).item() == pytest.approx(0.5, rel=0.1)
    along_threes = torch.tensor([1.0, 0.0, -1.0]).repeat(16).expand(1, 1, 48, 48)
    assert grid_pattern(along_threes, window=12).item() == pytest.approx(0, abs=1e-6)


def test_edge_distance_ignores_a_shift_of_brightness_and_sees_an_edge() -> None:
    image = torch.rand(1, 3, 5, 7)
    assert edge_l1(image + 0.25, image).item() == pytest.approx(0, abs=1e-6)
    step = torch.zeros(1, 1, 2, 4)
    step[..., 2:] = 1
    assert edge_l1(step, torch.zeros_like(step)).item() == pytest.approx(1 / 3)  # one of three differences along x


def test_total_variation_is_the_mean_squared_difference_along_both_axes() -> None:
    image = torch.tensor([[0.0, 2.0, 1.0], [0.0, 0.0, 0.0]]).view(1, 1, 2, 3)
    along_x, along_y = (4 + 1 + 0 + 0) / 4, (0 + 4 + 1) / 3
    assert total_variation(image).item() == pytest.approx(along_x + along_y)
    assert total_variation(torch.full((2, 3, 4, 4), 0.7)).item() == 0


def test_gram_matrix_is_the_mean_product_of_channels() -> None:
    features = torch.rand(2, 3, 4, 5, dtype=torch.double)
    for sample in range(2):
        for a in range(3):
            for b in range(3):
                expected = (features[sample, a] * features[sample, b]).sum() / (3 * 4 * 5)
                torch.testing.assert_close(gram_matrix(features)[sample, a, b], expected)


def test_gram_matrix_of_half_precision_does_not_overflow() -> None:
    features = torch.full((1, 2, 64, 64), 20.0, dtype=torch.half)  # the plain sum is 1.6 million, past float16
    torch.testing.assert_close(gram_matrix(features).float(), torch.full((1, 2, 2), 200.0), rtol=1e-2, atol=0)


def test_gram_matrix_ignores_positions() -> None:
    features = torch.rand(1, 3, 4, 6)
    moved = features.flip(-1).transpose(-1, -2)
    torch.testing.assert_close(gram_matrix(moved), gram_matrix(features))


def colour(red: float, green: float, blue: float) -> Tensor:
    return torch.tensor([red, green, blue]).view(1, 3, 1, 1).expand(1, 3, 2, 2)


def test_colour_distance_takes_luma_by_l1_and_chroma_by_half_the_square() -> None:
    """From black to pure red in [-1, 1] is a full step of R in [0, 1]: Y 0.299, U -0.147, V 0.615."""
    expected = 0.299 + 0.147**2 / 2 + 0.615**2 / 2
    assert yuv_colour(colour(1, -1, -1), colour(-1, -1, -1)).item() == pytest.approx(expected, rel=1e-5)


def test_colour_distance_of_greys_is_half_of_their_difference() -> None:
    assert yuv_colour(colour(0.5, 0.5, 0.5), colour(-0.5, -0.5, -0.5)).item() == pytest.approx(0.5, rel=1e-5)


def test_feature_matching_trains_only_the_generated_side() -> None:
    real = [torch.zeros(2, 3, 4, 4, requires_grad=True), torch.zeros(2, 5, 1, 1, requires_grad=True)]
    fake = [torch.full((2, 3, 4, 4), 2.0, requires_grad=True), torch.full((2, 5, 1, 1), -1.0, requires_grad=True)]
    loss = feature_matching(real, fake)
    assert loss.item() == pytest.approx((2 + 1) / 2)  # maps count alike
    loss.backward()
    assert all(map_.grad is None for map_ in real)
    assert all(map_.grad is not None and map_.grad.abs().min() > 0 for map_ in fake)


def test_features_of_different_depths_are_refused() -> None:
    with pytest.raises(ValueError, match="argument 2 is longer"):
        feature_matching([torch.zeros(1)], [torch.zeros(1), torch.zeros(1)])


def test_the_pyramid_weighs_a_coarse_difference_and_a_fine_one_by_their_means() -> None:
    image = torch.zeros(2, 3, 16, 16)
    image[0] += 0.5  # only the last level differs
    image[1] += ((torch.arange(16) % 2) * 2.0 - 1) * 0.25  # stripes: only the first level differs
    assert laplacian_l1(image, torch.zeros_like(image)).tolist() == pytest.approx([0.5, 0.25])
    assert laplacian_l1(image, image).tolist() == [0, 0]
