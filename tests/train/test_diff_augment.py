import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from translate.train.diff_augment import DiffAugment, add_instance_noise

ALL = "color,translation,cutout,zoom"
STILL = [0.5, 0.5, 0.5, 0.5, 0.5]  # draws that change neither colour nor place


def images(count: int = 2, channels: int = 3, height: int = 16, width: int = 24) -> Tensor:
    generator = torch.Generator().manual_seed(count + channels)
    return torch.rand(count, channels, height, width, dtype=torch.double, generator=generator) * 2 - 1


def draws(*rows: list[float]) -> Tensor:
    """Rows of brightness, saturation, contrast, down, right, the box's down and right, and zoom's three, padded with
    0.5."""
    return torch.tensor([(row + [0.5] * 10)[:10] for row in rows], dtype=torch.double)


def test_no_policy_changes_nothing() -> None:
    batch = images()
    assert torch.equal(DiffAugment("")(batch, torch.rand(2, 10)), batch)


def test_the_middle_of_the_draws_changes_neither_colour_nor_place() -> None:
    batch = images()
    torch.testing.assert_close(DiffAugment("color,translation")(batch, draws(STILL, STILL)), batch)


def test_brightness_saturation_and_contrast_are_the_papers() -> None:
    batch = images(3)
    brighter, grey, flatter = DiffAugment("color")(batch, draws([1.0], [0.5, 0.0], [0.5, 0.5, 0.0]))
    torch.testing.assert_close(brighter, batch[0] + 0.5)
    torch.testing.assert_close(grey, batch[1].mean(dim=0, keepdim=True).expand(3, -1, -1))
    torch.testing.assert_close(flatter, batch[2].mean() + 0.5 * (batch[2] - batch[2].mean()))


def test_translation_shifts_whole_pixels_over_zeros() -> None:
    batch = images(3)  # of 16 x 24 pixels: by up to 2 down and 3 to the right
    place = [0.5, 0.5, 0.5]
    up_left, down_right, still = DiffAugment("translation")(
        batch, draws([*place, 0.0, 0.0], [*place, 0.999, 0.999], [*place, 0.5, 0.5])
    )
    assert torch.equal(up_left, F.pad(batch[0, :, 2:, 3:], (0, 3, 0, 2)))
    assert torch.equal(down_right, F.pad(batch[1, :, :-2, :-3], (3, 0, 2, 0)))
    assert torch.equal(still, batch[2])


def test_all_shifts_are_equally_likely() -> None:
    marked = torch.zeros(900, 1, 16, 24)
    marked[:, :, 8, 12] = 1
    place = torch.cat(
        [torch.full((900, 3), 0.5), torch.rand(900, 4, generator=torch.Generator().manual_seed(0))], dim=1
    )
    moved = DiffAugment("translation")(marked, place)
    rows, columns = (torch.bincount(axis) for axis in moved[:, 0].nonzero()[:, 1:].unbind(1))
    assert len(rows) == 11 and len(columns) == 16  # the last is 2 below, 3 to the right
    assert (rows[6:] > 120).all() and (columns[9:] > 80).all()  # 180 and 129 expected


