from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.helpers.pictures import draw_photo
from tools.styles.teachers.paint import blur
from tools.styles.teachers.scenery import crisp, scenery


def steps(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Change from pixel to pixel along the middle row of ``image``."""
    return np.abs(np.diff(image[image.shape[0] // 2, :, 0]))


def test_shapes_get_firm_borders_where_they_were() -> None:
    image = np.full((48, 64, 3), 0.3, np.float32)
    image[:, 32:] = 0.7
    soft = blur(image, 2.5)
    firm = crisp(soft)
    assert steps(firm).argmax() == 31 and steps(firm).max() > 2 * steps(soft).max()
    assert firm.min() > 0.29 and firm.max() < 0.71  # no halo
    plain = np.linspace(0.3, 0.5, 96, dtype=np.float32)[None, :, None].repeat(48, 0).repeat(3, 2)
    assert np.abs(crisp(plain) - plain)[:, 8:-8].max() < 0.01


def test_texture_becomes_a_few_tones() -> None:
    texture = blur(np.random.default_rng(0).uniform(0, 1, (96, 96)).astype(np.float32), 3.0)
    photo = np.repeat((np.clip(0.5 + 2 * (texture - 0.5), 0, 1) * 255).astype(np.uint8)[..., None], 3, axis=2)
    before, after = (np.abs(np.diff(image[..., 1].astype(int), axis=1)) for image in (photo, scenery(photo)))
    assert (after <= 1).mean() > 1.5 * (before <= 1).mean()


def test_small_changes_of_the_photo_change_little() -> None:
    photo = draw_photo(96, 72)
    drawn = scenery(photo)
    assert drawn.shape == photo.shape and np.array_equal(drawn, scenery(photo))
    noise = np.random.default_rng(0).normal(0, 2, photo.shape)
    noisy = scenery(np.clip(photo + noise, 0, 255).astype(np.uint8))
    assert np.abs(noisy.astype(int) - drawn).mean() < 5


def test_black_and_white_photos_stay() -> None:
    assert scenery(np.zeros((48, 48, 3), np.uint8)).max() < 4
    assert scenery(np.full((48, 48, 3), 255, np.uint8)).min() > 251
