"""Each problem raises its alarm once, and only when it lasts."""

from __future__ import annotations

import math

import pytest

from translate.diagnose import game
from translate.train import alarms as watched
from translate.train.alarms import Alarms


def raised(alarms: Alarms, name: str, *values: float) -> list[bool]:
    return [bool(alarms.raised({name: value})) for value in values]


def test_metrics_that_are_not_finite_raise_at_once() -> None:
    alarms = Alarms(patience=3)
    assert alarms.raised({"G/l1": math.nan, "D/loss": 1.0}) == [
        "G/l1 is not finite; try a lower --lr or --clip-gradient 1"
    ]
    assert raised(alarms, "D/loss", math.inf) == [True]


def test_saturation_has_to_last_and_is_reported_once() -> None:
    alarms = Alarms(patience=3)
    assert (
        raised(alarms, "D/separation", 1.0, 1.0, 0.7, 0.99, 0.99, 1.0, 1.0, 1.0) == [False] * 5 + [True] + [False] * 2
    )
    assert raised(alarms, "D/separation", 0.5, 1.0, 1.0, 1.0) == [False] * 3 + [True]
    assert raised(alarms, "D_A/separation", 1.0, 1.0, 1.0) == [False, False, True]


def test_a_vanished_gradient_is_small_beside_its_largest() -> None:
    alarms = Alarms(patience=2)
    assert raised(alarms, "G/gradient", 2.0, 1.0, 3e-3, 3e-3, 5.0, 1e-4, 1e-4) == [False] * 6 + [True]
    assert raised(alarms, "D/gradient", 1e-6, 1e-6, 1e-6) == [False] * 3  # small, as it always was


@pytest.mark.parametrize(("diversity", "collapsed"), [(0.01, True), (0.5, False)])
def test_outputs_that_become_alike_raise(diversity: float, collapsed: bool) -> None:
    assert raised(Alarms(patience=10), "val/diversity", diversity) == [collapsed]


def test_alarms_are_stricter_than_the_diagnosis() -> None:
    assert watched.SATURATED > game.SATURATED and watched.COLLAPSED < game.COLLAPSED
