"""Pictures of a sampler as files."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from translate.convert.sampling import grid, kind_of, refuse_existing, seeds_from, write_moving, write_still
from translate.errors import UserError

COLOURS = np.array([[250, 20, 20], [20, 250, 20], [20, 20, 250], [200, 200, 30], [120, 120, 120]], np.uint8)
PICTURES = np.broadcast_to(COLOURS[:, None, None], (5, 16, 16, 3))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("made", "folder"), ("grid.png", "still"), ("grid.JPG", "still"), ("walk.gif", "moving"), ("w.mp4", "moving")],
)
def test_the_name_says_what_to_write(name: str, kind: str, tmp_path: Path) -> None:
    assert kind_of(tmp_path / name) == kind
    (tmp_path / "a.folder").mkdir()
    assert kind_of(tmp_path / "a.folder") == "folder"
    with pytest.raises(UserError, match=r"output .*x\.txt: give a folder, or a name that ends in"):
        kind_of(tmp_path / "x.txt")


def test_seeds_follow_one_another_within_their_range() -> None:
    assert seeds_from(7, 3) == [7, 8, 9]
    assert seeds_from(2**32 - 2, 2)[-1] == 2**32 - 1
    with pytest.raises(UserError, match="count 0: has to be from 1 to 100000"):
        seeds_from(0, 0)
    with pytest.raises(UserError, match=r"seed 4294967295: has to be from 0 to 4294967294 for 2 pictures"):
        seeds_from(2**32 - 1, 2)


def test_a_grid_shows_every_picture_in_order(tmp_path: Path) -> None:
    sheet = grid(PICTURES)
    assert sheet.shape == (2 * 16 + 2, 3 * 16 + 2 * 2, 3)
    centres = [sheet[8 + 18 * row, 8 + 18 * column].tolist() for row in range(2) for column in range(3)]
    assert centres == [*COLOURS.tolist(), [255, 255, 255]]
    assert grid(PICTURES, columns=5).shape == (16, 5 * 16 + 4 * 2, 3)
    write_still(tmp_path / "grid.png", sheet)
    assert np.array_equal(np.array(Image.open(tmp_path / "grid.png")), sheet)


def test_a_gif_plays_every_frame_forever(tmp_path: Path) -> None:
    write_moving(tmp_path / "walk.gif", PICTURES)
    with Image.open(tmp_path / "walk.gif") as film:
        assert (film.n_frames, film.info["loop"]) == (5, 0)  # type: ignore[attr-defined]
        for number, colour in enumerate(COLOURS):
            film.seek(number)
            assert film.info["duration"] == 40
            assert np.abs(np.array(film.convert("RGB"))[8, 8].astype(int) - colour).max() <= 4


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_a_video_holds_every_frame(tmp_path: Path, suffix: str) -> None:
    write_moving(tmp_path / f"walk{suffix}", PICTURES)
    with av.open(str(tmp_path / f"walk{suffix}")) as container:
        stream = container.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        assert stream.average_rate == 24
    assert len(frames) == 5
    for frame, colour in zip(frames, COLOURS, strict=True):
        assert frame.shape == (16, 16, 3)
        assert np.abs(frame[8, 8].astype(int) - colour).max() <= 12


def test_existing_files_are_kept_unless_told_otherwise(tmp_path: Path) -> None:
    (tmp_path / "there.png").touch()
    paths = [tmp_path / "new.png", tmp_path / "there.png"]
    with pytest.raises(UserError, match=r"there\.png: exists already; give another output, or overwrite"):
        refuse_existing(paths, overwrite=False)
    refuse_existing(paths, overwrite=True)
    refuse_existing(paths[:1], overwrite=False)
