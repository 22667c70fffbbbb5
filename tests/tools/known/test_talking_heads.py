"""The drawn talking heads: what follows from what."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.helpers.pictures import files_below
from tools.known.talking_heads import FRAMES, Expression, draw_landmarks, main, spoken
from translate.media.images import load_rgb


def test_landmarks_say_nothing_of_the_character_and_faces_nothing_of_the_expression(tmp_path: Path) -> None:
    main(tmp_path, train=2, test=1, expressions=2, size=32)
    names = {f"{part}/{name}.png" for part in ("faces", "landmarks", "b") for name in ("0000-0", "0001-1")}
    assert names <= files_below(tmp_path / "train")
    assert {path.name[:4] for path in (tmp_path / "test" / "b").iterdir()} == {"0002"}
    faces, landmarks, true = (
        [load_rgb(tmp_path / "train" / folder / f"0000-{index}.png") for index in (0, 1)]
        for folder in ("faces", "landmarks", "b")
    )
    assert np.array_equal(faces[0], faces[1])
    assert (landmarks[0] != landmarks[1]).any() and (true[0] != true[1]).any()
    assert (true[0] != faces[0]).any()


def test_the_film_blinks_and_ends_as_it_begins() -> None:
    first, last = (np.array(draw_landmarks(spoken(frame), 64)) for frame in (0, FRAMES))
    assert np.array_equal(first, last)
    assert spoken(21).open_eyes == 0
    opened, closed = (np.array(draw_landmarks(Expression(open_eyes=eyes), 64)).sum() for eyes in (1.0, 0.0))
    assert opened > closed
