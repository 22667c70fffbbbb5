"""Decoding, encoding and the value range."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, PngImagePlugin

from tests.helpers.pictures import draw_photo
from translate.errors import PictureError, UserError
from translate.media.formats import FORMATS, format_named, format_of_suffix
from translate.media.images import (
    Picture,
    encode_picture,
    from_signed_unit,
    load_picture,
    load_rgb,
    picture_size,
    shrink,
    to_signed_unit,
)

MAKE, ORIENTATION, RESOLUTION, DATE, WIDTH_TAG = 271, 274, 282, 36867, 256
PHOTO = draw_photo(40, 24)


def save(image: Image.Image, path: Path, **options: Any) -> Path:
    image.save(path, **options)
    return path


def exif_with(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[MAKE] = "Maker"
    exif[ORIENTATION] = orientation
    exif.get_ifd(ExifTags.IFD.Exif)[DATE] = "2024:05:06 07:08:09"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[1] = "N"
    return exif


def read_exif(content: bytes) -> Image.Exif:
    exif = Image.Exif()
    exif.load(content)
    return exif


# How a camera in each orientation stores an upright picture.
STORED = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: upright[::-1, ::-1].transpose(1, 0, 2),
    8: lambda upright: np.rot90(upright, -1),
}


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
@pytest.mark.parametrize("orientation", STORED)
def test_orientation_is_applied_and_reset_and_other_exif_kept(tmp_path: Path, orientation: int, suffix: str) -> None:
    exact: dict[str, dict[str, Any]] = {".jpg": {"quality": 100, "subsampling": 0}, ".webp": {"lossless": True}}
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](PHOTO)))
    picture = load_picture(
        save(stored, tmp_path / f"photo{suffix}", exif=exif_with(orientation).tobytes(), **exact.get(suffix, {}))
    )

    assert picture.size == (40, 24)
    assert np.abs(picture.rgb.astype(int) - PHOTO).mean() < 1.5
    assert picture.exif is not None
    exif = read_exif(picture.exif)
    assert exif.get(ORIENTATION, 1) == 1
    assert exif[MAKE] == "Maker"
    assert exif.get_ifd(ExifTags.IFD.Exif)[DATE] == "2024:05:06 07:08:09"
    assert exif.get_ifd(ExifTags.IFD.GPSInfo)[1] == "N"


def test_alpha_turns_with_the_picture(tmp_path: Path) -> None:
    rgba = np.dstack((PHOTO, PHOTO[..., 2]))
    stored = Image.fromarray(np.ascontiguousarray(STORED[6](rgba)))
    picture = load_picture(save(stored, tmp_path / "photo.png", exif=exif_with(6).tobytes()))
    np.testing.assert_array_equal(picture.rgb, PHOTO)
    np.testing.assert_array_equal(picture.alpha, PHOTO[..., 2])


def test_exif_that_needs_no_change_is_kept_byte_for_byte(tmp_path: Path) -> None:
    content = exif_with(1).tobytes()
    assert load_picture(save(Image.fromarray(PHOTO), tmp_path / "photo.jpg", exif=content)).exif == content


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_exif_counts_as_none(tmp_path: Path) -> None:
    path = save(Image.fromarray(PHOTO), tmp_path / "photo.jpg", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff")
    assert load_picture(path).size == (40, 24)


@pytest.mark.parametrize("content", [b"Exif\0\0", b"Exif\0\0" + bytes(range(60))], ids=["empty", "noise"])
def test_unreadable_exif_is_not_passed_on(tmp_path: Path, content: bytes) -> None:
    """Other programs would fail on it, and an AVIF could not even be written."""
    picture = load_picture(save(Image.fromarray(PHOTO), tmp_path / "photo.jpg", exif=content))
    assert picture.exif is None
    for format in FORMATS:
        assert encode_picture(picture, format)


def swapped_primaries() -> bytes:
    """sRGB with its red and green primaries swapped."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"swap", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"swap", b"gXYZ", 1)


