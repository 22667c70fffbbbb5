"""Square pictures of one folder, for methods that make pictures from noise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from translate.config import GenerationConfig
from translate.data.augment import Augment, centre_crop, random_crop
from translate.data.datasets import PictureDataset, TrainingData, hold_out, raise_problems, to_tensors
from translate.data.loader import Key
from translate.data.pairing import find_pictures
from translate.errors import UserError
from translate.media.images import picture_size
from translate.storage.shards import Source

MAX_NAMED = 3  # files named in a problem; the rest are only counted


class SquareDataset(PictureDataset):
    """Middle squares of pictures, scaled to ``side`` pixels and augmented.

    A sample is ``{"image": uint8 [3, H, W], "index": int64 []}``, the position of its picture among all, -1 for those
    held out.
    """

    def __init__(self, files: Sequence[Path], side: int, augment: Augment, *, held_out: bool = False) -> None:
        self.files, self.side, self.augment, self.held_out = files, side, augment, held_out

    def __len__(self) -> int:
        return len(self.files)

    def sources(self) -> list[Source]:
        return list(self.files)

    def __getitem__(self, key: Key) -> dict[str, Tensor]:
        square = middle_square(self.read(self.files[key.sample]), self.side)
        index = -1 if self.held_out else key.sample
        return to_tensors(self.augment({"image": square}, seed=key.seed)) | {"index": torch.tensor(index)}


def middle_square(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The middle square of uint8 [H, W, 3], scaled to [side, side, 3]; averaged over areas where it becomes smaller."""
    height, width, _ = picture.shape
    shorter = min(height, width)
    top, left = (height - shorter) // 2, (width - shorter) // 2
    square = picture[top : top + shorter, left : left + shorter]
    if shorter == side:
        return square
    filter_ = cv2.INTER_AREA if side < shorter else cv2.INTER_CUBIC
    return cv2.resize(square, (side, side), interpolation=filter_).astype(np.uint8)


def load_squares(config: GenerationConfig) -> TrainingData:
    """The pictures of ``images``. Raises ``UserError`` for fewer than two, and for pictures smaller than the squares.

    Where too few could be held out for validation, training pictures take part in it, as they do elsewhere.
    """
    assert config.images is not None  # checked by the configuration
    found = find_pictures(config.images)
    raise_problems(found.problems)
    side = config.resize or config.crop
    refuse_small(found.files, side)
    training, validation, seen = hold_out(found.files, config.val_samples)
    return TrainingData(
        SquareDataset(training, side, Augment(random_crop(config))),
        SquareDataset(validation, side, Augment(centre_crop(config)), held_out=bool(seen)),
        SquareDataset(training[: len(seen)], side, Augment(centre_crop(config))),
        augment_groups=(("image",),),
    )


def refuse_small(files: Sequence[Path], side: int) -> None:
    """Raise ``UserError`` where some pictures are smaller than squares of ``side`` pixels."""
    small = [path for path in files if min(picture_size(path)) < side]
    if small:
        named = ", ".join(path.name for path in small[:MAX_NAMED])
        raise UserError(
            f"<crop> {side}: {len(small)} of {len(files)} pictures are smaller than that ({named}"
            f"{', ...' if len(small) > MAX_NAMED else ''}); give a smaller one, or remove them"
        )
