"""Folders of pictures -> features: order, variants and the cache."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.helpers.pictures import draw_photo
from translate.errors import PictureError
from translate.evaluate import features as extraction
from translate.evaluate.extractors import Extractor, Features
from translate.evaluate.features import Clock, cached_features_of, features_of, load_square


class Means(Extractor):
    """Gives the mean colour of each picture, and of the next one in its batch."""

    identity, size = "means", 16

    def __init__(self) -> None:
        self.batches: list[int] = []

    def __call__(self, pictures: NDArray[np.uint8]) -> Features:
        self.batches.append(len(pictures))
        content = pictures.mean((1, 2)).astype(np.float32)
        return Features(content, None, content[:, :2], np.roll(content, -1, 0)[:, 0])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Fifty grey pictures, each brighter than the one before it, of different sizes."""
    (tmp_path / "greys").mkdir()
    for number in range(50):
        Image.new("RGB", (20 + number, 30), (5 * number,) * 3).save(tmp_path / "greys" / f"{number:02}.png")
    return tmp_path / "greys"


def test_features_come_in_the_order_of_the_pictures(folder: Path) -> None:
    clock, means = Clock(), Means()
    found = features_of(sorted(folder.iterdir()), means, clock)
    assert found.content[:, 1].tolist() == [5 * number for number in range(50)]
    assert sorted(means.batches) == [3, 3, *[4] * 11]
    assert found.texture is None and found.logits is not None and found.logits.shape == (50, 2)
    assert clock.seconds.keys() == {"decode", "features"} and min(clock.seconds.values()) > 0
    # neighbours in the folder are alike, but pictures of a batch are random
    assert found.perceptual is not None
    assert np.abs(found.perceptual - found.content[:, 0]).mean() > 40


def test_resizing_is_antialiased(tmp_path: Path) -> None:
    """Stripes of single pixels become grey; without antialiasing they would become other stripes."""
    stripes = np.zeros((64, 640, 3), np.uint8)
    stripes[:, ::2] = 255
    Image.fromarray(stripes).save(tmp_path / "stripes.png")
    reduced = load_square(tmp_path / "stripes.png", 64)
    assert reduced.shape == (64, 64, 3) and np.abs(reduced.astype(int) - 128)[:, 2:-2].max() < 8


def test_variants_change_the_networks_input(folder: Path) -> None:
    found = features_of(sorted(folder.iterdir()), Means(), Clock(), variant="mirrored")
    assert found.content[3].tolist() == [15, 15, 15]


def test_a_broken_picture_is_named(folder: Path) -> None:
    (folder / "07.png").write_bytes(b"no picture")
    with pytest.raises(PictureError, match=r"07\.png"):
        features_of(sorted(folder.iterdir()), Means(), Clock())


def test_the_cache_notices_changes(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRANSLATE_CACHE", str(tmp_path / "cache"))
    paths = sorted(folder.iterdir())
    means = Means()

    def passes() -> int:
        """The passes of the network that another request takes."""
        before = len(means.batches)
        found = cached_features_of(folder, paths, means, Clock())
        assert found.content[9].tolist() == features_of(paths[9:10], Means(), Clock()).content[0].tolist()
        assert found.texture is None and found.perceptual is not None
        return len(means.batches) - before

    assert (passes(), passes()) == (13, 0)
    Image.new("RGB", (8, 8), (1, 2, 3)).save(paths[9])
    assert (passes(), passes()) == (13, 0)
    means.identity = "other"
    assert passes() == 13
    for entry in (tmp_path / "cache" / "features").iterdir():
        entry.write_bytes(entry.read_bytes()[:-100])
    assert (passes(), passes()) == (13, 0)
    monkeypatch.setattr(extraction, "MAX_CACHED", 1)
    means.identity = "third"
    assert passes() == 13 and len(list((tmp_path / "cache" / "features").iterdir())) == 1
    monkeypatch.setenv("TRANSLATE_CACHE", "")
    assert (passes(), passes()) == (13, 13)


def test_a_cache_that_cannot_be_written_is_ignored(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("a file")
    monkeypatch.setenv("TRANSLATE_CACHE", str(tmp_path / "cache"))
    assert len(cached_features_of(folder, sorted(folder.iterdir()), Means(), Clock())) == 50


def test_photos_are_decoded_as_for_conversion(tmp_path: Path) -> None:
    """Upright, and on white where transparent."""
    picture = Image.fromarray(draw_photo(40, 20))
    exif = picture.getexif()
    exif[0x0112] = 6  # rotated by 90 degrees
    picture.save(tmp_path / "turned.png", exif=exif)
    upright = np.asarray(picture.transpose(Image.Transpose.ROTATE_270).resize((16, 16), Image.Resampling.BICUBIC))
    assert np.array_equal(load_square(tmp_path / "turned.png", 16), upright)
    Image.new("RGBA", (9, 9), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert (load_square(tmp_path / "clear.png", 16) == 255).all()
