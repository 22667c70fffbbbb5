import numpy as np
import pytest

from tests.helpers.pictures import draw_photo
from translate.evaluate.flicker import LEVEL, SLANT, Pixels, flicker, mean, pan

SIDE, BORDER, FRAMES = 40, 8, 4


def photo() -> Pixels:
    return draw_photo(80, 64)


def test_level_pan_shows_the_photo_itself() -> None:
    picture = photo()
    frames = list(pan(picture, LEVEL, FRAMES, SIDE))
    assert len(frames) == FRAMES
    left = (80 - SIDE - 2 * (FRAMES - 1)) // 2
    for number, frame in enumerate(frames):
        corner = left + 2 * number
        np.testing.assert_array_equal(frame, picture[12 : 12 + SIDE, corner : corner + SIDE])


def test_what_moves_with_the_picture_does_not_flicker() -> None:
    found = flicker(photo(), lambda frame: 255 - frame, LEVEL, frames=FRAMES, side=SIDE, border=BORDER)
    assert found.style == found.photo == found.still == 0
    assert np.isnan(found.ratio)


def test_the_photo_itself_has_the_ratio_of_one() -> None:
    found = flicker(photo(), lambda frame: frame, SLANT, frames=FRAMES, side=SIDE, border=BORDER)
    assert found.photo > 0
    assert found.ratio == 1 and found.still == found.photo


def test_what_sticks_to_the_window_flickers() -> None:
    def grid(frame: Pixels) -> Pixels:
        result = frame // 2
        result[::4] += 40  # stays where it is on the screen while the picture moves
        result[:, ::3] += 40
        return result

    level = flicker(photo(), grid, LEVEL, frames=FRAMES, side=SIDE, border=BORDER)
    assert level.style == pytest.approx(40 * 2 / 3, rel=0.05)  # two of three columns change
    slanting = flicker(photo(), grid, SLANT, frames=FRAMES, side=SIDE, border=BORDER)
    assert slanting.ratio > 2 and slanting.style > slanting.still


def test_photos_too_small_and_pans_too_short_are_refused() -> None:
    with pytest.raises(ValueError, match="takes 58 x 50"):
        list(pan(draw_photo(57, 64), SLANT, 11, SIDE))
    with pytest.raises(ValueError, match="two frames"):
        flicker(photo(), lambda frame: frame, LEVEL, frames=1, side=SIDE, border=BORDER)


def test_mean_is_over_photos() -> None:
    one, other = (
        flicker(photo(), lambda frame, divisor=divisor: frame // divisor, SLANT, frames=3, side=SIDE, border=4)  # type: ignore[misc]
        for divisor in (1, 2)
    )
    both = mean([one, other])
    assert both.style == (one.style + other.style) / 2 and both.ratio < 1
