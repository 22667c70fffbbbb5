"""JPEGs without Pillow: the same pixels, the same metadata, the same errors."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from tests.helpers.pictures import draw_photo
from translate.errors import PictureError
from translate.media import images
from translate.media.images import Picture, Upright, encode_picture, load_frugally, load_picture, load_rgb, to_upright
from translate.media.jpeg import decode_jpeg, decode_scaled, scale_for

PHOTO = draw_photo(61, 47)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# red and green swapped: a profile that no decoder may ignore
SWAPPED = SRGB.replace(b"rXYZ", b"tXYZ").replace(b"gXYZ", b"rXYZ").replace(b"tXYZ", b"gXYZ")
TURNED = Image.Exif()
TURNED[0x0112] = 6
NAMED = Image.Exif()
NAMED[0x010F] = "Maker"

KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("RGB", {}),
    "progressive": ("RGB", {"progressive": True, "subsampling": "4:2:0"}),
    "srgb": ("RGB", {"icc_profile": SRGB}),
    "named": ("RGB", {"exif": NAMED}),
    "profile": ("RGB", {"icc_profile": SWAPPED}),
    "turned": ("RGB", {"exif": TURNED}),
    "grey": ("L", {}),
    "cmyk": ("CMYK", {}),
}
QUICK = ("plain", "progressive", "srgb", "named")


def content(kind: str, pixels: NDArray[np.uint8] = PHOTO) -> bytes:
    mode, options = KINDS[kind]
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, "JPEG", quality=90, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_pixels_and_metadata_are_those_pillow_decodes(kind: str) -> None:
    with Image.open(io.BytesIO(content(kind))) as image:
        expected = to_upright(image)
    picture = load_picture(content(kind))
    np.testing.assert_array_equal(picture.rgb, np.array(expected.colour))
    assert (picture.exif, picture.format, picture.alpha) == (expected.exif, expected.format, expected.alpha)
    assert picture.rgb.flags.writeable


def test_pillow_decodes_pictures_that_are_not_upright_srgb(monkeypatch: pytest.MonkeyPatch) -> None:
    def inverted(content: bytes, size: tuple[int, int], scale: int, jpeg: None) -> NDArray[np.uint8] | None:
        pixels = decode_jpeg(content, size, scale, jpeg)
        return None if pixels is None else 255 - pixels

    plain = {kind: load_picture(content(kind)).rgb for kind in KINDS}
    monkeypatch.setattr(images, "decode_jpeg", inverted)
    quick = [kind for kind in KINDS if np.array_equal(load_picture(content(kind)).rgb, 255 - plain[kind])]
    assert tuple(quick) == QUICK


@pytest.mark.parametrize(
    ("size", "enough", "scale"),
    [
        ((400, 300), 50, 8),
        ((300, 400), 51, 4),
        ((401, 300), 51, 8),  # sides are rounded up
        ((400, 300), 200, 2),
        ((400, 300), 201, 1),
        ((400, 300), 10**400, 1),
    ],
)
def test_the_scale_leaves_enough_pixels(size: tuple[int, int], enough: int, scale: int) -> None:
    for format, expected in (("JPEG", scale), ("PNG", 1)):
        file = io.BytesIO()
        Image.new("RGB", size).save(file, format)
        with Image.open(file) as image:
            assert scale_for(image, enough) == expected


@pytest.mark.parametrize("scale", [1, 2, 4, 8])
@pytest.mark.parametrize("kind", QUICK)
def test_pixels_at_a_smaller_scale_are_those_pillow_decodes(kind: str, scale: int) -> None:
    with Image.open(io.BytesIO(content(kind))) as image:
        decode_scaled(image, scale)
        expected = np.array(image)
    assert expected.shape == (-(-47 // scale), -(-61 // scale), 3)
    np.testing.assert_array_equal(decode_jpeg(content(kind), (61, 47), scale), expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("large", [1, 10**6])
def test_a_photo_decoded_at_a_smaller_scale_looks_the_same(kind: str, large: int) -> None:
    smooth = np.asarray(Image.fromarray(PHOTO).resize((5, 4)).resize((61, 47)))
    photo = load_picture(content(kind, smooth))
    found = load_frugally(content(kind, smooth), max_pixels=10**6, large=large, admit_large=lambda: None, enough=16)
    assert isinstance(found, Upright) == (large == 1)
    assert found.full_size == photo.size and max(found.size) == 16
    assert (found.exif, found.format) == (photo.exif, photo.format)
    pixels = found.rgb if isinstance(found, Picture) else np.asarray(found.colour)
    expected = Image.fromarray(photo.rgb).resize(found.size, Image.Resampling.BOX)
    assert np.abs(pixels.astype(int) - np.asarray(expected)).mean() < 6  # 40 and more if it were turned


def test_a_jpeg_cut_short_is_refused_in_pillows_words(tmp_path: Path) -> None:
    path = tmp_path / "short.jpg"
    path.write_bytes(content("plain")[:-40])
    assert decode_jpeg(path.read_bytes(), (61, 47)) is None
    with pytest.raises(PictureError, match=r"short\.jpg: damaged or cut short: image file is truncated"):
        load_rgb(path)


def test_damage_that_pillow_tolerates_is_not_an_error() -> None:
    end = content("plain")[-2:]
    damaged = content("plain")[:-2] + bytes(30) + end
    assert decode_jpeg(damaged, (61, 47)) is None
    np.testing.assert_array_equal(load_picture(damaged).rgb, load_picture(content("plain")).rgb)


def test_an_unexpected_size_takes_no_memory() -> None:
    assert decode_jpeg(content("plain"), (61, 46)) is None


def test_the_encoded_jpeg_equals_pillows() -> None:
    picture = Picture(PHOTO, exif=NAMED.tobytes())
    pillows = io.BytesIO()
    Image.fromarray(PHOTO).save(pillows, "JPEG", quality=96, subsampling="4:4:4", exif=NAMED)
    assert encode_picture(picture, "JPEG", 96) == pillows.getvalue()


def test_the_faster_transform_costs_little() -> None:
    pillows = io.BytesIO()
    Image.fromarray(PHOTO).save(pillows, "JPEG", quality=92, subsampling="4:4:4")
    own = encode_picture(Picture(PHOTO), "JPEG", 92)
    assert error(own) < 1.05 * error(pillows.getvalue())
    assert len(own) < 1.05 * len(pillows.getvalue())


def error(jpeg: bytes) -> float:
    """The mean squared difference from the photo."""
    return float(np.square(load_picture(jpeg).rgb - PHOTO.astype(float)).mean())


def test_non_contiguous_pixels_can_be_encoded() -> None:
    encoded = encode_picture(Picture(PHOTO[:, ::-1]), "JPEG")
    assert encoded == encode_picture(Picture(PHOTO[:, ::-1].copy()), "JPEG")


def test_small_files_are_progressive() -> None:
    with Image.open(io.BytesIO(encode_picture(Picture(PHOTO), "JPEG", effort="small"))) as image:
        assert image.info["progressive"]


def test_a_side_too_long_is_named() -> None:
    with pytest.raises(PictureError, match=r"65501 x 1 pixels cannot be written as JPEG: .*65500.*format png"):
        encode_picture(Picture(np.zeros((1, 65501, 3), np.uint8)), "JPEG")
