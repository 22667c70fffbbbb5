"""A window of a picture, translated alone: what it shows should not depend on where the picture begins and ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Window:
    """A square part of a picture, in pixels. It may begin between two of them."""

    top: float
    left: float
    side: int

    def of(self, images: Tensor) -> Tensor:
        """The window of ``images``, [N, C, H, W] -> [N, C, side, side]; between pixels float32, by bicubic sampling."""
        top, left = int(self.top), int(self.left)
        if (top, left) == (self.top, self.left):
            return images[..., top : top + self.side, left : left + self.side]
        rows, columns = (
            (start + torch.arange(self.side, device=images.device) + 0.5) * 2 / length - 1
            for start, length in zip((self.top, self.left), images.shape[-2:], strict=True)
        )
        y, x = torch.meshgrid(rows, columns, indexing="ij")
        places = torch.stack([x, y], dim=-1).expand(len(images), -1, -1, -1)
        return F.grid_sample(images.float(), places, mode="bicubic", padding_mode="border", align_corners=False)


def drawn_window(whole: int, side: int, generator: torch.Generator) -> Window:
    """A window of ``side`` pixels in a square picture of ``whole``, each position within it as likely.

    Every second one begins between pixels, as a camera that pans slowly sees most of what it passes.
    """
    top, left = (torch.rand(2, generator=generator) * (whole - side)).tolist()
    between = torch.rand(1, generator=generator).item() < 0.5
    return Window(top, left, side) if between else Window(round(top), round(left), side)


def alone_and_within(
    translate: Callable[[Tensor], Tensor], photo: Tensor, translated: Tensor, window: Window
) -> tuple[Tensor, Tensor]:
    """The translation of ``window`` of ``photo`` alone, and the same place of ``translated``, all of ``photo``'s.

    Both are float32 [N, 3, side, side]. The second is a target: no gradient enters it.
    """
    return translate(window.of(photo)).float(), window.of(translated).detach().float()
