"""A window of a picture, translated alone: what it shows should not depend on where the picture begins and ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Window:
    """A square part of a picture, in pixels."""

    top: int
    left: int
    side: int

    def of(self, images: Tensor) -> Tensor:
        """The window of ``images``, [N, C, H, W] -> [N, C, side, side]."""
        return images[..., self.top : self.top + self.side, self.left : self.left + self.side]


def drawn_window(whole: int, side: int, generator: torch.Generator) -> Window:
    """A window of ``side`` pixels in a square picture of ``whole``: every position within it is as likely."""
    top, left = torch.randint(whole - side + 1, (2,), generator=generator).tolist()
    return Window(top, left, side)


def alone_and_within(
    translate: Callable[[Tensor], Tensor], photo: Tensor, translated: Tensor, window: Window
) -> tuple[Tensor, Tensor]:
    """The translation of ``window`` of ``photo`` alone, and the same place of ``translated``, all of ``photo``'s.

    Both are float32 [N, 3, side, side]. The second is a target: no gradient enters it.
    """
    return translate(window.of(photo)).float(), window.of(translated).detach().float()
