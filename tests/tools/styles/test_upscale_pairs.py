"""Pairs of drawn pictures at two sizes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image

from tests.helpers.pictures import draw_photo
from tools.styles.upscale_pairs import FILTERS, made_smaller, main, make_pairs
from translate.data.pairing import match_pairs
from translate.media.images import load_rgb


def tiles(folder: Path) -> dict[str, np.ndarray]:
    return {path.relative_to(folder).as_posix(): load_rgb(path) for path in sorted(folder.rglob("*.bmp"))}


def test_tiles_show_the_same_at_two_sizes(tmp_path: Path) -> None:
    Image.fromarray(draw_photo(101, 75)).save(tmp_path / "drawn.png")
    make_pairs((tmp_path / "drawn.png", "art/drawn"), out=tmp_path, tile=64, jpeg=0)
    small, large = tiles(tmp_path / "A"), tiles(tmp_path / "B")
    assert small.keys() == large.keys() and len(small) == 4
    assert not match_pairs(a=tmp_path / "A", b=tmp_path / "B").problems
    for name, pixels in small.items():
        assert pixels.shape == (32, 32, 3) and large[name].shape == (64, 64, 3)
        mean = large[name].reshape(32, 2, 32, 2, 3).mean((1, 3))
        shifted = np.abs(np.roll(mean, 1, axis=1) - pixels)[:, 1:].mean()
        assert np.abs(mean - pixels).mean() < 0.5 * shifted
    assert np.array_equal(large["art/drawn_0000_0000.bmp"], load_rgb(tmp_path / "drawn.png")[:64, :64])


def test_filters_and_qualities_vary_and_follow_from_the_seed() -> None:
    large = draw_photo(64, 48)
    plain = {made_smaller(large, np.random.default_rng(seed), jpeg=0).tobytes() for seed in range(40)}
    assert len(plain) == len(FILTERS)
    damaged = [made_smaller(large, np.random.default_rng(seed), jpeg=1) for seed in range(40)]
    assert len({pixels.tobytes() for pixels in damaged} - plain) > 20
    assert all(pixels.shape == (24, 32, 3) for pixels in damaged)
    assert np.array_equal(made_smaller(large, np.random.default_rng(3), jpeg=1), damaged[3])


def test_a_picture_of_one_pixel_is_left_out(tmp_path: Path) -> None:
    Image.fromarray(draw_photo(1, 1)).save(tmp_path / "dot.png")
    make_pairs((tmp_path / "dot.png", "dot"), out=tmp_path, tile=64, jpeg=0)
    assert not list(tmp_path.rglob("*.bmp"))


def test_tiles_have_even_sides(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="--tile 63: give an even number"):
        main([tmp_path, tmp_path / "out"], tile=63, jpeg=0.5, leave_out="", workers=1)
