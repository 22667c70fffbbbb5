from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.styles.teachers.scene_colours import STEP, expose, grade, tones


def field(*colour: float) -> NDArray[np.float32]:
    return np.full((16, 16, 3), colour, np.float32)


def hue(picture: NDArray[np.float32]) -> float:
    _, a, b = cv2.cvtColor(picture, cv2.COLOR_RGB2Lab)[8, 8]
    return float(np.degrees(np.arctan2(b, a)) % 360)


def chroma(picture: NDArray[np.float32]) -> float:
    return float(np.hypot(*cv2.cvtColor(picture, cv2.COLOR_RGB2Lab)[8, 8, 1:]))


def test_black_fields_and_white_are_kept() -> None:
    assert np.abs(grade(field(0, 0, 0))).max() < 0.01
    assert np.abs(grade(field(1, 1, 1)) - 1).max() < 0.01


def test_shadows_by_day_are_blue_and_never_black() -> None:
    scene = np.full((128, 128, 3), 0.8, np.float32)
    scene[54:74, 54:74] = 0.03
    red, green, blue = grade(expose(scene))[64, 64]
    assert blue > 0.15 and blue > 1.5 * max(red, green)


def test_exposure_opens_shadows_by_day_more_than_by_night() -> None:
    day = np.full((128, 128, 3), 0.7, np.float32)
    day[54:74, 54:74] = 0.1
    night = field(0.1, 0.1, 0.1)
    assert expose(day)[64, 64].mean() > expose(night)[8, 8].mean() + 0.01
    assert 0.1 <= expose(night)[8, 8].mean() < 0.18


def test_dark_tones_are_lifted_never_crushed() -> None:
    levels = np.linspace(0.02, 0.98, 512, dtype=np.float32)
    ramp = np.repeat(levels[None, :, None], 3, axis=2).repeat(8, axis=0)
    painted = grade(expose(ramp)).mean(2)[4]
    assert (painted[:256] > levels[:256] - 0.03).all()
    assert (np.diff(painted) > -4e-3).all()


def test_tones_are_few_and_flat_and_leave_nothing_where_nothing_was() -> None:
    relief = np.linspace(-2.5 * STEP, 2.5 * STEP, 501, dtype=np.float32)
    quantised = tones(relief)
    assert abs(quantised[250]) < 1e-6 and np.abs(quantised - relief).max() < 0.5 * STEP
    slopes = np.diff(quantised) / np.diff(relief)
    assert 0 < slopes.min() < 0.2 and slopes.max() < 2.5  # soft borders between flat tones


def test_skies_are_blue_and_saturated_and_not_garish() -> None:
    sky = field(0.45, 0.6, 0.8)
    assert 1.15 * chroma(sky) < chroma(grade(sky)) < 50
    assert chroma(grade(field(0.0, 0.3, 1.0))) < 0.85 * chroma(field(0.0, 0.3, 1.0))
    assert 235 < hue(grade(field(0.35, 0.45, 0.8))) < 285


def test_olive_turns_green_and_pale_yellow_does_not() -> None:
    assert hue(grade(field(0.42, 0.42, 0.2))) > hue(field(0.42, 0.42, 0.2)) + 10
    assert abs(hue(grade(field(0.98, 0.95, 0.75))) - hue(field(0.98, 0.95, 0.75))) < 4


def test_skin_keeps_its_hue() -> None:
    for colour in ((0.88, 0.69, 0.58), (0.62, 0.44, 0.34), (0.45, 0.30, 0.23)):
        skin = field(*colour)
        assert abs(hue(grade(skin)) - hue(skin)) < 12
