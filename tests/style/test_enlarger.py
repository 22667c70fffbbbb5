"""Enlarging to any size: passes through the network, then plain resizing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.pictures import draw_photo
from tests.helpers.styles import style_info, write_style
from translate.errors import UnusableError
from translate.style import catalogue as shipped
from translate.style import enlarger as enlarging
from translate.style.enlarger import Enlarger
from translate.style.translator import Translator

PHOTO = draw_photo(40, 30)[np.newaxis]


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A style that doubles the sides."""
    return write_style(tmp_path_factory.mktemp("enlargers") / "twice.onnx", info=style_info(scale=2))


@pytest.mark.parametrize(
    ("size", "passes"),
    [
        ((40, 30), 0),
        ((42, 31), 0),  # five per cent more: not worth a pass
        ((50, 38), 1),
        ((80, 60), 1),
        ((81, 61), 1),
        ((128, 96), 1),  # 1.6 times more is not worth a second one
        ((130, 98), 2),
        ((160, 120), 2),
        ((200, 150), 2),
        ((400, 300), 2),
        ((40, 60), 1),
    ],
)
def test_passes_and_sizes(twice: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], passes: int) -> None:
    widths = []
    run = Translator.__call__

    def record(translator: Translator, images: np.ndarray) -> np.ndarray:
        widths.append(images.shape[2])
        return run(translator, images)

    monkeypatch.setattr(Translator, "__call__", record)
    enlarged = Enlarger(device="cpu", path=twice)(np.concatenate([PHOTO, 255 - PHOTO]), size)
    assert enlarged.shape == (2, size[1], size[0], 3) and enlarged.dtype == np.uint8
    assert widths == [40, 80][:passes]


def test_pictures_of_the_size_are_returned_as_they_are(twice: Path) -> None:
    assert Enlarger(device="cpu", path=twice)(PHOTO, (40, 30)) is PHOTO


def test_the_network_draws_the_picture(twice: Path) -> None:
    """At twice and four times the size the result is the network's; in between that, scaled down."""
    translator, enlarger = Translator(twice, device="cpu"), Enlarger(device="cpu", path=twice)
    drawn = translator(PHOTO)
    again = translator(drawn)
    assert np.array_equal(enlarger(PHOTO, (80, 60)), drawn)
    assert np.array_equal(enlarger(PHOTO, (160, 120)), again)
    scaled_down = np.asarray(Image.fromarray(again[0]).resize((140, 105), Image.Resampling.LANCZOS))
    assert np.abs(enlarger(PHOTO, (140, 105))[0].astype(int) - scaled_down).max() <= 1


@pytest.mark.parametrize("size", [(40, 30), (80, 60), (57, 43), (131, 97), (333, 251)])
def test_strips_join_to_the_whole(twice: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]) -> None:
    enlarger = Enlarger(device="cpu", path=twice)
    whole = enlarger(PHOTO, size)[0]
    monkeypatch.setattr(enlarging, "STRIP", 7 * size[0])
    strips = list(enlarger.strips(PHOTO[0], size))
    assert {len(rows) for rows in strips[:-1]} == {7}
    assert np.abs(np.concatenate(strips).astype(int) - whole).max() <= 1


def test_a_style_of_the_same_size_is_refused(tiny_style: Path) -> None:
    with pytest.raises(UnusableError, match="does not enlarge pictures; train one with the generator upscale"):
        Enlarger(device="cpu", path=tiny_style)


def test_the_shipped_one_is_no_style_to_choose(tmp_path: Path, twice: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "FOLDERS", (tmp_path,))
    with pytest.raises(UnusableError, match=r"upscale\.onnx, which enlarges pictures, is missing"):
        Enlarger(device="cpu")
    folder = tmp_path / "enlargers"
    folder.mkdir()
    write_style(folder / "upscale.onnx", info=style_info(title="upscale", scale=2))
    assert shipped.list_styles() == {}
    with pytest.raises(UnusableError, match="neither a file nor a shipped style"):
        shipped.find_style("upscale")
    assert Enlarger(device="cpu").info.title == "upscale"
