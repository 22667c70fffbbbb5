"""What EXIF passes on: the tags of the photo, but no pictures of it, and the size of the result."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import ExifTags, Image

from tests.helpers.pictures import draw_photo
from translate.media.exif import exif_of_result, parse_exif, portable_exif
from translate.media.images import Picture, encode_picture, load_picture

PHOTO = draw_photo(40, 24)
SECRET = b"the untranslated photo"
WIDTH, HEIGHT = ExifTags.Base.ExifImageWidth, ExifTags.Base.ExifImageHeight
LENS, MAKE = ExifTags.Base.LensModel, ExifTags.Base.Make


def with_thumbnail(exif: bytes) -> bytes:
    """``exif`` of big-endian TIFF tags with a second directory, as cameras write it, for a thumbnail at its end."""
    header, tags = exif[:6], bytearray(exif[6:])
    assert tags[:4] == b"MM\0*"
    first = int.from_bytes(tags[4:8])
    link = first + 2 + 12 * int.from_bytes(tags[first : first + 2])
    tags[link : link + 4] = len(tags).to_bytes(4)
    thumbnail = b"\xff\xd8" + SECRET + b"\xff\xd9"
    directory = struct.pack(">HHHLLHHLL", 2, 513, 4, 1, len(tags) + 30, 514, 4, 1, len(thumbnail)) + bytes(4)
    return header + bytes(tags) + directory + thumbnail


def camera_exif(orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif.endian = ">"
    exif[MAKE] = "Maker"
    exif[ExifTags.Base.Orientation] = orientation
    directory = exif.get_ifd(ExifTags.IFD.Exif)
    directory[ExifTags.Base.MakerNote] = b"preview: " + SECRET
    directory[WIDTH], directory[HEIGHT], directory[LENS] = 40, 24, "50 mm"  # as stored
    return with_thumbnail(exif.tobytes())


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("format", ["JPEG", "WEBP", "PNG"])
def test_no_picture_of_the_photo_is_passed_on(format: str, orientation: int) -> None:
    file = io.BytesIO()
    Image.fromarray(PHOTO).save(file, format, exif=camera_exif(orientation))
    assert file.getvalue().count(SECRET) == 2
    picture = load_picture(file.getvalue())
    assert picture.exif is not None and SECRET not in picture.exif
    assert parse_exif(picture.exif)[MAKE] == "Maker"
    directory = parse_exif(picture.exif).get_ifd(ExifTags.IFD.Exif)
    assert directory[LENS] == "50 mm" and (directory[WIDTH], directory[HEIGHT]) == picture.size
    for written in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF"):
        assert SECRET not in encode_picture(picture, written)


def test_a_result_states_its_own_size_and_software() -> None:
    exif = parse_exif(exif_of_result(camera_exif(), (20, 12), "a program"))
    directory = exif.get_ifd(ExifTags.IFD.Exif)
    assert (directory[WIDTH], directory[HEIGHT], directory[LENS]) == (20, 12, "50 mm")
    assert exif[ExifTags.Base.ProcessingSoftware] == "a program"


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize("exif", [None, b"Exif\0\0", b"Exif\0\0MM\0*\0\0\0\x08\xff"], ids=["none", "empty", "damaged"])
def test_without_usable_exif_only_the_software_is_stated(exif: bytes | None) -> None:
    assert dict(parse_exif(exif_of_result(exif, (20, 12), "a program"))) == {
        ExifTags.Base.ProcessingSoftware: "a program"
    }


def test_tags_survive_repeated_copying() -> None:
    once = portable_exif(parse_exif(camera_exif()))
    assert once is not None and portable_exif(parse_exif(once)) == once
    assert np.array_equal(load_picture(encode_picture(Picture(PHOTO, exif=once), "PNG")).rgb, PHOTO)
