"""Styles in Python: the type of the input decides that of the output."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

import translate
from tests.helpers.command_line import RunCli
from tests.helpers.pictures import draw_photo
from translate import load_style
from translate.api import AHEAD, Style
from translate.errors import PictureError, UnusableError, UserError
from translate.media import images
from translate.media.images import load_picture
from translate.style.translator import Translator

PHOTO = draw_photo(61, 47)


@pytest.fixture
def style(tiny_style: Path) -> Style:
    return load_style(tiny_style, device="cpu")


def expected(tiny_style: Path, rgb: np.ndarray = PHOTO) -> np.ndarray:
    return Translator(tiny_style, device="cpu")(rgb[np.newaxis])[0]


def write_turned(path: Path) -> Path:
    """A PNG stored rotated by 90 degrees, with a camera name in its EXIF."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Model] = "Camera"
    Image.fromarray(PHOTO).save(path, exif=exif)
    return path


def test_a_path(style: Style, tiny_style: Path, photo: Path, run_cli: RunCli, tmp_path: Path) -> None:
    result = style(photo)
    assert result.mode == "RGB"
    np.testing.assert_array_equal(result, expected(tiny_style, load_picture(photo).rgb))
    np.testing.assert_array_equal(style(str(photo)), result)
    run_cli("convert", photo, "-s", tiny_style, "-o", tmp_path / "result.png")
    np.testing.assert_array_equal(Image.open(tmp_path / "result.png"), result)


def test_an_image(style: Style, tiny_style: Path) -> None:
    image = Image.fromarray(PHOTO)
    result = style(image)
    assert (result.mode, result.size) == ("RGB", image.size)
    np.testing.assert_array_equal(result, expected(tiny_style))
    np.testing.assert_array_equal(image, PHOTO)  # unchanged
    grey = image.convert("L")
    np.testing.assert_array_equal(style(grey), expected(tiny_style, np.array(grey.convert("RGB"))))


def test_an_image_keeps_its_transparency(style: Style, tiny_style: Path) -> None:
    alpha = np.arange(PHOTO[..., 0].size, dtype=np.uint32).astype(np.uint8).reshape(PHOTO.shape[:2])
    result = style(Image.fromarray(np.dstack((PHOTO, alpha))))
    assert result.mode == "RGBA"
    np.testing.assert_array_equal(np.array(result)[..., 3], alpha)
    np.testing.assert_array_equal(np.array(result)[..., :3], expected(tiny_style))


def test_an_image_is_turned_and_keeps_its_exif(style: Style, tiny_style: Path, tmp_path: Path) -> None:
    path = write_turned(tmp_path / "turned.png")
    with Image.open(path) as image:
        result = style(image)
    np.testing.assert_array_equal(result, expected(tiny_style, np.rot90(PHOTO, -1)))
    np.testing.assert_array_equal(result, style(path))
    result.save(tmp_path / "result.jpg", exif=result.info["exif"])
    exif = Image.open(tmp_path / "result.jpg").getexif()
    assert exif[ExifTags.Base.Model] == "Camera"
    assert exif.get(ExifTags.Base.Orientation, 1) == 1
    assert "exif" not in style(Image.fromarray(PHOTO)).info


def test_an_array(style: Style, tiny_style: Path) -> None:
    before = PHOTO.copy()
    result = style(PHOTO)
    assert result.shape == PHOTO.shape
    assert result.dtype == np.uint8
    np.testing.assert_array_equal(result, expected(tiny_style))
    np.testing.assert_array_equal(PHOTO, before)


def test_an_array_of_pictures(style: Style, tiny_style: Path) -> None:
    pictures = np.stack([PHOTO, 255 - PHOTO])
    np.testing.assert_array_equal(style(pictures), [expected(tiny_style), expected(tiny_style, 255 - PHOTO)])
    assert style(pictures[:0]).shape == (0, *PHOTO.shape)


def test_an_array_with_alpha(style: Style, tiny_style: Path) -> None:
    pixels = np.dstack((PHOTO, PHOTO[..., 0]))
    result = style(pixels)
    np.testing.assert_array_equal(result[..., :3], expected(tiny_style))
    np.testing.assert_array_equal(result[..., 3], PHOTO[..., 0])
    np.testing.assert_array_equal(style(pixels[np.newaxis])[0], result)


def test_a_grey_array(style: Style, tiny_style: Path) -> None:
    grey = PHOTO[..., 0]
    np.testing.assert_array_equal(style(grey), expected(tiny_style, np.stack([grey] * 3, axis=-1)))


