import numpy as np
import pytest

from tests.helpers.pictures import draw_photo
from tools.styles.fields import random_field
from tools.styles.teachers.cel import cel_shade, ink_lines, l0_smooth, shade


def test_smoothing_flattens_texture_and_keeps_edges() -> None:
    rng = np.random.default_rng(0)
    image = np.full((48, 64, 3), 0.3, np.float32)
    image[:, 32:] = 0.7
    textured = image + rng.uniform(-0.02, 0.02, image.shape).astype(np.float32)
    smooth = l0_smooth(textured)
    assert np.abs(smooth - image).max() < 0.01  # the texture is gone, the edge is where it was
    steps = np.abs(np.diff(smooth, axis=1)).max(axis=(0, 2))
    assert steps.argmax() == 31 and np.delete(steps, 31).max() < 0.01


def test_shading_keeps_grey_nearly_grey_and_lifts_midtones() -> None:
    levels = np.linspace(0, 1, 64, dtype=np.float32)
    grey = np.repeat(levels[None, :, None], 3, axis=2)
    shaded = shade(grey)
    luminance = shaded.mean(axis=2)[0]
    assert (np.diff(luminance) > -1e-3).all()
    assert luminance[32] > 0.52
    # shadows turn towards blue, lights away from it
    assert shaded[0, 2, 2] > shaded[0, 2, 0]
    assert shaded[0, 61, 2] < shaded[0, 61, 0]


def test_lines_are_drawn_along_edges_only() -> None:
    luminance = np.full((40, 60), 0.8, np.float32)
    luminance[:, 30:] = 0.2
    lines = ink_lines(luminance)
    assert lines[20, 28:33].min() < 0.3
    assert (lines[:, :20] > 0.99).all() and (lines[:, 45:] > 0.99).all()


def test_whole_filter_gives_a_picture_of_the_same_size() -> None:
    photo = draw_photo(70, 51)
    picture = cel_shade(photo)
    assert picture.shape == photo.shape and picture.dtype == np.uint8
    assert 5 < np.abs(picture.astype(int) - photo).mean() < 80


@pytest.mark.parametrize("seed", range(12))
def test_fields_are_smooth_or_uniform(seed: int) -> None:
    picture = random_field(np.random.default_rng(seed), 64)
    assert picture.dtype == np.uint8 and picture.shape[2] == 3 and len(picture) in (64, 128)
    if len(picture) == 128:  # a ramp: neighbours differ by a few levels at most
        assert np.abs(np.diff(picture.astype(int), axis=0)).max() <= 8
        assert np.abs(np.diff(picture.astype(int), axis=1)).max() <= 8
