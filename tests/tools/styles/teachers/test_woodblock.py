import numpy as np
import pytest
from numpy.typing import NDArray

from tests.helpers.pictures import draw_photo
from tools.styles.teachers.woodblock import KEY_INK, PIGMENTS, attract, key_block, skin_share, to_lab, woodblock


def plain(colour: tuple[int, int, int], size: int = 64) -> NDArray[np.uint8]:
    return np.full((size, size, 3), colour, np.uint8)


def printed(colour: tuple[int, int, int]) -> NDArray[np.float64]:
    picture = woodblock(plain(colour))
    assert np.ptp(picture.reshape(-1, 3), axis=0).max() <= 1  # flat areas stay flat
    return picture.mean((0, 1))


def test_white_becomes_warm_paper_and_black_indigo() -> None:
    assert np.abs(printed((255, 255, 255)) - (244, 236, 216)).max() < 12
    assert np.abs(printed((0, 0, 0)) - KEY_INK * 255).max() < 12


def test_pure_colours_are_muted_and_keep_their_hue() -> None:
    for channel, pure in enumerate([(255, 0, 0), (0, 255, 0), (0, 0, 255)]):
        colour = printed(pure)
        assert colour.argmax() == channel and np.ptp(colour) < 200


def test_a_sky_is_deepened_towards_prussian_blue() -> None:
    red, _, blue = printed((170, 200, 225))
    assert blue - red > 225 - 170 and red < 170


def test_skin_keeps_its_order_from_paper_to_warm_brown() -> None:
    pale, brown, deep = (printed(colour) for colour in ((235, 200, 180), (170, 110, 75), (95, 60, 45)))
    assert pale.min() > 180
    assert pale.mean() > brown.mean() + 40 and brown.mean() > deep.mean() + 20
    assert all(colour[0] > colour[1] > colour[2] for colour in (pale, brown, deep))


def test_skin_is_told_from_sky_and_grey() -> None:
    colours = np.array([[(235, 200, 180), (95, 60, 45), (120, 160, 220), (128, 128, 128)]], np.float32) / 255
    share = skin_share(to_lab(colours))[0]
    assert share[:2].min() > 0.6 and share[2:].max() < 0.01


def test_pigments_attract_the_colours_near_them() -> None:
    pigments = to_lab(PIGMENTS[None] / 255)
    strayed = pigments + np.array([4, -3, 3], np.float32)
    moved = np.abs(attract(strayed) - strayed).sum(2).mean()
    assert moved > 3
    assert np.abs(attract(pigments) - pigments).max() < 14


def test_a_contour_gets_a_line_that_is_bolder_at_a_stronger_edge() -> None:
    skin = np.zeros((96, 96), np.float32)
    widths = []
    for low in (0.66, 0.5, 0.2):
        edge = np.full((96, 96), 0.85, np.float32)
        edge[:, 48:] = low
        ink = key_block(edge, skin)
        assert ink[:, :36].max() < 0.01 and ink[:, 60:].max() < 0.01
        widths.append(float(ink[48].sum()))
    assert 0.3 < widths[0] < widths[1] < widths[2] < 8


def test_the_line_at_an_edge_is_indigo_black() -> None:
    photo = plain((225, 225, 225), 96)
    photo[:, 48:] = (150, 110, 60)
    line = woodblock(photo)[48, 46:54].astype(np.float32)
    assert np.abs(line - KEY_INK * 255).max(1).min() < 20


def test_a_gentle_gradient_has_no_steps() -> None:
    ramp = np.linspace(0, 1, 192)[None, :, None]
    sky = np.array([90, 130, 190]) + ramp * np.array([60, 50, 30])
    photo = np.round(np.repeat(sky, 64, axis=0)).astype(np.uint8)
    steps = np.abs(np.diff(woodblock(photo).astype(int), axis=1)).max()
    assert steps <= 8


def test_noise_and_small_shifts_change_little() -> None:
    photo = draw_photo(128, 96)
    reference = woodblock(photo).astype(np.float32)
    noise = np.random.default_rng(0).normal(0, 2, photo.shape)
    noisy = woodblock(np.clip(photo + noise, 0, 255).astype(np.uint8))
    assert np.abs(noisy - reference).mean() < 6
    shifted = woodblock(np.ascontiguousarray(photo[:, 1:])).astype(np.float32)
    assert np.median(np.abs(shifted - reference[:, 1:])) < 4


@pytest.mark.parametrize("shape", [(1, 1), (16, 16), (2, 90)])
def test_any_size_is_printed(shape: tuple[int, int]) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert woodblock(photo).shape == photo.shape


def test_printing_is_deterministic() -> None:
    photo = draw_photo(64, 48)
    picture = woodblock(photo)
    assert picture.dtype == np.uint8 and np.array_equal(picture, woodblock(photo))
