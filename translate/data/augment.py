"""Augmentation of single samples on the CPU, with albumentations: the same geometry for all pictures of a sample."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
from numpy.typing import NDArray

from translate.config import TrainConfig


@contextmanager
def _no_look_at_the_network() -> Iterator[None]:
    """Importing albumentations asks the network for its newest version, unless the environment forbids it then."""
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


with _no_look_at_the_network():
    import albumentations as A

Sample = dict[str, NDArray[np.uint8]]  # RGB uint8 [H, W, 3] by name; the first is the input
COMPANIONS = ("B", "smoothed", "anchor")  # names that pictures moved along with the first one may have


class Augment:
    """Moves the pictures of a sample alike by ``geometry``, then jitters the colours of the first one alone.

    What comes out is a function of the sample and the seed, whichever process computes it.
    """

    def __init__(self, geometry: list[A.BasicTransform], *, jitter: float = 0.0) -> None:
        self.geometry = A.Compose(geometry, additional_targets=dict.fromkeys(COMPANIONS, "image"))
        share = (1 - jitter, 1 + jitter)
        self.colour = A.Compose([A.ColorJitter(share, share, share, (0, 0), p=1)]) if jitter else None

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
    """The configured random resizing, rotation, scale, crop, mirroring and turns: what the workers do of them."""
    crop = config.crop
    least, greatest = config.scale
    steps = _resize(config)
    in_workers = config.augment_on == "workers"
    if config.rotate and in_workers:
        steps.append(A.Rotate((-config.rotate, config.rotate), border_mode=cv2.BORDER_REFLECT_101, p=1))
    # sides of the part of the picture that fills the crop: the more it is enlarged, the smaller
    smallest, largest = round(crop / greatest), round(crop / least)
    steps.append(_at_least(largest))
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
    """The middle of each picture, the same every time, for validation."""
    return [*_resize(config), _at_least(config.crop), A.CenterCrop(config.crop, config.crop)]


def _resize(config: TrainConfig) -> list[A.BasicTransform]:
    return [A.Resize(config.resize, config.resize, interpolation=cv2.INTER_AREA)] if config.resize else []


def _at_least(side: int) -> A.BasicTransform:
    return A.PadIfNeeded(side, side, border_mode=cv2.BORDER_REFLECT_101)
