"""Which metrics lead to which verdict."""

from __future__ import annotations

import pytest

from translate.evaluate.verdicts import judge

REAL = {"precision_of_real": 0.9, "recall_of_real": 0.8, "coverage_of_real": 1.0}
GOOD = REAL | {"precision": 0.8, "recall": 0.7, "coverage": 0.9, "diversity": 1.0, "memorised_share": 0.01}
MANY = {"outputs": 100, "real pictures": 100}


@pytest.mark.parametrize(
    ("changed", "cases"),
    [
        ({}, ["sound"]),
        ({"memorised_share": 0.6}, ["memorised"]),
        ({"diversity": 0.4, "coverage": 0.1}, ["collapsed"]),  # which is why so little is covered
        ({"coverage": 0.67}, ["dropping"]),
        ({"precision": 0.4, "coverage": 0.3}, ["unlike"]),  # too unlike to tell whether kinds are missing
        ({"memorised_share": 0.6, "diversity": 0.4, "precision": 0.4}, ["memorised", "collapsed", "unlike"]),
    ],
)
def test_the_cases(changed: dict[str, float], cases: list[str]) -> None:
    assert [verdict.case for verdict in judge(GOOD | changed, MANY)] == cases


def test_low_recall_alone_is_no_missing_kind_but_is_said() -> None:
    (alike,), (varied,) = judge(GOOD | {"recall": 0.11}, MANY), judge(GOOD, MANY)
    assert alike.case == varied.case == "sound"
    assert alike.text.startswith(varied.text) and "recall 0.11, compared to 0.80" in alike.text
    assert "recall" not in varied.text


def test_metrics_that_were_not_taken_count_as_no_sign() -> None:
    assert [verdict.case for verdict in judge({k: v for k, v in GOOD.items() if k != "memorised_share"}, MANY)] == [
        "sound"
    ]


def test_too_few_pictures_are_said() -> None:
    (verdict,) = judge(GOOD, {"outputs": 19, "real pictures": 20})
    assert verdict.case == "too few" and "19 outputs are too few" in verdict.text
