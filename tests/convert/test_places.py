"""Names of files: which are one, and where several are."""

from __future__ import annotations

from pathlib import Path

import pytest

from translate.convert.places import listed, numbered, whereabouts
from translate.storage.remote import Location, location


def test_numbers_tell_equal_names_apart() -> None:
    paths: list[Location | None] = [*map(Path, ("a.png", "A.png", "b.png", "a-2.png", "a.png")), None]
    assert numbered(paths) == [*map(Path, ("a.png", "A-3.png", "b.png", "a-2.png", "a-4.png")), None]


@pytest.mark.parametrize(
    ("files", "place"),
    [
        (["new/a.png"], "new/a.png"),
        (["new/a.png", "new/b.png"], "new"),
        (["new/a.png", "new/day/b.png"], "new"),
        (["new/a.png", "old/b.png"], "."),
        (["s3://new/a.png", "s3://new/b.png"], "s3://new"),
        (["s3://new/a.png", "s3://new/day/b.png"], "s3://new, s3://new/day"),
    ],
)
def test_where_files_are(files: list[str], place: str) -> None:
    assert whereabouts([location(file) for file in files]).replace("\\", "/") == place


def test_many_things_are_counted() -> None:
    assert listed(range(7)) == "0, 1, 2, 3, 4 and 2 more"
