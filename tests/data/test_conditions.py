"""What is said of pictures becomes rows; what does not fit the pictures is reported by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.pairs import tiny_run, write_pictures
from tests.helpers.sounds import write_tone
from translate.config import CganConfig
from translate.data.conditioned import load_conditioned
from translate.data.conditions import Conditions, read_conditions, rows_known
from translate.data.loader import Key
from translate.errors import UserError
from translate.style.conditions import ConditionInfo


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve pictures: 0.png, more/1.png, 2.png, ..."""
    return write_pictures(tmp_path_factory.mktemp("conditions") / "images")


def config(images: Path, **changes: object) -> CganConfig:
    found = tiny_run("cgan", images.parent, images.parent / "run", **{"attributes": None, "images": images} | changes)
    assert isinstance(found, CganConfig)
    return found


def read(images: Path, **changes: object) -> Conditions:
    return read_conditions(config(images, **changes), images)


def table(folder: Path, *lines: str) -> Path:
    path = folder / "table.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def write_classes(folder: Path, *counts: int) -> Path:
    for number, count in enumerate(counts):
        (folder / f"class{number}").mkdir(parents=True)
        for index in range(count):
            Image.new("RGB", (16, 16), (80 * number, 10 * index, 0)).save(folder / f"class{number}" / f"{index}.png")
    return folder


def test_attributes(images: Path, tmp_path: Path) -> None:
    lines = ["file,glasses,age,eyes,same", *(f"{n}.png,{-1 if n else 1},{20 + n},blue,7" for n in range(0, 12, 2))]
    found = read(images, attributes=table(tmp_path, *lines))
    assert found.info.names == ["glasses", "age"] and found.info.usual == [0.0, 25.0]
    assert [path.name for path in found.files[:2]] == ["0.png", "10.png"]
    assert found.rows[found.rows_of[1][0]].tolist() == [0, 30]  # -1 is 0
    assert found.means is not None and found.means[1] == 25
    left_out, unusable = found.remarks
    assert "says nothing of 6 pictures, left out: 1.png, 11.png, 3.png, 5.png, 7.png and 1 more" in left_out
    assert "without the columns eyes (holds text), same (is the same for all)" in unusable
    assert read(images, attributes=table(tmp_path, *lines), columns="age").info.names == ["age"]


def test_captions(images: Path, tmp_path: Path) -> None:
    lines = ["file,text", '0.png,"red hair, a hat"', "0.png,red hair", "more/1,blond hair", "2.png,blond beard"]
    found = read(images, captions=table(tmp_path, *lines))
    words = found.info.vocabulary
    assert found.info.names == ["hair", "blond", "red"] and {"h", "a", "t"} <= set(found.info.pieces)
    hat, beard, longest = words.spelt("hat"), words.spelt("beard"), found.info.shape[0]
    assert [row[row > 0].tolist() for row in found.rows] == [
        [4, 2, *words.spelt("a"), *hat],
        [4, 2],
        [3, 2],
        [3, *beard],
    ]
    # every second word of each, from the first or the second on
    red, hair, blond = map(words.spelt, ("red", "hair", "blond"))
    spelt = [[*red, 2, *words.spelt("a"), *hat], [4, *hair], [*blond, 2], [3, *beard]]
    assert found.spelt is not None and [row[row > 0].tolist() for row in found.spelt] == spelt
    assert longest == max(map(len, spelt))
    assert [len(rows) for rows in found.rows_of] == [2, 1, 1]  # several of one picture; the suffix may be left out
    assert any("rarely to be learnt, and spelt by pieces: a, beard, hat" in remark for remark in found.remarks)


def test_sounds(images: Path, tmp_path: Path) -> None:
    write_tone(tmp_path / "0.wav", pitch=300)
    write_tone(tmp_path / "more" / "1.wav", pitch=900, rate=96_000, channels=2, seconds=0.8)
    found = read(images, audio=tmp_path, audio_seconds=0.5)
    assert found.rows.shape == (2, 64, 26) and found.rows_of == [[0], [1]]
    assert any("mixed down to one channel of 16000 Hz: 1.wav (2 channels, 96000 Hz)" in each for each in found.remarks)
    assert any("only the beginning counts: 1.wav" in remark for remark in found.remarks)


def test_embeddings_and_classes(images: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "v.npz", **{"0.png": np.ones(5), "more/1": np.zeros((2, 5))})  # type: ignore[arg-type]
    found = read(images, embeddings=tmp_path / "v.npz")
    assert found.rows.shape == (3, 5) and found.rows_of == [[0], [1, 2]]
    found = read(write_classes(tmp_path / "classes", 2, 3), classes=True)
    assert found.info.names == ["class0", "class1"] and found.rows.sum(0).tolist() == [2, 3]


