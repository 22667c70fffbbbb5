from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.helpers.pictures import draw_photo
from translate.distillation.tones import ink_and_paper

INK, PAPER = np.array([30, 20, 60]), np.array([250, 245, 230])


def in_ink(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Black becomes `INK`, white `PAPER`."""
    light = photo.mean(axis=2, keepdims=True) / 255
    return (INK + light * (PAPER - INK)).round().astype(np.uint8)


def save(folder: Path, *pictures: NDArray[np.uint8], suffix: str = "png") -> list[Path]:
    paths = [folder / f"{number}.{suffix}" for number in range(len(pictures))]
    for path, picture in zip(paths, pictures, strict=True):
        Image.fromarray(picture).save(path, quality=95)
    return paths


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_drawings_in_one_ink_give_its_tones(tmp_path: Path, suffix: str) -> None:
    ramp = np.tile(np.linspace(0, 255, 101, dtype=np.uint8)[None, :, None], (60, 1, 3))
    strips = np.repeat(ramp[:, ::10], 10, axis=1)
    tones = ink_and_paper(save(tmp_path, in_ink(strips), in_ink(ramp), suffix=suffix))
    assert tones is not None
    assert isinstance(tones[0], list)  # as a configuration in JSON holds it: a resumed run compares them
    np.testing.assert_allclose(tones, [INK, PAPER], atol=4)


def test_colours_are_more_than_two_tones(tmp_path: Path) -> None:
    coloured = in_ink(draw_photo(90, 60))
    coloured[20:40, 20:40] = (200, 40, 40)  # a stamp
    assert ink_and_paper(save(tmp_path, in_ink(draw_photo(90, 60)), coloured)) is None
    assert ink_and_paper(save(tmp_path, np.full((60, 90, 3), 128, np.uint8))) is None  # flat: nothing to tell
