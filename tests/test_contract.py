"""What a style says of itself, as text and back, and which domains it can be asked for."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.conftest import style_info
from translate.contract import StyleInfo
from translate.errors import UserError

PLAIN = style_info(title="Cel")
INT8 = style_info(title="Cel", precision="int8", psnr_to_fp32=44.8, mean_difference_to_fp32=1.25)
SEASONS = style_info(title="Seasons", domains=["spring", "summer", "autumn"])
FACES = style_info(title="Faces", domains=["smiling", "blond", "glasses"], exclusive=False)


@pytest.mark.parametrize("info", [PLAIN, INT8, SEASONS, FACES])
def test_metadata_come_back(info: StyleInfo) -> None:
    metadata = info.to_metadata()
    assert all(isinstance(value, str) for value in metadata.values())
    assert StyleInfo.from_metadata(metadata) == info


@pytest.mark.parametrize("key", ["exclusive", "psnr_to_fp32", "mean_difference_to_fp32"])
def test_files_written_before_there_was_more_to_say(key: str) -> None:
    metadata = PLAIN.to_metadata()
    del metadata[key]
    assert StyleInfo.from_metadata(metadata) == PLAIN


@pytest.mark.parametrize("key", ["title", "stride", "domains"])
def test_what_was_always_there_may_not_be_missing(key: str) -> None:
    metadata = PLAIN.to_metadata()
    del metadata[key]
    with pytest.raises(KeyError, match=key):
        StyleInfo.from_metadata(metadata)


@pytest.mark.parametrize(
    ("domains", "problem"),
    [
        ('"spring"', "a list of names"),
        ("[1, 2]", "a list of names"),
        ('[""]', "a list of names"),
        ('["a", "a"]', "same"),
    ],
)
def test_domains_that_nobody_could_choose(domains: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        StyleInfo.from_metadata({**SEASONS.to_metadata(), "domains": domains})


@pytest.mark.parametrize(
    ("info", "domain", "positions"),
    [
        (PLAIN, None, []),
        (SEASONS, "summer", [1]),
        (SEASONS, ["autumn"], [2]),
        (SEASONS, ["autumn", "autumn"], [2]),
        (FACES, "blond", [1]),
        (FACES, ["glasses", "smiling"], [0, 2]),
        (FACES, (), []),
    ],
)
def test_positions(info: StyleInfo, domain: str | Sequence[str] | None, positions: list[int]) -> None:
    assert info.positions(domain) == positions


@pytest.mark.parametrize(
    ("info", "domain", "told"),
    [
        (PLAIN, "spring", "--domain spring: 'Cel' has no domains"),
        (PLAIN, (), "--domain '': 'Cel' has no domains"),
        (SEASONS, None, "'Seasons' translates to a domain: .* --domain; it knows spring, summer, autumn"),
        (FACES, None, "'Faces' translates to a domain: .* --domain; it knows smiling, blond, glasses"),
        (SEASONS, "winter", "--domain winter: 'Seasons' knows spring, summer, autumn"),
        (FACES, ["blond", "tall", "old"], "--domain tall, old: 'Faces' knows smiling, blond, glasses"),
        (
            SEASONS,
            ["spring", "autumn"],
            "--domain spring, autumn: 'Seasons' translates to exactly one of spring, summer",
        ),
        (SEASONS, (), "--domain '': 'Seasons' translates to exactly one of spring, summer, autumn"),
    ],
)
def test_domains_that_do_not_suit(info: StyleInfo, domain: str | Sequence[str] | None, told: str) -> None:
    with pytest.raises(UserError, match=told):
        info.positions(domain)