def cmyk_profile() -> bytes:
    """A CMYK profile in which pure cyan prints as Lab (50, 60, 0), a pink, and everything else as white."""
    colours = bytearray()
    for corner in range(16):  # C changes slowest
        colours += bytes([128, 188, 128]) if corner == 0b1000 else bytes([255, 128, 128])
    ramp = bytes(range(256))
    matrix = struct.pack(">9i", *(65536 if index % 4 == 0 else 0 for index in range(9)))
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + matrix + ramp * 4 + colours + ramp * 3
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    text = b"text" + bytes(4) + b"none\0\0\0\0"
    tags = {b"A2B0": table, b"wtpt": white, b"cprt": text}
    offset = 128 + 4 + 12 * len(tags)
    directory, data = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        directory += name + struct.pack(">II", offset + len(data), len(content))
        data += content
    header = struct.pack(">I4sI4s4s4s", offset + len(data), b"test", 0x02400000, b"prtr", b"CMYK", b"Lab ")
    header += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + directory + data


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_colour_profile_is_converted_to_srgb(tmp_path: Path, suffix: str) -> None:
    red = Image.new("RGB", (32, 32), (255, 0, 0))
    picture = load_picture(save(red, tmp_path / f"red{suffix}", icc_profile=swapped_primaries()))
    assert np.abs(picture.rgb.astype(int) - (0, 255, 0)).max() <= 6


def test_colour_profile_of_a_palette(tmp_path: Path) -> None:
    red = Image.new("RGB", (32, 32), (255, 0, 0)).quantize(4)
    picture = load_picture(save(red, tmp_path / "red.png", icc_profile=swapped_primaries()))
    assert np.abs(picture.rgb.astype(int) - (0, 255, 0)).max() <= 6


def test_colour_profile_leaves_alpha_alone(tmp_path: Path) -> None:
    red = Image.new("RGBA", (8, 8), (255, 0, 0, 77))
    picture = load_picture(save(red, tmp_path / "red.png", icc_profile=swapped_primaries()))
    assert np.abs(picture.rgb.astype(int) - (0, 255, 0)).max() <= 3
    assert picture.alpha is not None
    assert set(picture.alpha.flat) == {77}