def test_conditions_of_other_pictures_for_a_trained_sampler(images: Path, tmp_path: Path) -> None:
    captions = table(tmp_path, "file,text", "0.png,red hair", "0.png,hair", "2.png,red", "elsewhere.png,red red")
    words = ConditionInfo(kind="captions", shape=[2], names=["red", "hair"], usual=[])
    assert np.array(rows_known(words, images, captions)).tolist() == [[2, 3], [3, 0], [2, 0]]
    write_tone(tmp_path / "sounds" / "4.wav")
    sound = ConditionInfo(kind="audio", shape=[64, 9], names=[], usual=[])
    assert [row.shape for row in rows_known(sound, images, tmp_path / "sounds")] == [(64, 9)]
    np.savez(tmp_path / "v.npz", **{"0.png": np.ones(2)})  # type: ignore[arg-type]
    vector = ConditionInfo(kind="embeddings", shape=[2], names=[], usual=[])
    assert np.array(rows_known(vector, images, tmp_path / "v.npz")).tolist() == [[1, 1]]
    with pytest.raises(UserError, match="has vectors of 2 numbers, not 3"):
        rows_known(replace(vector, shape=[3]), images, tmp_path / "v.npz")


def test_a_mismatched_condition_is_never_the_pictures_own(images: Path, tmp_path: Path) -> None:
    folder = write_classes(tmp_path / "classes", 40, 2)  # the second class is rare
    data = load_conditioned(config(folder, classes=True))
    for index in range(len(data.training)):
        sample = data.training[Key(index, 7)]
        assert sample["condition"].sum() == 1 and not sample["condition"].equal(sample["mismatched"])
    captions = table(tmp_path, "file,text", "0.png,red hair", "0.png,red beard", "2.png,hair beard", "4.png,red")
    data = load_conditioned(config(images, captions=captions, val_samples=0))
    drawn = [data.training[Key(0, seed)] for seed in range(30)]
    own, others = ({tuple(each[name].tolist()) for each in drawn} for name in ("condition", "mismatched"))
    assert (len(own), len(others)) == (4, 3) and not own & others  # all are drawn, also with words spelt by pieces
    assert {len([number for number in row if number > 4]) > 0 for row in own} == {False, True}
    assert data.training[Key(0, 3)]["mismatched"].equal(data.training[Key(0, 3)]["mismatched"])


def test_what_does_not_fit_is_told_by_name(images: Path, tmp_path: Path) -> None:
    silent, broken, orphan = tmp_path / "silent", tmp_path / "broken", tmp_path / "orphan"
    write_tone(silent / "0.wav", amplitude=0)
    write_tone(orphan / "ghost.wav")
    broken.mkdir()
    (broken / "0.wav").write_bytes(b"RIFF")

    def refused(problem: str, *lines: str, **changes: object) -> None:
        given = {name: table(tmp_path, *lines) if value == "table" else value for name, value in changes.items()}
        with pytest.raises(UserError, match=problem) as caught:
            read(images, **given)
        assert "\n" not in str(caught.value)

    refused("names 1 pictures that are not in .*: ghost.png;", "file,text", "ghost.png,a a", captions="table")
    refused("has no column 'text', its columns are caption", "file,caption", "0.png,red", captions="table")
    refused("line 3: the text of 2.png is empty", "file,text", "0.png,red red", '2.png," ,"', captions="table")
    refused("no word is used twice", "file,text", "0.png,red", "2.png,blond", captions="table")
    refused("captions: says the same of all", "file,text", "0.png,red", "2.png,red", captions="table")
    refused("has no column of numbers that differ", "file,eyes", "0.png,blue", attributes="table")
    refused("columns ears: .* has eyes", "file,eyes", "0.png,1", attributes="table", columns="ears")
    refused("columns eyes .holds text.", "file,eyes,a", "0.png,x,1", attributes="table", columns="eyes")
    refused("lists 0.png more than once", "file,a", "0.png,1", "0.png,0", attributes="table")
    refused(r"0\.wav: is silent", audio=silent)
    refused(r"0\.wav: cannot be read as sound", audio=broken)
    refused("names 1 pictures that are not in .*: ghost.wav;", audio=orphan)
    refused("no such folder", audio=tmp_path / "none")
    refused("classes: .*holds 1 folders", classes=True)
    with pytest.raises(UserError, match="give one condition: attributes TABLE, classes, captions TABLE, audio DIR"):
        config(images)
    with pytest.raises(UserError, match="give one condition"):
        config(images, classes=True, audio=silent)
    with pytest.raises(UserError, match="eval_every 5: cgan is not evaluated while training"):
        config(images, classes=True, eval_every=5, eval_real=images)
