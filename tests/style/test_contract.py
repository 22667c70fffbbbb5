"""A style's metadata, to text and back, and the domains that can be requested."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from tests.helpers.styles import style_info
from translate.errors import UserError
from translate.style.contract import ContractError, StyleInfo

PLAIN = style_info(title="Cel")
SIZED = style_info(title="Painted", working_size=768)
TWICE = style_info(title="Upscale", scale=2)
INT8 = style_info(title="Cel", precision="int8", psnr_to_fp32=44.8, mean_difference_to_fp32=1.25)
SEASONS = style_info(title="Seasons", domains=["spring", "summer", "autumn"])
FACES = style_info(title="Faces", domains=["smiling", "blond", "glasses"], exclusive=False)


@pytest.mark.parametrize("info", [PLAIN, SIZED, TWICE, INT8, SEASONS, FACES])
def test_metadata_round_trip(info: StyleInfo) -> None:
    metadata = info.to_metadata()
    assert all(isinstance(value, str) for value in metadata.values())
    assert StyleInfo.from_metadata(metadata) == info


@pytest.mark.parametrize("key", ["exclusive", "working_size", "scale", "psnr_to_fp32", "mean_difference_to_fp32"])
def test_files_older_than_an_entry(key: str) -> None:
    metadata = PLAIN.to_metadata()
    del metadata[key]
    assert StyleInfo.from_metadata(metadata) == PLAIN


@pytest.mark.parametrize("key", ["title", "stride", "domains"])
def test_original_entries_are_required(key: str) -> None:
    metadata = PLAIN.to_metadata()
    del metadata[key]
    with pytest.raises(ContractError, match=f"no '{key}' in its metadata"):
        StyleInfo.from_metadata(metadata)


@pytest.mark.parametrize(
    ("key", "text", "problem"),
    [
        ("domains", '"spring"', "domains is .*a list of names"),
        ("domains", "[1, 2]", "a list of names"),
        ("domains", '[""]', "no two the same"),
        ("domains", '["a", "a"]', "no two the same"),
        ("domains", json.dumps(["a" * 101]), "names of up to 100 characters"),
        ("domains", json.dumps([f"domain {number}" for number in range(5000)]), "domains has 73890 characters"),
        ("domains", "[" * 15_000, "a list of names"),
        ("stride", "0", "stride is 0, not 1 to 1024"),
        ("stride", "-4", r"stride is '-4', not a whole number up to 1000000"),
        ("stride", "1" + "0" * 5000, "stride is '1000"),
        ("stride", "2048", "stride is 2048"),
        ("stride", "true", "stride is 'true'"),
        ("stride", "2.5", "stride is '2.5'"),
        ("stride", "NaN", "stride is 'NaN'"),
        ("scale", "0", "scale is 0, not 1 to 4"),
        ("scale", "5", "scale is 5, not 1 to 4"),
        ("scale", "1.5", "scale is '1.5', not a whole number"),
        ("receptive_field", "1000000000000", "receptive_field is '1000000000000'"),
        ("receptive_field", "100000", "receptive_field is 100000, more than 2048 in a tile-safe style"),
        ("tile_safe", "1", "tile_safe is '1', not true or false"),
        ("exclusive", '"no"', "exclusive"),
        ("training_size", "null", "training_size"),
        ("working_size", "-1", "working_size is '-1', not a whole number up to 1000000"),
        ("working_size", "1000001", "working_size is '1000001', not a whole number up to 1000000"),
        ("working_size", "768.0", "working_size is '768.0'"),
        ("psnr_to_fp32", "NaN", "psnr_to_fp32 is 'NaN', not a finite number"),
        ("psnr_to_fp32", "1e999", "psnr_to_fp32"),
        ("psnr_to_fp32", "1" + "0" * 400, "psnr_to_fp32"),
        ("mean_difference_to_fp32", "[]", "mean_difference_to_fp32"),
        ("versions", '{"torch": {}}', "versions is .*texts by name"),
        ("title", "a" * 20_001, "title has 20001 characters"),
    ],
)
def test_metadata_that_no_export_writes(key: str, text: str, problem: str) -> None:
    with pytest.raises(ContractError, match=problem) as error:
        StyleInfo.from_metadata({**SEASONS.to_metadata(), key: text})
    assert len(str(error.value)) < 200


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
        (PLAIN, "spring", "domain spring: 'Cel' has no domains"),
        (PLAIN, (), "domain '': 'Cel' has no domains"),
        (SEASONS, None, "'Seasons' translates to a domain: .* domain; it knows spring, summer, autumn"),
        (FACES, None, "'Faces' translates to a domain: .* domain; it knows smiling, blond, glasses"),
        (SEASONS, "winter", "domain winter: 'Seasons' knows spring, summer, autumn"),
        (FACES, ["blond", "tall", "old"], "domain tall, old: 'Faces' knows smiling, blond, glasses"),
        (
            SEASONS,
            ["spring", "autumn"],
            "domain spring, autumn: 'Seasons' translates to exactly one of spring, summer",
        ),
        (SEASONS, (), "domain '': 'Seasons' translates to exactly one of spring, summer, autumn"),
    ],
)
def test_domains_that_do_not_suit(info: StyleInfo, domain: str | Sequence[str] | None, told: str) -> None:
    with pytest.raises(UserError, match=told):
        info.positions(domain)


def test_what_compares_results_with_photos_refuses_styles_that_enlarge() -> None:
    PLAIN.require_same_size()
    with pytest.raises(UserError, match="'Upscale' enlarges pictures; use it with `translate upscale"):
        TWICE.require_same_size()
