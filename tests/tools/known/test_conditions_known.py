"""Data with a known truth for conditions: captions say what is shown, sounds decide what is drawn."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.stats import spearmanr

from tests.helpers.pairs import picture
from tools.known.captions import HELD_OUT, attributes_of, caption, face_of, held_out
from tools.known.captions import main as write_captions
from tools.known.sounds import KINDS, Thing, draw_thing, read_thing
from tools.known.sounds import main as write_sounds
from translate.media.sound import log_mel, read_sound

FACE = {"hair_colour": "red", "long_hair": "1", "glasses": "1", "earrings": "0", "closed_eyes": "0", "smile": "1"}


def test_captions_mention_all_that_is_shown_in_other_words() -> None:
    texts = {caption(FACE, np.random.default_rng(seed)) for seed in range(50)}
    assert len(texts) > 15
    for text in texts:
        assert "long" in text and ("red" in text or "ginger" in text)
        assert ("glasses" in text or "spectacles" in text) and ("smile" in text or "happy" in text)
        assert "ear" not in text and "eyes" not in text and "shut" not in text
    assert held_out(FACE) and not held_out(FACE | {"glasses": "0"})


def test_rendered_characters_are_described_in_the_same_words() -> None:
    row = {"character": "7", "hair_colour": "lilac", "hair_style": "twin_tails", "glasses": "0", "ears": "1"}
    face = face_of(row | {"hat": "0", "mouth_open": "1", "eyes_closed": "0"})
    text = caption(face, np.random.default_rng(0))
    assert "long" in text and ("purple" in text or "violet" in text) and "cat" in text and "mouth" in text
    assert "hat" not in text.split() and "glasses" not in text and "smile" not in attributes_of(face)
    assert attributes_of(face)["purple"] == attributes_of(face)["cat_ears"] == 1


def test_held_out_combinations_are_in_no_training_caption(tmp_path: Path) -> None:
    colours = ["red", "black", "pink", "blond"]
    faces = [
        FACE
        | {"filename": f"{n}.png", "hair_colour": colours[n % 4], "glasses": str(n // 4 % 2), "earrings": str(n % 2)}
        for n in range(24)
    ]
    for face in faces:
        Image.fromarray(picture(0, width=64, height=64)).save(tmp_path / face["filename"])
    with (tmp_path / "attributes.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(faces[0]))
        writer.writeheader()
        writer.writerows(faces)
    write_captions(tmp_path, tmp_path / "out", side=32)
    with (tmp_path / "out" / "train" / "attributes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows and not [row for row in rows for colour, name in HELD_OUT if row[colour] == row.get(name) == "1"]
    lines = (tmp_path / "out" / "train" / "captions.csv").read_text().splitlines()
    assert len(lines) == 1 + 3 * len(rows) and lines[0] == "file,text"


@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_a_drawn_thing_is_read_as_drawn(kind: int) -> None:
    for hue, size in ((0.0, 0.5), (0.5, 0.0), (1.0, 1.0)):
        found = read_thing(draw_thing(Thing(hue, size, kind), 64))
        assert found is not None and found.kind == kind
        assert found.hue == pytest.approx(hue, abs=0.05) and found.size == pytest.approx(size, abs=0.12)
    assert read_thing(np.full((64, 64, 3), 255, np.uint8)) is None


def test_louder_sounds_are_larger_things_and_higher_ones_further_round_the_circle(tmp_path: Path) -> None:
    write_sounds(tmp_path, count=10, side=32)
    with (tmp_path / "train" / "truth.csv").open(newline="") as file:
        truth = list(csv.DictReader(file))
    sounds = [read_sound(tmp_path / "train" / "sounds" / f"{Path(row['file']).stem}.wav") for row in truth]
    loudness = [np.abs(sound.samples).max() for sound in sounds]
    assert spearmanr(loudness, [float(row["size"]) for row in truth]).statistic == pytest.approx(1)
    strongest = [int(log_mel(sound.samples, 20).max(1).argmax()) for sound in sounds]  # the fundamental's band
    assert spearmanr(strongest, [float(row["hue"]) for row in truth]).statistic > 0.9
    assert len(list((tmp_path / "test" / "images").iterdir())) == 2
