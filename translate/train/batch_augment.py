"""Augmentation of whole batches on the device, with kornia: for when the workers' CPUs are the bottleneck.

The workers then only decode, resize and crop; mirroring, turns, rotation and jitter follow here, each sample by its own
draws, which do not depend on how the global batch is divided. Two things differ from `data.augment`: a rotation fills
the corners by reflecting the crop, not from the picture beyond it, and the draws differ.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from kornia.enhance import (
    adjust_brightness_accumulative,
    adjust_contrast_with_mean_subtraction,
    adjust_saturation_with_gray_subtraction,
)
from kornia.geometry.transform import rotate
from torch import Tensor

from translate.config import TrainConfig
from translate.train.step import Batch, StepContext

DRAWS = 6  # per sample: mirror, turns, angle, brightness, contrast, saturation


class BatchAugment:
    """Mirrors, turns and rotates a batch as ``config`` says, each group alike; jitters the first of each group."""

    def __init__(self, config: TrainConfig, groups: Sequence[Sequence[str]], *, jitter: float = 0.0) -> None:
        self.config, self.groups, self.jitter = config, groups, jitter

    def __call__(self, batch: Batch, context: StepContext) -> Batch:
        """``batch`` with its pictures, float [N, 3, H, H] in [-1, 1], augmented; labels as they are.

        Of several pictures in one tensor, [N, 3 K, H, H], the colours of the first are jittered.
        """
        result = dict(batch)
        for number, group in enumerate(self.groups):
            draws = context.uniform(f"augment/{number}", DRAWS)
            present = [name for name in group if name in batch]
            for name in present:
                result[name] = self.moved(batch[name], draws)
            if self.jitter:
                first, others = result[present[0]].split((3, batch[present[0]].shape[1] - 3), dim=1)
                result[present[0]] = torch.cat((self.jittered(first, draws), others), dim=1)
        return result

    def moved(self, images: Tensor, draws: Tensor) -> Tensor:
        """``images`` mirrored, turned and rotated by ``draws``, float [N, 6] in [0, 1)."""
        mirror, turns = draws[:, 0] < 0.5, (4 * draws[:, 1]).floor().int()
        if self.config.flip:
            mirrored = mirror.to(images.device, non_blocking=True)[:, None, None, None]
            images = torch.where(mirrored, images.flip(3), images)
        if self.config.quarter_turns:
            turned = [image.rot90(int(turn), (1, 2)) for image, turn in zip(images, turns, strict=True)]
            images = torch.stack(turned)
        if self.config.rotate:
            angle = self.config.rotate * (2 * draws[:, 2] - 1)
            images = rotate(images, angle.to(images, non_blocking=True), padding_mode="reflection", align_corners=False)
        return images

    def jittered(self, images: Tensor, draws: Tensor) -> Tensor:
        """``images`` with brightness, contrast and saturation changed by up to the configured share."""
        changes = 2 * draws[:, 3:].to(images, non_blocking=True) - 1
        brightness, contrast, saturation = (1 + self.jitter * changes).unbind(1)
        image = adjust_brightness_accumulative(images / 2 + 0.5, brightness)
        image = adjust_contrast_with_mean_subtraction(image, contrast)
        return 2 * adjust_saturation_with_gray_subtraction(image, saturation).clamp(0, 1) - 1
