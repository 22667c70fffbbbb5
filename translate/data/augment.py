"""Augmentation of single samples on the CPU, with albumentations: all pictures of a sample get the same geometry."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
from numpy.typing import NDArray

from translate.config import TrainConfig


@contextmanager
def _no_update_check() -> Iterator[None]:
    """Importing albumentations looks online for a newer version unless this variable is set."""
    variable = "NO_ALBUMENTATIONS_UPDATE"
    before = os.environ.get(variable)
    os.environ[variable] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[variable]
        else:
            os.environ[variable] = before


with _no_update_check():
    import albumentations as A

Sample = dict[str, NDArray[np.uint8]]  # RGB uint8 [H, W, 3] by name; the first one is the input
FURTHER = ("A2", "A3", "A4")  # names of further inputs; what they become is B
COMPANIONS = ("B", "smoothed", "anchor", *FURTHER)  # possible names of the pictures after the first


class Augment:
    """Applies the same random ``geometry`` to all pictures of a sample, then jitters the colours of the first one only.

    ``jitter``: the largest relative change of brightness, contrast and saturation. The result depends on the sample
    and the seed only, whichever process computes it.
    """

    def __init__(self, geometry: list[A.BasicTransform], *, jitter: float = 0.0) -> None:
        self.geometry = A.Compose(geometry, additional_targets=dict.fromkeys(COMPANIONS, "image"))
        factors = (1 - jitter, 1 + jitter)
        self.colour = A.Compose([A.ColorJitter(factors, factors, factors, (0, 0), p=1)]) if jitter else None

    def __call__(self, sample: Sample, *, seed: int) -> Sample:
        (first, pixels), *companions = sample.items()
        self.geometry.set_random_seed(seed)
        moved = self.geometry(image=pixels, **dict(companions))
        result = {first: moved["image"]} | {name: moved[name] for name, _ in companions}
        if self.colour is not None:
            self.colour.set_random_seed(seed)
            result[first] = self.colour(image=result[first])["image"]
        return result


def random_crop(config: TrainConfig) -> list[A.BasicTransform]:
    """The configured resizing, rotation, scaling, cropping, flips and quarter turns, as far as the workers do them."""
    crop = config.crop
    smallest_scale, largest_scale = config.scale
    steps = _resize(config)
    in_workers = config.augment_on == "workers"
    if config.rotate and in_workers:
        steps.append(A.Rotate((-config.rotate, config.rotate), border_mode=cv2.BORDER_REFLECT_101, p=1))
    # side of the region that is resized to the crop: the larger the scale, the smaller the region
    smallest, largest = round(crop / largest_scale), round(crop / smallest_scale)
    steps.append(_pad_to(largest))
    if smallest == largest == crop:
        steps.append(A.RandomCrop(crop, crop))
    else:
        steps.append(A.RandomSizedCrop((smallest, largest), (crop, crop), interpolation=cv2.INTER_AREA))
    if config.flip and in_workers:
        steps.append(A.HorizontalFlip(p=0.5))
    if config.quarter_turns and in_workers:
        steps.append(A.RandomRotate90(p=1))
    return steps


def centre_crop(config: TrainConfig) -> list[A.BasicTransform]:
    """The centre of each picture, without randomness, for validation."""
    return [*_resize(config), _pad_to(config.crop), A.CenterCrop(config.crop, config.crop)]


def _resize(config: TrainConfig) -> list[A.BasicTransform]:
    return [A.Resize(config.resize, config.resize, interpolation=cv2.INTER_AREA)] if config.resize else []


def _pad_to(side: int) -> A.BasicTransform:
    return A.PadIfNeeded(side, side, border_mode=cv2.BORDER_REFLECT_101)