def test_srgb_profile_changes_nothing(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = load_picture(save(Image.fromarray(PHOTO), tmp_path / "photo.png", icc_profile=profile))
    np.testing.assert_array_equal(picture.rgb, PHOTO)


@pytest.mark.parametrize("profile", [b"no profile at all", swapped_primaries()[:300], cmyk_profile()])
def test_unusable_profile_is_ignored(tmp_path: Path, profile: bytes) -> None:
    picture = load_picture(save(Image.fromarray(PHOTO), tmp_path / "photo.png", icc_profile=profile))
    np.testing.assert_array_equal(picture.rgb, PHOTO)


@pytest.mark.parametrize(
    ("gamma", "expected"),
    [(1.0, 188), (1 / 2.2, 128), (1 / 1.8, 146), (0.0, 128), (9e9, 128)],  # linear, usual, old Macs', mistakes
)
def test_the_gamma_of_a_png(tmp_path: Path, gamma: float, expected: int) -> None:
    info = PngImagePlugin.PngInfo()
    info.add(b"gAMA", min(round(100_000 * gamma), 2**32 - 1).to_bytes(4))
    save(Image.new("RGB", (4, 4), (0, 128, 255)), tmp_path / "grey.png", pnginfo=info)
    assert load_rgb(tmp_path / "grey.png")[0, 0].tolist() == [0, expected, 255]


@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_cmyk_without_profile(tmp_path: Path, suffix: str) -> None:
    cyan = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    picture = load_picture(save(cyan, tmp_path / f"cyan{suffix}"))
    assert np.abs(picture.rgb.astype(int) - (0, 174, 239)).max() <= 6  # as viewers show it, not pure cyan


def test_cmyk_with_profile(tmp_path: Path) -> None:
    cyan = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    red, green, blue = load_picture(save(cyan, tmp_path / "cyan.tif", icc_profile=cmyk_profile())).rgb[0, 0].astype(int)
    assert red > blue > green  # the profile's pink


def test_grey_and_one_bit(tmp_path: Path) -> None:
    grey = Image.fromarray(PHOTO[..., 0])
    np.testing.assert_array_equal(load_rgb(save(grey, tmp_path / "grey.png")), PHOTO[..., [0, 0, 0]])
    bits = grey.point(lambda value: 255 * (value > 99), mode="1")
    rgb = load_rgb(save(bits, tmp_path / "bits.png"))
    np.testing.assert_array_equal(rgb[..., 1], np.where(PHOTO[..., 0] > 99, 255, 0))


def test_grey_with_alpha(tmp_path: Path) -> None:
    image = Image.merge("LA", [Image.fromarray(PHOTO[..., band]) for band in (0, 1)])
    picture = load_picture(save(image, tmp_path / "grey.png"))
    np.testing.assert_array_equal(picture.rgb, PHOTO[..., [0, 0, 0]])
    np.testing.assert_array_equal(picture.alpha, PHOTO[..., 1])


def test_16_bits_are_scaled(tmp_path: Path) -> None:
    deep = PHOTO[..., 0].astype(np.uint16) * 257
    for name in ("deep.png", "deep.tif"):
        rgb = load_rgb(save(Image.fromarray(deep), tmp_path / name))
        np.testing.assert_array_equal(rgb, PHOTO[..., [0, 0, 0]])


def test_16_bit_colour_is_scaled(tmp_path: Path) -> None:
    """Pillow cannot write such a file, so the PNG is assembled here."""
    deep = (PHOTO.astype(">u2") * 257).astype(">u2")
    height, width, _ = deep.shape
    rows = b"".join(b"\0" + row.tobytes() for row in deep)
    path = tmp_path / "deep.png"
    path.write_bytes(png(width, height, depth=16, colour_type=2, rows=zlib.compress(rows)))
    np.testing.assert_array_equal(load_rgb(path), PHOTO)


def png(width: int, height: int, *, depth: int, colour_type: int, rows: bytes) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("white", [1.0, 255.0, 65535.0, 3e6])
def test_floating_point_grey_is_scaled_to_its_range(tmp_path: Path, white: float) -> None:
    values = (np.linspace(0, 1, 256, dtype=np.float32) * np.float32(white)).reshape(16, 16)
    rgb = load_rgb(save(Image.fromarray(values), tmp_path / "grey.tif"))
    assert np.abs(rgb[..., 0].astype(int).ravel() - np.arange(256)).max() <= 1


@pytest.mark.parametrize("white", [65535, 2**31 - 1])
def test_32_bit_grey_is_scaled_to_its_range(tmp_path: Path, white: int) -> None:
    values = (np.linspace(0, 1, 256) * white).astype(np.int32).reshape(16, 16)
    rgb = load_rgb(save(Image.fromarray(values), tmp_path / "grey.tif"))
    assert np.abs(rgb[..., 0].astype(int).ravel() - np.arange(256)).max() <= 1


def test_not_a_number_is_black(tmp_path: Path) -> None:
    values = np.full((4, 4), np.nan, np.float32)
    assert load_rgb(save(Image.fromarray(values), tmp_path / "grey.tif")).max() == 0


def test_palette_with_and_without_transparency(tmp_path: Path) -> None:
    image = Image.fromarray(PHOTO).quantize(16)
    expected = np.array(image.convert("RGB"))
    plain = load_picture(save(image, tmp_path / "plain.png"))
    np.testing.assert_array_equal(plain.rgb, expected)
    assert plain.alpha is None

    holes = load_picture(save(image, tmp_path / "holes.png", transparency=3))
    np.testing.assert_array_equal(holes.rgb, expected)
    np.testing.assert_array_equal(holes.alpha, np.where(np.array(image) == 3, 0, 255))


def test_transparent_colour_of_an_rgb_png(tmp_path: Path) -> None:
    image = Image.new("RGB", (4, 2), (10, 20, 30))
    image.putpixel((1, 1), (1, 2, 3))
    picture = load_picture(save(image, tmp_path / "holes.png", transparency=(1, 2, 3)))
    assert picture.alpha is not None
    assert np.argwhere(picture.alpha == 0).tolist() == [[1, 1]]


def test_lab_and_ycbcr(tmp_path: Path) -> None:
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    lab = ImageCms.applyTransform(Image.fromarray(PHOTO), to_lab)
    assert lab is not None
    rgb = load_rgb(save(lab, tmp_path / "lab.tif"))
    assert np.abs(rgb.astype(int) - PHOTO).mean() < 3
    rgb = load_rgb(save(Image.fromarray(PHOTO).convert("YCbCr"), tmp_path / "ycbcr.tif"))
    assert np.abs(rgb.astype(int) - PHOTO).max() <= 3


def test_first_frame_of_an_animation(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    picture = load_picture(tmp_path / "moving.gif")
    assert picture.format == "GIF"
    assert picture.rgb[4, 4].tolist() == [255, 0, 0]


def test_content_decides_rather_than_the_suffix(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    Image.fromarray(PHOTO).save(path, "PNG")
    picture = load_picture(path)
    assert picture.format == "PNG"
    np.testing.assert_array_equal(picture.rgb, PHOTO)


def test_the_size_is_that_in_the_header(tmp_path: Path) -> None:
    path = save(Image.fromarray(PHOTO), tmp_path / "photo.jpg", exif=exif_with(6).tobytes())
    path.write_bytes(path.read_bytes()[:-100])
    assert picture_size(path) == (40, 24)
    path.write_bytes(b"no picture")
    with pytest.raises(PictureError, match=r"photo\.jpg: not a picture"):
        picture_size(path)


def test_from_bytes() -> None:
    np.testing.assert_array_equal(load_picture(encode_picture(Picture(PHOTO), "PNG")).rgb, PHOTO)
    with pytest.raises(PictureError, match="standard input: empty"):
        load_picture(b"")


def test_pixels_can_be_written_to(tmp_path: Path) -> None:
    assert load_rgb(save(Image.fromarray(PHOTO), tmp_path / "photo.png")).flags.writeable


def damaged(tmp_path: Path, kind: str) -> Path:
    path = tmp_path / "bad.jpg"
    whole = io.BytesIO()
    Image.fromarray(PHOTO).save(whole, "JPEG")
    match kind:
        case "folder":
            path.mkdir()
        case "empty":
            path.touch()
        case "text":
            path.write_text("not a picture\n" * 50)
        case "truncated":
            path.write_bytes(whole.getvalue()[:-200])
        case "header alone":
            path.write_bytes(whole.getvalue()[:20])
    return path


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("missing", "no such file"),
        ("folder", "a folder"),
        ("empty", "empty, 0 bytes"),
        ("text", "not a picture"),
        ("truncated", "damaged or cut short"),
        ("header alone", "not a picture|damaged"),
    ],
)
def test_unreadable_files_name_file_and_problem(tmp_path: Path, kind: str, problem: str) -> None:
    path = damaged(tmp_path, kind)
    with pytest.raises(PictureError, match=problem) as error:
        load_picture(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".bmp", ".gif", ".avif"])
