"""Whose fault it is: a codec's errors are blamed on the file, mistakes in this program are not."""

from __future__ import annotations

import io
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import ExifTags, Image, PngImagePlugin

from tests.helpers.pictures import draw_photo
from translate.errors import CODEC_ERRORS, PictureError
from translate.media import animation, exif, formats, gif, guards, images
from translate.media.animation import convert_animation
from translate.media.codec import CodecError, codec_call, fault
from translate.media.guards import is_animated
from translate.media.images import Picture, encode_picture, load_frugally, load_picture
from translate.media.jpeg import encode_jpeg

PHOTO = draw_photo(40, 24)
MISTAKES = (TypeError, KeyError, ValueError, AttributeError, RuntimeError)


def make_fail(monkeypatch: pytest.MonkeyPatch, module: ModuleType, helper: str, mistake: type[Exception]) -> None:
    def broken(*arguments: object, **options: object) -> None:
        raise mistake("a mistake of ours")

    monkeypatch.setattr(module, helper, broken)


def encoded(format: str, orientation: int) -> bytes:
    tags, content = Image.Exif(), io.BytesIO()
    tags[ExifTags.Base.Make] = "Maker"
    tags[ExifTags.Base.Orientation] = orientation
    Image.fromarray(PHOTO).save(content, format, exif=tags)
    return content.getvalue()


@pytest.mark.parametrize("error", CODEC_ERRORS)
def test_what_a_codec_raises_is_kept_as_the_cause(error: type[Exception]) -> None:
    with pytest.raises(CodecError) as raised, codec_call():
        raise error
    assert type(raised.value.cause) is error


@pytest.mark.parametrize("error", [MemoryError, Image.DecompressionBombError, KeyboardInterrupt])
def test_what_says_nothing_of_the_content_passes_through(error: type[BaseException]) -> None:
    with pytest.raises(error), codec_call():
        raise error


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize(
    ("module", "helper", "format", "orientation"),
    [
        (images, "_to_picture", "PNG", 1),
        (images, "to_upright", "PNG", 1),
        (images, "split_alpha", "PNG", 1),
        (images, "to_srgb", "PNG", 1),
        (images, "read_orientation", "PNG", 1),
        (images, "read_exif", "PNG", 1),
        (images, "decode_jpeg", "JPEG", 1),
        (exif, "portable_exif", "JPEG", 6),
        (exif, "_portable_value", "JPEG", 6),
        (exif, "_packed", "JPEG", 6),
    ],
)
def test_reading(
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    helper: str,
    format: str,
    orientation: int,
    mistake: type[Exception],
) -> None:
    content = encoded(format, orientation)
    assert load_picture(content).exif is not None
    make_fail(monkeypatch, module, helper, mistake)
    with pytest.raises(mistake, match="a mistake of ours") as raised:
        load_picture(content)
    assert raised.type is mistake


def test_admitting_a_large_picture() -> None:
    def broken() -> None:
        raise TypeError("a mistake of ours")

    with pytest.raises(TypeError, match="a mistake of ours"):
        load_frugally(encoded("PNG", 1), max_pixels=10_000, large=0, admit_large=broken)


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize(
    ("module", "helper", "format"),
    [
        (images, "save_options", "JPEG"),
        (images, "save_options", "PNG"),
        (images, "encode_jpeg", "JPEG"),
        (formats, "portable_exif", "TIFF"),
        (exif, "_portable_value", "AVIF"),
    ],
)
def test_writing(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, helper: str, format: str, mistake: type[Exception]
) -> None:
    picture = load_picture(encoded("PNG", 1))
    make_fail(monkeypatch, module, helper, mistake)
    with pytest.raises(mistake, match="a mistake of ours") as raised:
        encode_picture(picture, format)
    assert raised.type is mistake


def test_exif_too_long_for_its_segment_is_no_fault_of_the_picture() -> None:
    """`save_options` leaves it out; handed on all the same, it is not the encoder that complains."""
    with pytest.raises(OverflowError):
        encode_jpeg(PHOTO, 92, bytes(2**16))


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize(
    ("module", "helper"),
    [
        (animation, "to_upright"),
        (animation, "_has_clear_pixels"),
        (animation, "save_options"),
        (gif, "_PaletteQuantiser"),
        (gif, "_error"),
        (gif, "_with_palette"),
    ],
)
def test_animations(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: ModuleType, helper: str, mistake: type[Exception]
) -> None:
    source = tmp_path / "in.gif"
    frames = [Image.fromarray(np.roll(PHOTO, 8 * number, axis=1)) for number in range(3)]
    frames[0].save(source, save_all=True, append_images=frames[1:], duration=40)
    make_fail(monkeypatch, module, helper, mistake)
    with pytest.raises(mistake, match="a mistake of ours") as raised:
        convert_animation(source, tmp_path / "out.gif", lambda photos: photos, "GIF")
    assert raised.type is mistake
    assert [path.name for path in tmp_path.iterdir()] == ["in.gif"]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_looking_whether_a_picture_moves(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mistake: type[Exception]
) -> None:
    path = tmp_path / "photo.gif"
    path.write_bytes(encode_picture(Picture(PHOTO), "GIF"))
    make_fail(monkeypatch, guards, "_has_frames", mistake)
    with pytest.raises(mistake, match="a mistake of ours"):
        is_animated(path)


@pytest.mark.parametrize("length", [16, 20])
def test_a_webp_that_ends_in_its_header_does_not_move(tmp_path: Path, length: int) -> None:
    path = tmp_path / "cut.webp"
    path.write_bytes((b"RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0\x02")[:length])
    assert not is_animated(path)


@pytest.mark.parametrize(
    ("cause", "problem"),
    [
        (OSError("out of memory error when reading image file"), "too large for the memory; try <max_size>"),
        (RuntimeError("Failed to decode image: Out of memory"), "too large for the memory; try <max_size>"),
        (NotImplementedError("a layout"), "of a kind that this program does not read: a layout"),
        (
            OSError("decoder webp not available"),
            "of a kind that this program does not read: decoder webp not available",
        ),
        (
            OSError("unknown error when reading image file"),
            "damaged or cut short: unknown error when reading image file",
        ),
        (ValueError(), "damaged or cut short: ValueError"),
    ],
)
def test_faults_of_files(cause: Exception, problem: str) -> None:
    assert fault(cause) == problem


def test_lack_of_memory_in_a_codec_is_not_called_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(image: Image.Image) -> None:
        raise OSError("out of memory error when reading image file")  # as Pillow's decoders report it

    path = tmp_path / "photo.png"
    path.write_bytes(encoded("PNG", 1))
    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", load)
    with pytest.raises(PictureError, match=r"photo\.png: too large for the memory; try max_size"):
        load_picture(path)
