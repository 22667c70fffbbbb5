"""Large photos are drawn at the working size, and come out at their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.helpers.pictures import draw_photo
from tests.helpers.styles import style_info, write_style
from translate import ConvertRequest, convert_files, load_style
from translate.convert import pipeline
from translate.convert.conversion import Detail
from translate.convert.options import Options
from translate.convert.pipeline import run_jobs
from translate.convert.planning import Domain, Job
from translate.convert.results import Result
from translate.convert.working_size import AtWorkingSize
from translate.errors import UserError
from translate.media.compose import blend
from translate.media.images import Picture, Upright, load_frugally, load_picture, load_rgb
from translate.style.translator import Translator

Pixels = NDArray[np.uint8]
SIZE = 64  # the working size
LARGE = draw_photo(400, 300)


@pytest.fixture
def sized_style(tmp_path: Path) -> Path:
    """A style made for pictures of 64 pixels."""
    return write_style(tmp_path / "sized.onnx", info=style_info(working_size=SIZE))


class Shades:
    """Inverts pictures, and notes their sizes."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int]] = []

    def __call__(self, photos: Pixels, domain: Domain = None) -> Pixels:
        self.sizes.append((photos.shape[2], photos.shape[1]))
        return 255 - photos


def smooth(width: int, height: int) -> Pixels:
    """A photo whose details survive any change of size: waves about half as wide as the picture."""
    y, x = np.mgrid[0:height, 0:width]
    x, y = (x + 0.5) / width, (y + 0.5) / height
    waves = np.stack([np.sin(9 * x + 2 * y), np.cos(7 * y), np.sin(8 * x * y)], axis=-1)
    return (127.5 + 110 * waves).round().astype(np.uint8)


def difference(one: Pixels, other: Pixels) -> float:
    return float(np.abs(one.astype(int) - other).mean())


@pytest.mark.parametrize("size", [(1, 1), (63, 20), (64, 64), (1, 64)])
def test_pictures_up_to_the_working_size_are_translated_as_they_are(tiny_style: Path, size: tuple[int, int]) -> None:
    translator = Translator(tiny_style, device="cpu")
    photos = np.stack([draw_photo(*size), 255 - draw_photo(*size)])
    np.testing.assert_array_equal(AtWorkingSize(translator, SIZE)(photos), translator(photos))


def test_without_a_working_size_every_picture_is_translated_as_it_is(tiny_style: Path) -> None:
    translator = Translator(tiny_style, device="cpu")
    photos = LARGE[np.newaxis]
    np.testing.assert_array_equal(AtWorkingSize(translator, 0)(photos), translator(photos))


@pytest.mark.parametrize(
    ("size", "small"),
    [
        ((65, 48), (64, 47)),
        ((400, 300), (64, 48)),
        ((300, 400), (48, 64)),
        ((2000, 1), (64, 1)),
        ((1, 2000), (1, 64)),
    ],
)
def test_larger_pictures_keep_their_size(size: tuple[int, int], small: tuple[int, int]) -> None:
    translate = Shades()
    photos = np.stack([smooth(*size), 255 - smooth(*size)])
    drawn = AtWorkingSize(translate, SIZE)(photos)
    assert translate.sizes == [small]
    assert drawn.shape == photos.shape and drawn.dtype == np.uint8
    assert difference(drawn, 255 - photos) < 2


def test_a_picture_decoded_at_a_smaller_scale_gets_its_full_size() -> None:
    translate = Shades()
    drawn = AtWorkingSize(translate, SIZE)(smooth(100, 75)[np.newaxis], size=(400, 299))
    assert translate.sizes == [(64, 48)]
    assert difference(drawn[0], 255 - smooth(400, 299)) < 2


def test_there_is_no_jump_at_the_working_size() -> None:
    """Details of a photo one pixel larger are neither blurred, as bilinear filters do, nor doubled, as areas are."""
    photo = draw_photo(201, 150)
    drawn = AtWorkingSize(Shades(), 200)(photo[np.newaxis])[0]
    assert difference(drawn, 255 - photo) < 8.6  # 10.9 by areas
    steps = [float(np.abs(np.diff(pixels.astype(int), axis=1)).mean()) for pixels in (drawn, photo)]
    assert steps[0] > 0.95 * steps[1]  # 0.84 by Hamming's filter