def test_half_a_file_is_refused(tmp_path: Path, suffix: str) -> None:
    path = save(Image.fromarray(draw_photo(200, 150)), tmp_path / f"photo{suffix}")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(PictureError):
        load_picture(path)


def test_pixel_limit_is_checked_before_decoding(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png(30000, 30000, depth=1, colour_type=0, rows=b""))  # decoding would find it cut short
    with pytest.raises(PictureError, match=r"900000000 pixels are over the limit.*max_pixels 900000000"):
        load_picture(path)


def test_pixel_limit_is_inclusive(tmp_path: Path) -> None:
    path = save(Image.fromarray(PHOTO), tmp_path / "photo.png")
    assert load_picture(path, max_pixels=40 * 24).size == (40, 24)
    with pytest.raises(PictureError):
        load_picture(path, max_pixels=40 * 24 - 1)


ALPHA = np.where(np.arange(40) < 20, 255, 0).astype(np.uint8) * np.ones((24, 1), np.uint8)


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_round_trips(format: str) -> None:
    # fields of 8 x 8 pixels, which no codec smears
    rgb = PHOTO[::8, ::8].repeat(8, 0).repeat(8, 1)
    back = load_picture(encode_picture(Picture(rgb, ALPHA, exif_with(1).tobytes()), format, 95))
    assert back.format == format
    visible = (slice(None), slice(0, 16))
    assert np.abs(back.rgb[visible].astype(int) - rgb[visible]).mean() < 8
    if FORMATS[format].alpha:
        assert back.alpha is not None
        assert np.abs(back.alpha.astype(int) - ALPHA).mean() < 2
    else:
        assert back.alpha is None
        assert back.rgb[:, 28:].min() > 250  # laid on white
    if FORMATS[format].exif:
        assert back.exif is not None
        exif = read_exif(back.exif)
        assert exif[MAKE] == "Maker"
        assert exif.get_ifd(ExifTags.IFD.Exif)[DATE] == "2024:05:06 07:08:09"
    else:
        assert back.exif is None


HOLD_EXIF = [format for format, spec in FORMATS.items() if spec.exif]


@pytest.mark.parametrize("written", HOLD_EXIF)
@pytest.mark.parametrize("read", HOLD_EXIF)
def test_exif_is_copied_between_formats(read: str, written: str) -> None:
    content = encode_picture(Picture(PHOTO, exif=exif_with(1).tobytes()), read)
    back = load_picture(encode_picture(load_picture(content), written))
    assert back.exif is not None
    assert read_exif(back.exif)[MAKE] == "Maker"


@pytest.mark.parametrize("format", HOLD_EXIF)
@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("entry", [b"\x01\x1a\x00\x05", b"\x00\x05\x00\x01"], ids=["resolution", "in a directory"])
def test_a_tag_of_the_wrong_type_loses_only_itself(entry: bytes, orientation: int, format: str) -> None:
    """Some cameras write such tags; Pillow reads but cannot write them."""
    exif = exif_with(orientation)
    exif[RESOLUTION] = 72.0
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSAltitudeRef] = b"\0"
    tags = exif.tobytes()
    as_text = tags.replace(entry, entry[:3] + b"\x02")
    assert as_text != tags
    file = io.BytesIO()
    Image.fromarray(PHOTO).save(file, "JPEG", exif=as_text)
    picture = load_picture(file.getvalue())
    assert picture.size == ((40, 24) if orientation == 1 else (24, 40))
    back = load_picture(encode_picture(picture, format))
    assert back.size == picture.size and back.exif is not None
    found = read_exif(back.exif)
    assert found[MAKE] == "Maker" and found.get_ifd(ExifTags.IFD.Exif)[DATE] == "2024:05:06 07:08:09"
    assert found.get_ifd(ExifTags.IFD.GPSInfo)[1] == "N"


