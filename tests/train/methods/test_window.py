"""Windows of pictures: their positions, and what is compared."""

from __future__ import annotations

import torch

from translate.train.methods.window import Window, random_window, window_and_target


def test_window_is_cut_out_of_each_picture() -> None:
    images = torch.arange(2 * 5 * 5).view(2, 1, 5, 5)
    assert Window(top=1, left=3, side=2).crop(images)[1, 0].tolist() == [[33, 34], [38, 39]]


def test_window_between_pixels_is_sampled_there() -> None:
    columns = torch.arange(9.0).view(1, 1, 1, 9).expand(2, 1, 9, 9)
    window = Window(top=2.25, left=3.5, side=3)
    for images, start in ((columns, 3.5), (columns.mT, 2.25)):
        expected = (start + torch.arange(3.0)).expand(2, 1, 3, 3)
        sampled = window.crop(images)
        torch.testing.assert_close(sampled if start == 3.5 else sampled.mT, expected, atol=0.05, rtol=0)


def test_windows_are_uniform_over_the_picture_and_half_start_between_pixels() -> None:
    generator = torch.Generator().manual_seed(0)
    windows = [random_window(12, 4, generator) for _ in range(800)]
    assert all(0 <= start <= 8 for window in windows for start in (window.top, window.left))
    assert 350 < sum(window.top != int(window.top) for window in windows) < 450
    counts = [[sum((w.top // 2, w.left // 2) == (top, left) for w in windows) for left in range(4)] for top in range(4)]
    assert all(25 < count < 80 for row in counts for count in row)  # 50 of each are expected, deviation 7


def test_only_the_window_gets_a_gradient() -> None:
    photo = torch.rand(2, 3, 6, 6)
    weight, translated = torch.tensor(2.0, requires_grad=True), torch.rand(2, 3, 6, 6, requires_grad=True)
    window = Window(top=1, left=2, side=3)
    shifted, target = window_and_target(lambda images: weight * images, photo, translated, window)
    assert torch.equal(shifted, 2 * photo[..., 1:4, 2:5]) and torch.equal(target, translated[..., 1:4, 2:5])
    assert shifted.requires_grad and not target.requires_grad
