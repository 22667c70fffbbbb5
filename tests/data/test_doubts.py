from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.paths import ROOT
from tests.helpers.pictures import draw_photo
from translate.data.doubts import doubts, goes_on_across_the_middle, holds_labels
from translate.data.pairing import match_pairs
from translate.media.images import load_rgb

PHOTOS = sorted((ROOT / "assets" / "photos").glob("*.jpg"))


def label_map(side: int = 64) -> np.ndarray:
    """Numbers of classes in blocks, as grey RGB."""
    blocks = np.random.default_rng(0).integers(0, 34, (4, 4), np.uint8)
    return np.repeat(blocks.repeat(side // 4, 0).repeat(side // 4, 1)[..., np.newaxis], 3, axis=2)


@pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.stem)
def test_photos_go_on_and_are_no_labels(path: Path) -> None:
    photo = load_rgb(path)
    assert goes_on_across_the_middle(photo)
    assert not holds_labels(photo) and not holds_labels(np.repeat(photo[..., :1], 3, axis=2))


@pytest.mark.parametrize("right", ["inverted", "labels", "blank"])
def test_two_pictures_side_by_side_have_an_edge(right: str) -> None:
    photo = draw_photo(64, 64)
    other = {"inverted": 255 - photo, "labels": label_map() * 7, "blank": np.full_like(photo, 255)}[right]
    assert not goes_on_across_the_middle(np.concatenate([photo, other], axis=1))


def test_both_are_said_of_folders(tmp_path: Path) -> None:
    for name in ("plain", "maps", "photos"):
        (tmp_path / name).mkdir()
    for index, path in enumerate(PHOTOS[:3]):
        Image.open(path).resize((128, 64)).save(tmp_path / "plain" / f"{index}.png")
        Image.open(path).resize((64, 64)).save(tmp_path / "photos" / f"{index}.png")
        Image.fromarray(label_map()).save(tmp_path / "maps" / f"{index}.png")
    (plain,) = doubts(match_pairs(data=tmp_path / "plain").pairs)
    assert "not like A and B side by side" in plain
    (labels,) = doubts(match_pairs(a=tmp_path / "maps", b=tmp_path / "photos").pairs)
    assert str(tmp_path / "maps" / "0.png") in labels and "--labels" in labels
    assert doubts(match_pairs(a=tmp_path / "maps", b=tmp_path / "photos").pairs, of_labels=False) == []
    assert doubts(match_pairs(a=tmp_path / "photos", b=tmp_path / "plain").pairs) == []
