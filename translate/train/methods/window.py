"""A window of a picture, translated by itself: the result should not depend on where the picture begins and ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Window:
    """A square part of a picture, in pixels; it may start between them."""

    top: float
    left: float
    side: int

    def crop(self, images: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, C, side, side]; between pixels, float32 by bicubic sampling."""
        top, left = int(self.top), int(self.left)
        if (top, left) == (self.top, self.left):
            return images[..., top : top + self.side, left : left + self.side]
        rows, columns = (
            (start + torch.arange(self.side, device=images.device) + 0.5) * 2 / length - 1
            for start, length in zip((self.top, self.left), images.shape[-2:], strict=True)
        )
        y, x = torch.meshgrid(rows, columns, indexing="ij")
        grid = torch.stack([x, y], dim=-1).expand(len(images), -1, -1, -1)  # [N, side, side, 2]
        return F.grid_sample(images.float(), grid, mode="bicubic", padding_mode="border", align_corners=False)


def random_window(picture_side: int, side: int, generator: torch.Generator) -> Window:
    """A window of ``side`` pixels, all positions in a square picture of ``picture_side`` pixels being equally likely.

    Half of the windows start between pixels, as most frames of a slow pan do.
    """
    top, left = (torch.rand(2, generator=generator) * (picture_side - side)).tolist()
    between = torch.rand(1, generator=generator).item() < 0.5
    return Window(top, left, side) if between else Window(round(top), round(left), side)


def window_and_target(
    translate: Callable[[Tensor], Tensor], photo: Tensor, translated: Tensor, window: Window
) -> tuple[Tensor, Tensor]:
    """The translation of ``window`` of ``photo``, and the same part of ``translated``, the whole photo's translation.

    Both are float32 [N, 3, side, side]. The second is a target and carries no gradient.
    """
    return translate(window.crop(photo)).float(), window.crop(translated).detach().float()
