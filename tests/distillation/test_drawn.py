from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.helpers.pictures import draw_photo
from translate.distillation.drawn import is_drawn, key_of, read_record, resized_like, same_aspect, write_drawn
from translate.media.images import load_rgb


def test_a_picture_counts_with_its_own_record_only(tmp_path: Path) -> None:
    picture, key = draw_photo(40, 30), key_of(b"photo")
    assert not is_drawn(tmp_path, "walks/one", key)
    write_drawn(tmp_path, "walks/one", picture, key, seconds=1.5)
    assert is_drawn(tmp_path, "walks/one", key)
    assert not is_drawn(tmp_path, "walks/one", key_of(b"another photo"))
    np.testing.assert_array_equal(load_rgb(tmp_path / "walks" / "one.png"), picture)
    assert read_record(tmp_path / "walks" / "one.json")["seconds"] == 1.5

    (tmp_path / "walks" / "one.png").write_bytes(b"half")
    assert not is_drawn(tmp_path, "walks/one", key)
    (tmp_path / "walks" / "one.png").unlink()
    assert not is_drawn(tmp_path, "walks/one", key)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe"])
def test_a_damaged_record_is_empty(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "one.json").write_bytes(content)
    assert read_record(tmp_path / "one.json") == {}


def test_the_key_tells_contents_apart_that_join_to_the_same() -> None:
    assert key_of(b"ab", b"c") != key_of(b"a", b"bc")
    assert key_of(b"a", b"b") != key_of(b"b", b"a")


def test_aspects_may_differ_by_two_percent() -> None:
    photo = np.zeros((512, 768, 3), np.uint8)
    assert same_aspect(np.zeros((1024, 1536, 3), np.uint8), photo)
    assert same_aspect(np.zeros((520, 768, 3), np.uint8), photo)
    assert not same_aspect(np.zeros((528, 768, 3), np.uint8), photo)
    assert not same_aspect(photo.transpose(1, 0, 2), photo)


def test_resizing_averages_downwards_and_keeps_what_fits() -> None:
    photo = np.zeros((8, 8, 3), np.uint8)
    checks = np.repeat(np.indices((16, 16)).sum(axis=0)[..., np.newaxis] % 2 * 200, 3, axis=2).astype(np.uint8)
    assert (resized_like(checks, photo) == 100).all()
    assert resized_like(photo, photo) is photo
    assert resized_like(checks[:4, :4], photo).shape == photo.shape