@pytest.mark.parametrize("format", ["PNG", "TIFF", "BMP"])
def test_lossless_formats_keep_every_byte(format: str) -> None:
    np.testing.assert_array_equal(load_picture(encode_picture(Picture(PHOTO), format)).rgb, PHOTO)


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "AVIF"])
def test_quality_changes_the_size(format: str) -> None:
    small, large = (len(encode_picture(Picture(draw_photo(200, 150)), format, quality)) for quality in (20, 95))
    assert small < large


def test_tiff_layout_in_exif_does_not_overrule_the_pixels() -> None:
    """Some cameras write the picture's size into the EXIF tags in which a TIFF stores its own size."""
    exif = exif_with(1)
    exif[WIDTH_TAG] = 4000
    picture = load_picture(encode_picture(Picture(PHOTO, exif=exif.tobytes()), "TIFF"))
    np.testing.assert_array_equal(picture.rgb, PHOTO)
    assert picture.exif is not None
    assert WIDTH_TAG not in read_exif(picture.exif)


def test_exif_too_long_for_jpeg_is_left_out() -> None:
    exif = Image.Exif()
    exif[MAKE] = "x" * 70_000
    picture = Picture(PHOTO, exif=exif.tobytes())
    assert load_picture(encode_picture(picture, "JPEG")).exif is None
    assert load_picture(encode_picture(picture, "PNG")).exif is not None


def test_format_that_cannot_hold_the_size_is_named() -> None:
    with pytest.raises(PictureError, match=r"16400 x 1 pixels cannot be written as WEBP.*format png"):
        encode_picture(Picture(np.zeros((1, 16400, 3), np.uint8)), "WEBP")


def test_format_names() -> None:
    assert [format_named(name) for name in ("jpg", "JPEG", ".tif", "WebP")] == ["JPEG", "JPEG", "TIFF", "WEBP"]
    assert format_of_suffix(".JPG") == "JPEG"
    assert format_of_suffix(".txt") is None
    with pytest.raises(UserError, match=r"'doc'.*jpg, png"):
        format_named("doc")


def test_shrink_keeps_proportions_and_never_enlarges() -> None:
    picture = Picture(draw_photo(200, 100), draw_photo(200, 100)[..., 0])
    smaller = shrink(picture, 50)
    assert smaller.size == (50, 25)
    assert smaller.alpha is not None
    assert smaller.alpha.shape == (25, 50)
    assert shrink(picture, 200) is picture
    assert shrink(Picture(np.zeros((1, 1000, 3), np.uint8)), 10).size == (10, 1)


def test_shrink_does_not_mix_in_hidden_colours() -> None:
    rgb = np.zeros((64, 64, 3), np.uint8)
    rgb[:, ::2] = (255, 0, 0)
    alpha = np.zeros((64, 64), np.uint8)
    alpha[:, ::2] = 255  # black pixels are hidden
    assert shrink(Picture(rgb, alpha), 16).rgb[8, 8, 0] > 250


def test_value_range() -> None:
    pixels = np.arange(256, dtype=np.float32)
    signed = to_signed_unit(pixels)
    assert (signed.min(), signed.max()) == (-1, 1)
    np.testing.assert_array_equal(from_signed_unit(signed), pixels)
    np.testing.assert_array_equal(from_signed_unit(np.array([-7.0, 7.0])), [0, 255])


def test_value_range_of_tensors() -> None:
    torch = pytest.importorskip("torch")
    pixels = torch.arange(256, dtype=torch.float32)
    assert torch.equal(from_signed_unit(to_signed_unit(pixels)), pixels)


def test_for_training_transparent_pictures_are_laid_on_white(tmp_path: Path) -> None:
    pixels = np.zeros((2, 3, 4), np.uint8)
    pixels[..., 0] = 200
    pixels[0, :, 3] = (0, 128, 255)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    rgb = load_rgb(tmp_path / "a.png")
    assert rgb[0].tolist() == [[255, 255, 255], [227, 127, 127], [200, 0, 0]]
    assert (rgb[1] == 255).all()
