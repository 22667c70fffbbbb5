from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.pictures import draw_photo, files_below
from translate.data.pairing import match_pairs
from translate.distillation.drawn import Pixels
from translate.distillation.tiles import save_pair, tile_starts, write_tiles
from translate.errors import PictureError
from translate.media.images import load_rgb


def save(path: Path, pixels: Pixels) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def pairs(tmp_path: Path) -> dict[str, tuple[Path, Path]]:
    return {
        name: (save(tmp_path / f"photos/{name}.png", pixels), save(tmp_path / f"drawn/{name}.png", 255 - pixels))
        for name, pixels in {"walks/one": draw_photo(100, 70), "two": draw_photo(40, 40)}.items()
    }


def times(folder: Path) -> dict[str, int]:
    return {name: (folder / name).stat().st_mtime_ns for name in files_below(folder)}


@pytest.mark.parametrize(("length", "tile"), [(1, 288), (288, 288), (289, 288), (768, 288), (1000, 100)])
def test_tiles_cover_everything_evenly(length: int, tile: int) -> None:
    starts = tile_starts(length, tile)
    assert starts[0] == 0 and starts[-1] == max(0, length - tile)
    steps = np.diff(starts)
    assert (steps <= tile).all() and (steps > 0).all() and np.ptp(steps) <= 1 if len(steps) else length <= tile
    assert len(starts) == max(1, -(-length // tile))


def test_a_link_in_place_of_the_tiles_is_not_followed(tmp_path: Path, pairs: dict[str, tuple[Path, Path]]) -> None:
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "tiles"
    elsewhere.mkdir()
    folder.mkdir()
    (folder / "A").symlink_to(elsewhere)
    with pytest.raises(PictureError, match=r"tiles: cannot be written: File exists"):
        write_tiles(pairs, folder, 40)
    assert files_below(elsewhere) == set()


def test_tile_zero_writes_the_whole_pair(tmp_path: Path) -> None:
    photo = draw_photo(50, 30)
    save_pair(photo, 255 - photo, tmp_path, "one", 0)
    assert files_below(tmp_path) == {"A/one.bmp", "B/one.bmp"}
    np.testing.assert_array_equal(load_rgb(tmp_path / "B" / "one.bmp"), 255 - photo)


def test_both_are_cut_alike_into_what_training_reads(tmp_path: Path, pairs: dict[str, tuple[Path, Path]]) -> None:
    out = tmp_path / "pairs"
    write_tiles(pairs, out, 64)
    found = match_pairs(a=out / "A", b=out / "B")
    assert found.problems == []
    corners = [(top, left) for top in (0, 6) for left in (0, 36)]
    assert [pair.name for pair in found.pairs] == [
        "two_0000_0000",
        *(f"walks/one_{top:04d}_{left:04d}" for top, left in corners),
    ]
    photo = load_rgb(pairs["walks/one"][0])
    for pair, (top, left) in zip(found.pairs[1:], corners, strict=True):
        a, b = load_rgb(pair.a), load_rgb(pair.b)
        np.testing.assert_array_equal(a, photo[top : top + 64, left : left + 64])
        np.testing.assert_array_equal(b, 255 - a)


def test_tiles_are_written_again_only_for_other_pairs(tmp_path: Path, pairs: dict[str, tuple[Path, Path]]) -> None:
    out = tmp_path / "pairs"
    write_tiles(pairs, out, 64)
    before = times(out)
    write_tiles(pairs, out, 64)
    assert times(out) == before

    save(pairs["two"][1], draw_photo(40, 40))
    write_tiles(pairs, out, 64)
    np.testing.assert_array_equal(load_rgb(out / "B" / "two_0000_0000.bmp"), draw_photo(40, 40))

    write_tiles({"two": pairs["two"]}, out, 64)
    assert files_below(out / "A") == {"two_0000_0000.bmp"}  # nothing is left of what no longer takes part
    write_tiles({"two": pairs["two"]}, out, 32)
    assert len(files_below(out / "B")) == 4


def test_what_a_killed_run_left_is_replaced(
    tmp_path: Path, pairs: dict[str, tuple[Path, Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "pairs"

    def killed(photo: Pixels, picture: Pixels, folder: Path, name: str, side: int) -> None:
        save_pair(photo, picture, folder, name, side)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("translate.distillation.tiles.save_pair", killed)
        with pytest.raises(KeyboardInterrupt):
            write_tiles(pairs, out, 64)
    (out / "A" / "two_0000_0000.bmp").write_bytes(b"half")
    write_tiles(pairs, out, 64)
    np.testing.assert_array_equal(load_rgb(out / "A" / "two_0000_0000.bmp"), draw_photo(40, 40))
    assert len(files_below(out / "A")) == len(files_below(out / "B")) == 5


def test_errors_name_the_file(tmp_path: Path, pairs: dict[str, tuple[Path, Path]]) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PictureError, match=r"file.*: cannot be written"):
        write_tiles(pairs, tmp_path / "file" / "pairs", 64)
    pairs["two"][1].unlink()
    with pytest.raises(PictureError, match=r"two\.png: cannot be read"):
        write_tiles(pairs, tmp_path / "pairs", 64)