def test_strips_equal_the_whole(tiny_style: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("translate.style.enlarger.STRIP", 400 * 37)
    draw = AtWorkingSize(Translator(tiny_style, device="cpu"), SIZE)
    strips = list(draw.strips(Image.fromarray(LARGE), None, (400, 300)))
    assert len(strips) > 1
    np.testing.assert_array_equal(np.concatenate(strips), draw(LARGE[np.newaxis])[0])


# Through the pipeline


def converted(source: Path, output: Path, style: Path, **request: Any) -> Result:
    (result,) = convert_files(ConvertRequest(inputs=[source], output=output, style=style, device="cpu", **request))
    assert result.error is None
    return result


def test_the_style_decides_unless_a_detail_is_given(tmp_path: Path, sized_style: Path, tiny_style: Path) -> None:
    photo = tmp_path / "photo.png"
    Image.fromarray(LARGE).save(photo)
    translator = Translator(sized_style, device="cpu")
    cases: tuple[tuple[Path, Detail, int], ...] = (
        (sized_style, None, SIZE),
        (sized_style, 100, 100),
        (sized_style, "full", 0),
        (tiny_style, None, 0),
        (tiny_style, 100, 100),
    )
    for style, detail, size in cases:
        assert converted(photo, tmp_path / "out.png", style, detail=detail, overwrite=True).size == (400, 300)
        expected = AtWorkingSize(translator, size)(LARGE[np.newaxis])[0]
        np.testing.assert_array_equal(load_rgb(tmp_path / "out.png"), expected)
        np.testing.assert_array_equal(load_style(style, device="cpu", detail=detail)(LARGE), expected)
    with pytest.raises(UserError, match="detail 63: has to be at least 64 pixels, or full"):
        load_style(tiny_style, device="cpu", detail=63)


@pytest.mark.parametrize("size", [(1, 1), (1, 2000), (2000, 1), (63, 64), (64, 64), (65, 64), (128, 96), (129, 96)])
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_results_have_the_size_of_their_photos(
    tmp_path: Path, sized_style: Path, size: tuple[int, int], suffix: str
) -> None:
    Image.fromarray(draw_photo(*size)).save(tmp_path / f"photo{suffix}")
    assert converted(tmp_path / f"photo{suffix}", tmp_path / "out.png", sized_style).size == size
    assert load_picture(tmp_path / "out.png").size == size


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "Maker"
    return exif


KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("RGB", {}),
    "progressive": ("RGB", {"progressive": True, "subsampling": "4:2:0"}),
    "grey": ("L", {}),
    "cmyk": ("CMYK", {}),
    **{f"orientation {number}": ("RGB", {"exif": turned(number)}) for number in range(1, 9)},
}


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_jpeg_decoded_at_a_smaller_scale_comes_out_like_any_other(
    tmp_path: Path, kind: str, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    mode, options = KINDS[kind]
    Image.fromarray(smooth(400, 300)).convert(mode).save(tmp_path / "in.jpg", quality=95, **options)
    photo = load_picture(tmp_path / "in.jpg")
    assert photo.size == (
        (300, 400) if kind in ("orientation 5", "orientation 6", "orientation 7", "orientation 8") else (400, 300)
    )
    if large:
        monkeypatch.setattr(pipeline, "LARGE", 100)
    decoded = scales_of_decoded(monkeypatch)
    job = Job(source=tmp_path / "in.jpg", output=tmp_path / "out.png", format="PNG")
    translate = Shades()
    (result,) = run_jobs([job], translate, Options(working_size=SIZE))
    assert (result.error, result.size, decoded) == (None, photo.size, [4])
    assert max(translate.sizes[0]) == SIZE
    drawn = load_picture(tmp_path / "out.png")
    assert difference(drawn.rgb, 255 - photo.rgb) < 2.5
    with Image.open(tmp_path / "out.png") as image:
        assert image.getexif().get(0x010F) == ("Maker" if "exif" in options else None)


def scales_of_decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The scale, 1, 2, 4 or 8, of each photo that is decoded from now on."""
    scales: list[int] = []

    def load(*given: Any, **limits: Any) -> Picture | Upright:
        photo = load_frugally(*given, **limits)
        scales.append(round(max(photo.full_size or photo.size) / max(photo.size)))
        return photo

    monkeypatch.setattr(pipeline, "load_frugally", load)
    return scales


@pytest.mark.parametrize(
    ("options", "scale"),
    [
        ({"working_size": 50}, 8),
        ({"working_size": 51}, 4),
        ({"working_size": 100}, 4),
        ({"working_size": 101}, 2),
        ({"working_size": 201}, 1),
        ({"working_size": 0}, 1),
        ({"working_size": 50, "strength": 0.5}, 1),
        ({"working_size": 50, "compare": True}, 1),
        ({"working_size": 50, "max_size": 50}, 1),
        ({"working_size": 50, "max_size": 51}, 8),
    ],
)
def test_a_jpeg_is_decoded_at_the_smallest_scale_that_is_enough(
    tmp_path: Path, options: dict[str, Any], scale: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(LARGE).save(tmp_path / "in.jpg")
    decoded = scales_of_decoded(monkeypatch)
    job = Job(source=tmp_path / "in.jpg", output=tmp_path / "out.png", format="PNG")
    (result,) = run_jobs([job], Shades(), Options(**options))
    assert (result.error, decoded) == (None, [scale])


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize(
    ("max_size", "size"), [(1000, (400, 299)), (90, (90, 67)), (65, (65, 49)), (64, (64, 48)), (9, (9, 7))]
)
def test_the_largest_size_is_that_of_the_result(
    tmp_path: Path, sized_style: Path, suffix: str, max_size: int, size: tuple[int, int]
) -> None:
    Image.fromarray(smooth(400, 299)).save(tmp_path / f"in{suffix}", quality=95)
    assert converted(tmp_path / f"in{suffix}", tmp_path / "out.png", sized_style, max_size=max_size).size == size
    if max_size <= SIZE:
        converted(tmp_path / f"in{suffix}", tmp_path / "full.png", sized_style, max_size=max_size, detail="full")
        assert (tmp_path / "out.png").read_bytes() == (tmp_path / "full.png").read_bytes()


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_strength_and_comparison_keep_the_photo_at_full_size(tmp_path: Path, sized_style: Path, suffix: str) -> None:
    path = tmp_path / f"in{suffix}"
    Image.fromarray(LARGE).save(path)
    photo = load_rgb(path)
    drawn = AtWorkingSize(Translator(sized_style, device="cpu"), SIZE)(photo[np.newaxis])[0]
    converted(path, tmp_path / "half.png", sized_style, strength=0.5)
    np.testing.assert_array_equal(load_rgb(tmp_path / "half.png"), blend(photo, drawn, 0.5))
    converted(path, tmp_path / "both.png", sized_style, compare=True)
    np.testing.assert_array_equal(load_rgb(tmp_path / "both.png"), np.hstack((photo, drawn)))


def test_alpha_and_16_bits(tmp_path: Path, sized_style: Path) -> None:
    alpha = draw_photo(400, 300)[..., 1]
    Image.fromarray(np.dstack((LARGE, alpha))).save(tmp_path / "alpha.png")
    Image.fromarray(LARGE[..., 0].astype(np.uint16) * 257).save(tmp_path / "grey16.png")
    for name in ("alpha", "grey16"):
        converted(tmp_path / f"{name}.png", tmp_path / f"{name}-out.png", sized_style)
    draw = AtWorkingSize(Translator(sized_style, device="cpu"), SIZE)
    found = load_picture(tmp_path / "alpha-out.png")
    np.testing.assert_array_equal(found.alpha, alpha)
    np.testing.assert_array_equal(found.rgb, draw(LARGE[np.newaxis])[0])
    grey = np.repeat(LARGE[..., :1], 3, axis=-1)
    np.testing.assert_array_equal(load_rgb(tmp_path / "grey16-out.png"), draw(grey[np.newaxis])[0])


def test_a_jpeg_cut_short_is_one_line(tmp_path: Path, sized_style: Path) -> None:
    Image.fromarray(LARGE).save(tmp_path / "in.jpg")
    (tmp_path / "in.jpg").write_bytes((tmp_path / "in.jpg").read_bytes()[:-200])
    (result,) = convert_files(
        ConvertRequest(inputs=[tmp_path / "in.jpg"], output=tmp_path / "o.png", style=sized_style)
    )
    assert result.error is not None and "in.jpg: damaged or cut short" in result.error
    assert not (tmp_path / "o.png").exists()
