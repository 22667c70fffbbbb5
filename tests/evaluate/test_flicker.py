import numpy as np
import pytest

from tests.helpers.pictures import draw_photo
from translate.evaluate.flicker import DIAGONAL, HORIZONTAL, Pixels, flicker, mean, pan

SIDE, BORDER, FRAMES = 40, 8, 4


def photo() -> Pixels:
    return draw_photo(80, 64)


def test_horizontal_pan_shows_the_photo_itself() -> None:
    picture = photo()
    frames = list(pan(picture, HORIZONTAL, FRAMES, SIDE))
    assert len(frames) == FRAMES
    left = (80 - SIDE - 2 * (FRAMES - 1)) // 2
    for number, frame in enumerate(frames):
        corner = left + 2 * number
        np.testing.assert_array_equal(frame, picture[12 : 12 + SIDE, corner : corner + SIDE])


def test_changes_that_move_with_the_picture_are_no_flicker() -> None:
    found = flicker(photo(), lambda frame: 255 - frame, HORIZONTAL, frames=FRAMES, side=SIDE, border=BORDER)
    assert found.style == found.photo == found.still == 0
    assert np.isnan(found.ratio)


def test_the_photo_itself_has_a_ratio_of_one() -> None:
    found = flicker(photo(), lambda frame: frame, DIAGONAL, frames=FRAMES, side=SIDE, border=BORDER)
    assert found.photo > 0
    assert found.ratio == 1 and found.still == found.photo


def test_a_pattern_fixed_to_the_window_flickers() -> None:
    def grid(frame: Pixels) -> Pixels:
        result = frame // 2
        result[::4] += 40  # stays where it is on the screen while the picture moves
        result[:, ::3] += 40
        return result

    horizontal = flicker(photo(), grid, HORIZONTAL, frames=FRAMES, side=SIDE, border=BORDER)
    assert horizontal.style == pytest.approx(40 * 2 / 3, rel=0.05)  # two of three columns change
    diagonal = flicker(photo(), grid, DIAGONAL, frames=FRAMES, side=SIDE, border=BORDER)
    assert diagonal.ratio > 2 and diagonal.style > diagonal.still


def test_small_photos_and_short_pans_are_refused() -> None:
    with pytest.raises(ValueError, match="needs 58 x 50"):
        list(pan(draw_photo(57, 64), DIAGONAL, 11, SIDE))
    with pytest.raises(ValueError, match="two frames"):
        flicker(photo(), lambda frame: frame, HORIZONTAL, frames=1, side=SIDE, border=BORDER)


def test_mean_is_over_photos() -> None:
    one, other = (
        flicker(photo(), lambda frame, divisor=divisor: frame // divisor, DIAGONAL, frames=3, side=SIDE, border=4)  # type: ignore[misc]
        for divisor in (1, 2)
    )
    both = mean([one, other])
    assert both.style == (one.style + other.style) / 2 and both.ratio < 1
