"""Windows of pictures: where they are, and what is compared."""

from __future__ import annotations

import torch

from translate.train.methods.window import Window, alone_and_within, drawn_window


def test_window_is_cut_out_of_each_picture() -> None:
    images = torch.arange(2 * 5 * 5).view(2, 1, 5, 5)
    assert Window(top=1, left=3, side=2).of(images)[1, 0].tolist() == [[33, 34], [38, 39]]


def test_window_between_pixels_is_sampled_there() -> None:
    columns = torch.arange(9.0).view(1, 1, 1, 9).expand(2, 1, 9, 9)
    window = Window(top=2.25, left=3.5, side=3)
    for images, start in ((columns, 3.5), (columns.mT, 2.25)):
        expected = (start + torch.arange(3.0)).expand(2, 1, 3, 3)
        sampled = window.of(images)
        torch.testing.assert_close(sampled if start == 3.5 else sampled.mT, expected, atol=0.05, rtol=0)


def test_every_position_within_the_picture_is_drawn_about_as_often_half_of_them_between_pixels() -> None:
    generator = torch.Generator().manual_seed(0)
    drawn = [drawn_window(12, 4, generator) for _ in range(800)]
    assert all(0 <= start <= 8 for window in drawn for start in (window.top, window.left))
    assert 350 < sum(window.top != int(window.top) for window in drawn) < 450
    counts = [[sum((w.top // 2, w.left // 2) == (top, left) for w in drawn) for left in range(4)] for top in range(4)]
    assert all(25 < count < 80 for row in counts for count in row)  # 50 of each are expected, deviation 7


def test_the_whole_is_a_target_and_the_window_learns() -> None:
    photo = torch.rand(2, 3, 6, 6)
    weight, translated = torch.tensor(2.0, requires_grad=True), torch.rand(2, 3, 6, 6, requires_grad=True)
    window = Window(top=1, left=2, side=3)
    alone, within = alone_and_within(lambda images: weight * images, photo, translated, window)
    assert torch.equal(alone, 2 * photo[..., 1:4, 2:5]) and torch.equal(within, translated[..., 1:4, 2:5])
    assert alone.requires_grad and not within.requires_grad
