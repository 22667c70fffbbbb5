"""What a file is, by its content."""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from tests.helpers.pictures import draw_photo
from tests.helpers.tiffs import tiff
from translate.errors import PictureError
from translate.media.images import load_frugally, load_picture
from translate.media.kinds import brands, picture_format

NEW_SUBFILE_TYPE, SUB_IFDS = 254, 330


def test_brands_of_a_file() -> None:
    assert brands(struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"mif1", 0, b"heic", b"miaf")) == {b"mif1", b"heic", b"miaf"}
    assert brands(b"\xff\xd8\xff\xe0" + bytes(20)) == set()


def test_the_format_of_a_picture_whatever_its_name(tmp_path: Path) -> None:
    image, others = Image.new("RGB", (8, 8)), [Image.new("RGB", (8, 8))]
    for format, options in (("PNG", {}), ("AVIF", {}), ("MPO", {"save_all": True, "append_images": others})):
        image.save(tmp_path / "picture.txt", format, **options)
        assert picture_format(tmp_path / "picture.txt") == ("JPEG" if format == "MPO" else format)
    (tmp_path / "picture.txt").write_text("P6 is the Boeing's number, not that of a pixmap")
    assert picture_format(tmp_path / "picture.txt") is None
    assert picture_format(tmp_path / "missing") is None
    os.mkfifo(tmp_path / "pipe")
    assert picture_format(tmp_path / "pipe") is None


def raw_photo(path: Path) -> None:
    """As DNG and NEF have it: first a preview, then, in a directory below, the sensor's data, left out here."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[NEW_SUBFILE_TYPE] = 1
    tags[SUB_IFDS] = 8
    Image.new("RGB", (16, 12)).save(path, "TIFF", tiffinfo=tags)


def test_the_preview_of_a_raw_photo_is_not_taken_for_the_photo(tmp_path: Path) -> None:
    raw_photo(tmp_path / "photo.dng")
    assert picture_format(tmp_path / "photo.dng") is None
    with pytest.raises(PictureError, match=r"photo\.dng: a raw photo, of which only the preview"):
        load_picture(tmp_path / "photo.dng")
    Image.new("RGB", (16, 12)).save(tmp_path / "small.tif", tiffinfo={NEW_SUBFILE_TYPE: 1})
    assert load_picture(tmp_path / "small.tif").size == (16, 12)  # there is no other picture in it


def bitmap(offset: int, value: int) -> bytes:
    """A BMP with another ``value`` in its header."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "BMP")
    content = bytearray(file.getvalue())
    content[offset] = value
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (bitmap(30, 5), "of a kind that this program does not read: Unsupported BMP compression"),  # a PNG inside
        (bitmap(28, 64), "of a kind that this program does not read: Unsupported BMP pixel depth"),
        (tiff(np.zeros((4, 4, 3), np.uint16), photometric=77), "of a kind that this program does not read"),
        (b"\x89PNG\r\n\x1a\n" + bytes(4), "damaged or cut short: broken PNG"),
        (b"II*\0" + bytes(4), "damaged or cut short"),
        (b"II is a number of Rome's", "not a picture this program reads"),
    ],
)
def test_unsupported_kinds_are_told_from_damage(content: bytes, problem: str) -> None:
    with pytest.raises(PictureError, match=f"^standard input: {problem}"):
        load_picture(content)


def test_damage_behind_the_first_page_leaves_it_as_it_was(tmp_path: Path) -> None:
    """Pillow moves to a page when it counts it: the first one would come out unturned."""
    exif, content = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6
    Image.fromarray(draw_photo(48, 32)).save(content, "TIFF", exif=exif)
    whole = bytearray(content.getvalue())
    directory = struct.unpack_from("<I", whole, 4)[0]
    behind = directory + 2 + 12 * struct.unpack_from("<H", whole, directory)[0]
    struct.pack_into("<I", whole, behind, len(whole) - 1)  # the offset of the next page
    (tmp_path / "turned.tif").write_bytes(whole)
    photo = load_frugally(tmp_path / "turned.tif", max_pixels=10**6, large=10**6, admit_large=lambda: None)
    assert (photo.size, photo.note) == ((32, 48), None)