@pytest.mark.parametrize(
    ("photo", "problem"),
    [
        (PHOTO.astype(np.float32), r"an array of float32 \[47, 61, 3\]: give uint8"),
        (PHOTO[..., :2], r"an array of uint8 \[47, 61, 2\]"),
        (PHOTO[:0], r"an array of uint8 \[0, 61, 3\]"),
        (PHOTO[0, 0], r"an array of uint8 \[3\]"),
        (Image.new("RGB", (0, 5)), "0 x 5 pixels: there is nothing to translate"),
        (7, "a photo of type int: give a path, a PIL image or a uint8 array"),
        (None, "a photo of type NoneType"),
    ],
)
def test_inputs_that_are_not_pictures(style: Style, photo: Any, problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        style(photo)
    with pytest.raises(UserError, match=problem):
        next(style([photo]))


def test_files_that_cannot_be_read(tiny_style: Path, style: Style, photo: Path, tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"none\.jpg: no such file"):
        style(tmp_path / "none.jpg")
    with pytest.raises(PictureError, match="over the limit of 10"):
        load_style(tiny_style, device="cpu", max_pixels=10)(photo)
    content = photo.read_bytes()
    photo.write_bytes(content[: len(content) // 2])
    with Image.open(photo) as image, pytest.raises(PictureError, match=r"photo\.jpg: damaged or cut short"):
        style(image)


def test_a_mistake_of_ours_is_not_blamed_on_the_image(style: Style, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(image: Image.Image) -> None:
        raise TypeError("a mistake of ours")

    monkeypatch.setattr(images, "split_alpha", broken)
    with pytest.raises(TypeError, match="a mistake of ours"):
        style(Image.fromarray(PHOTO))


def test_an_iterable_keeps_the_order_and_the_types(style: Style, tiny_style: Path, photo: Path) -> None:
    image = Image.fromarray(255 - PHOTO)
    results = list(style([PHOTO, image, photo, *[PHOTO] * 9]))
    assert [type(result) for result in results] == [np.ndarray, Image.Image, Image.Image, *[np.ndarray] * 9]
    np.testing.assert_array_equal(results[0], expected(tiny_style))
    np.testing.assert_array_equal(results[1], expected(tiny_style, 255 - PHOTO))
    np.testing.assert_array_equal(results[2], style(photo))
    assert list(style([])) == []


def test_an_iterable_is_consumed_lazily(style: Style) -> None:
    taken = []

    def photos() -> Iterator[np.ndarray]:
        for number in range(1000):
            taken.append(number)
            yield PHOTO

    results = style(photos())
    assert not taken
    for number in range(3):
        next(results)
        assert len(taken) == number + 1 + AHEAD
    assert any(thread.name.startswith("decode") for thread in threading.enumerate())
    results.close()  # type: ignore[attr-defined]
    assert not any(thread.name.startswith("decode") for thread in threading.enumerate())


def test_an_iterable_ends_with_its_first_error(style: Style, photo: Path, tmp_path: Path) -> None:
    results = style([photo, tmp_path / "none.jpg", photo])
    next(results)
    with pytest.raises(PictureError, match="no such file"):
        next(results)
    assert list(results) == []


def test_domains(season_style: Path, face_style: Path) -> None:
    season, face = load_style(season_style, device="cpu"), load_style(face_style, device="cpu")
    autumn = Translator(season_style, device="cpu")(PHOTO[np.newaxis], "autumn")[0]
    np.testing.assert_array_equal(season(PHOTO, domain="autumn"), autumn)
    np.testing.assert_array_equal(season(Image.fromarray(PHOTO), domain="autumn"), autumn)
    np.testing.assert_array_equal(next(season([PHOTO], domain="autumn")), autumn)
    both = Translator(face_style, device="cpu")(PHOTO[np.newaxis], ("blond", "glasses"))[0]
    np.testing.assert_array_equal(face(PHOTO, domain=["blond", "glasses"]), both)
    with pytest.raises(UserError, match="it knows spring, late summer, autumn"):
        season(PHOTO)
    with pytest.raises(UserError, match="domain winter"):
        season([PHOTO], domain="winter")  # refused before the iterable is read


def test_style_info(style: Style) -> None:
    assert (style.info.title, style.device) == ("Tiny", "cpu")
    assert repr(style) == "<Style 'Tiny' on cpu>"


def test_styles_that_cannot_be_loaded(tiny_style: Path, whole_style: Path) -> None:
    with pytest.raises(UnusableError, match="neither a file nor a shipped style"):
        load_style("nobody")
    with pytest.raises(UserError, match="give auto, cpu, cuda"):
        load_style(tiny_style, device="gpu")
    with pytest.raises(UserError, match="cannot be cut into tiles"):
        load_style(whole_style, device="cpu", tile=64)


def test_the_shipped_style_by_name() -> None:
    style = load_style("cel", device="cpu")
    assert style.info.tile_safe
    assert np.abs(style(PHOTO).astype(int) - PHOTO).mean() > 1


def test_the_package_loads_nothing_before_it_is_used() -> None:
    program = (
        "import sys, translate\n"
        "heavy = {'onnxruntime', 'numpy', 'PIL', 'torch', 'typer'}\n"
        "assert not heavy & set(sys.modules)\n"
        "from translate import Style, load_style\n"
        "assert heavy & set(sys.modules) == {'onnxruntime', 'numpy', 'PIL'}, sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with pytest.raises(AttributeError, match="no attribute 'load_stile'"):
        translate.load_stile  # type: ignore[attr-defined]  # noqa: B018
