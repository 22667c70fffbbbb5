"""Windows of pictures: where they are, and what is compared."""

from __future__ import annotations

import torch

from translate.methods.window import Window, alone_and_within, drawn_window


def test_window_is_cut_out_of_each_picture() -> None:
    images = torch.arange(2 * 5 * 5).view(2, 1, 5, 5)
    assert Window(top=1, left=3, side=2).of(images)[1, 0].tolist() == [[33, 34], [38, 39]]


def test_every_position_within_the_picture_is_drawn_about_as_often() -> None:
    generator = torch.Generator().manual_seed(0)
    drawn = [drawn_window(7, 4, generator) for _ in range(800)]
    counts = [[sum((w.top, w.left) == (top, left) for w in drawn) for left in range(4)] for top in range(4)]
    assert sum(map(sum, counts)) == 800 and {window.side for window in drawn} == {4}
    assert all(25 < count < 80 for row in counts for count in row)  # 50 of each are expected, deviation 7


def test_the_whole_is_a_target_and_the_window_learns() -> None:
    photo = torch.rand(2, 3, 6, 6)
    weight, translated = torch.tensor(2.0, requires_grad=True), torch.rand(2, 3, 6, 6, requires_grad=True)
    window = Window(top=1, left=2, side=3)
    alone, within = alone_and_within(lambda images: weight * images, photo, translated, window)
    assert torch.equal(alone, 2 * photo[..., 1:4, 2:5]) and torch.equal(within, translated[..., 1:4, 2:5])
    assert alone.requires_grad and not within.requires_grad
