"""Changes to the discriminator's inputs: DiffAugment for small folders, and instance noise.

DiffAugment (Zhao et al. 2020, arXiv:2006.10738, section 3): random, differentiable changes of every
picture that the discriminator sees, real or generated, in its own updates and in the generator's. `zoom` is an
addition: features of a pretrained network miss the grain of small pictures, which they see once enlarged (Sauer et al.
2021 enlarge the whole, at four times the cost).

Plain tensor operations throughout. kornia's colour operations clip to [0, 1], beyond which the gradient is 0, or
weigh the channels by luma; its translation resamples, and gradient penalties need second derivatives, which not every
PyTorch has for resampling.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F


def _color(images: Tensor, draws: Tensor) -> Tensor:
    """Brightness by up to +-0.5, saturation by 0 to 2, contrast by 0.5 to 1.5, for each RGB picture of a sample."""
    if images.shape[1] % 3:
        raise ValueError(f"color needs a multiple of 3 channels, not {images.shape[1]} channels")
    pictures = images.unflatten(1, (-1, 3))  # [N, 3 K, H, W] -> [N, K, 3, H, W]
    draws = draws.to(images, non_blocking=True)
    brightness, saturation, contrast = (draw.view(-1, 1, 1, 1, 1) for draw in draws.unbind(1))
    pictures = pictures + (brightness - 0.5)
    pictures = torch.lerp(pictures.mean(dim=2, keepdim=True), pictures, 2 * saturation)  # about the pixel's grey
    pictures = torch.lerp(pictures.mean(dim=(2, 3, 4), keepdim=True), pictures, contrast + 0.5)
    return pictures.flatten(1, 2)


def _translation(images: Tensor, draws: Tensor) -> Tensor:
    """Shift by up to an eighth of the height and of the width, filling in zeros."""
    farthest = torch.tensor([int(side / 8 + 0.5) for side in images.shape[2:]])
    shifts = (draws.cpu() * (2 * farthest + 1)).floor().long() - farthest  # [N, 2]: down and to the right
    # padding by a negative number crops
    moved = [
        F.pad(image, (right, -right, down, -down))
        for image, (down, right) in zip(images.unbind(), shifts.tolist(), strict=True)
    ]
    return torch.stack(moved)


def _cutout(images: Tensor, draws: Tensor) -> Tensor:
    """Zeros in a box of half the height and half the width, its centre anywhere in the picture."""
    draws = draws.to(images.device, non_blocking=True)
    down, right = (_within_box(side, draw) for side, draw in zip(images.shape[2:], draws.unbind(1), strict=True))
    inside = down[:, None, :, None] & right[:, None, None, :]  # [N, H] and [N, W] -> [N, 1, H, W]
    return images.masked_fill(inside, 0)


def _zoom(images: Tensor, draws: Tensor) -> Tensor:
    """Half of the samples: a box of half the height and half the width, anywhere, enlarged bilinearly to the whole."""
    exact = torch.promote_types(images.dtype, torch.float32)  # in half precision the grain would be lost
    draws = draws.to(images.device, exact, non_blocking=True)
    enlarged = draws[:, 0] < 0.5
    rows, columns = (
        _enlarging(side, draw, enlarged) for side, draw in zip(images.shape[2:], draws[:, 1:].unbind(1), strict=True)
    )
    with torch.autocast(images.device.type, enabled=False):
        return rows[:, None] @ images.to(exact) @ columns[:, None].transpose(2, 3)


def _enlarging(side: int, draw: Tensor, enlarged: Tensor) -> Tensor:
    """The weights [N, side, side] of lines in each line of the result; those not ``enlarged`` stay as they are."""
    lines = torch.arange(side, device=draw.device, dtype=draw.dtype)
    start = draw[:, None] * (side - side // 2)
    places = torch.where(enlarged[:, None], start + (lines + 0.5) / 2 - 0.5, lines).clamp(0, side - 1)
    return (1 - (places[:, :, None] - lines).abs()).clamp_min(0)


def _within_box(side: int, draw: Tensor) -> Tensor:
    """Which of ``side`` rows or columns the box covers: [N] in [0, 1) -> bool [N, side]."""
    length = int(side / 2 + 0.5)
    places = side + 1 - length % 2  # a box of even length has its centre between two pixels
    start = (draw * places).floor()[:, None] - length // 2
    pixels = torch.arange(side, device=draw.device)
    return (pixels >= start) & (pixels < start + length)


_Operation = Callable[[Tensor, Tensor], Tensor]
# by name: the operation and which of a sample's draws it uses
_OPERATIONS: dict[str, tuple[_Operation, slice]] = {
    "color": (_color, slice(0, 3)),
    "translation": (_translation, slice(3, 5)),
    "cutout": (_cutout, slice(5, 7)),
    "zoom": (_zoom, slice(7, 10)),
}
_DRAWS = 10


class DiffAugment:
    """The operations that ``policy`` names, such as "color,translation,cutout", in its order; "" names none.

    Raises ``ValueError`` that lists the known ones.
    """

    def __init__(self, policy: str) -> None:
        names = [name.strip() for name in policy.split(",")] if policy else []
        for name in names:
            if name not in _OPERATIONS:
                raise ValueError(f"no operation is called {name!r}: choose from {', '.join(_OPERATIONS)}")
        self._operations = [_OPERATIONS[name] for name in names]

    def draw(self, uniform: Callable[..., Tensor], purpose: str) -> Tensor:
        """The draws for one call: float [N, 10] in [0, 1), as ``uniform(purpose, 10)`` gives them.

        They do not depend on the policy. Pictures that are to be changed alike share them.
        """
        return uniform(purpose, _DRAWS)

    def __call__(self, images: Tensor, draws: Tensor, applied: Tensor | None = None) -> Tensor:
        """``images``, float [N, C, H, W] about [-1, 1], changed by ``draws``, each sample by its own.

        With 6 channels a sample is two pictures, as conditional discriminators see them: both are moved and recoloured
        alike. Values may leave [-1, 1]: clipping would stop their gradient. ``applied``, bool [N, `operations`], says
        which operations a sample undergoes; None: all.
        """
        for number, (operation, own) in enumerate(self._operations):
            changed = operation(images, draws[:, own])
            images = changed if applied is None else torch.where(applied[:, number, None, None, None], changed, images)
        return images

    @property
    def operations(self) -> int:
        """How many operations the policy names."""
        return len(self._operations)


def add_instance_noise(images: Tensor, std: float) -> Tensor:
    """``images`` of any shape with Gaussian noise of deviation ``std``, which makes real and generated ones overlap.

    Sønderby et al. 2017 (arXiv:1610.04490); Arjovsky and Bottou 2017, section 3. Let it fall to 0 over the run.
    """
    return images + std * torch.randn_like(images) if std else images