@pytest.mark.parametrize(("height", "width"), [(16, 24), (15, 9)])
def test_cutout_covers_half_of_each_side_or_what_is_inside(height: int, width: int) -> None:
    ones = torch.ones(3, 1, height, width)
    middle, corner, end = DiffAugment("cutout")(ones, draws(STILL, [*STILL, 0.0, 0.0], [*STILL, 0.999, 0.999]))
    tall, wide = int(height / 2 + 0.5), int(width / 2 + 0.5)
    assert (middle == 0).sum() == tall * wide
    quarter = (tall - tall // 2) * (wide - wide // 2)
    assert (corner == 0).sum() == quarter and (end == 0).sum() == quarter  # the middle of the box is in the corner
    assert corner[0, 0, 0] == 0 and end[0, -1, -1] == 0


def test_zoom_enlarges_a_quarter_of_half_of_the_pictures() -> None:
    batch = images(3)
    still = [*STILL, 0.5, 0.5]
    first, last, kept = DiffAugment("zoom")(
        batch, draws([*still, 0.49, 0.0, 0.0], [*still, 0.0, 1.0, 1.0], [*still, 0.5, 0.0, 0.0])
    )
    assert torch.equal(kept, batch[2])
    for found, quarter in ((first, batch[0, :, :8, :12]), (last, batch[1, :, 8:, 12:])):
        enlarged = F.interpolate(quarter[None], scale_factor=2, mode="bilinear")[0]
        torch.testing.assert_close(found[:, 1:-1, 1:-1], enlarged[:, 1:-1, 1:-1])  # further in, neighbours differ


def test_zoom_keeps_the_grain_in_half_precision() -> None:
    grain = 0.9 + 0.001 * torch.rand(1, 3, 16, 16)
    with torch.autocast("cpu", torch.bfloat16):
        enlarged = DiffAugment("zoom")(grain, torch.zeros(1, 10))
    assert enlarged.dtype == torch.float32
    assert len(enlarged.unique()) > 100


def test_the_box_is_one_rectangle() -> None:
    place = torch.rand(20, 10, generator=torch.Generator().manual_seed(1))
    for picture in DiffAugment("cutout")(torch.ones(20, 1, 12, 10), place)[:, 0] == 0:
        rows, columns = picture.any(dim=1), picture.any(dim=0)
        assert torch.equal(picture, rows[:, None] & columns)
        assert rows.any() and int(rows.long().diff().abs().sum()) <= 2


def test_pictures_side_by_side_in_the_channels_are_changed_alike_but_separately() -> None:
    real_A, real_B = images(2), images(2) * 0.5
    place = torch.rand(2, 10, dtype=torch.double, generator=torch.Generator().manual_seed(2))
    together = DiffAugment(ALL)(torch.cat([real_A, real_B], dim=1), place)
    apart = [DiffAugment(ALL)(picture, place) for picture in (real_A, real_B)]
    torch.testing.assert_close(together, torch.cat(apart, dim=1))


def test_a_sample_is_changed_only_by_its_own_draws() -> None:
    batch, place = images(4), torch.rand(4, 10, dtype=torch.double, generator=torch.Generator().manual_seed(3))
    whole = DiffAugment(ALL)(batch, place)
    torch.testing.assert_close(DiffAugment(ALL)(batch[2:], place[2:]), whole[2:])
    assert not torch.equal(whole[0], whole[1])


def test_every_operation_has_first_and_second_derivatives() -> None:
    batch = images(1, height=4, width=4).requires_grad_()
    place = draws([0.3, 0.2, 0.8, 0.0, 0.9, 0.2, 0.2, 0.2, 0.1, 0.7])

    def cubed(x: Tensor) -> Tensor:
        return DiffAugment(ALL)(x, place) ** 3

    assert torch.autograd.gradcheck(cubed, batch)
    assert torch.autograd.gradgradcheck(cubed, batch)


def test_draws_come_from_the_caller_and_do_not_depend_on_the_policy() -> None:
    def uniform(purpose: str, *shape: int) -> Tensor:
        assert purpose == "D/real"
        return torch.rand(5, *shape, generator=torch.Generator().manual_seed(0))

    assert DiffAugment(ALL).draw(uniform, "D/real").shape == (5, 10)
    assert torch.equal(DiffAugment(ALL).draw(uniform, "D/real"), DiffAugment("cutout").draw(uniform, "D/real"))


def test_an_unknown_operation_lists_the_known() -> None:
    with pytest.raises(ValueError, match="'blur': choose from color, translation, cutout, zoom"):
        DiffAugment("color,blur")


def test_colour_of_a_single_channel_is_refused() -> None:
    with pytest.raises(ValueError, match="not 1 channels"):
        DiffAugment("color")(images(1, channels=1), torch.rand(1, 10))


def test_instance_noise_has_the_given_deviation_and_passes_the_gradient() -> None:
    torch.manual_seed(0)
    clean = torch.zeros(4, 3, 32, 32, requires_grad=True)
    noisy = add_instance_noise(clean, 0.3)
    assert noisy.std().item() == pytest.approx(0.3, rel=0.05)
    noisy.sum().backward()
    assert clean.grad is not None and (clean.grad == 1).all()
    assert add_instance_noise(clean, 0.0) is clean
