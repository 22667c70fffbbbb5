"""What is refused before decoding, and with which message."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from tests.helpers.corpus.broken import jpeg_scans, tiff
from tests.helpers.pictures import draw_photo
from translate.convert.moving import convert_moving
from translate.convert.options import Options
from translate.convert.planning import Job
from translate.errors import PictureError
from translate.media.guards import MAX_PIXELS, MAX_SCANS, MAX_SIDE, is_animated, require_file
from translate.media.images import load_picture

PHOTO = Image.fromarray(draw_photo(40, 24))
named_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")


def encoded(format: str, **options: object) -> bytes:
    content = io.BytesIO()
    PHOTO.save(content, format, **options)
    return content.getvalue()


@named_pipes
@pytest.mark.timeout(20)
def test_a_named_pipe_does_not_block(tmp_path: Path) -> None:
    for name in ("pipe.png", "pipe.gif", "pipe.mp4"):
        pipe = tmp_path / name
        os.mkfifo(pipe)
        assert not is_animated(pipe)
        with pytest.raises(PictureError, match=rf"{name}: a pipe, .* give '-' to read standard input"):
            load_picture(pipe)
        job = Job(source=pipe, output=tmp_path / "out.mp4", format=None, kind="video")
        with pytest.raises(PictureError, match=rf"{name}: a pipe"):
            convert_moving(job, lambda frames: frames, Options())


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="needs /dev/fd")
def test_an_inherited_pipe_is_read() -> None:
    """Such as the shell's <(command); checking for an animation consumes nothing of it."""
    reader, writer = os.pipe()
    path = Path(f"/dev/fd/{reader}")
    os.write(writer, encoded("PNG"))
    os.close(writer)
    assert not is_animated(path)
    assert load_picture(path).size == (40, 24)
    os.close(reader)


@pytest.mark.skipif(sys.platform == "win32", reason="needs links and devices")
def test_errors_name_the_kind_of_what_is_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to("nowhere.png")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "device").symlink_to("/dev/zero")
    for path, problem in {
        tmp_path: "a folder, not a picture",
        tmp_path / "none": "no such file",
        tmp_path / "dangling": "a link to nowhere.png, which is missing",
        tmp_path / "loop": "cannot be read: Too many levels of symbolic links",
        tmp_path / "device": "a pipe, a socket or a device",
        tmp_path / ("x" * 300): "cannot be read: File name too long",
    }.items():
        with pytest.raises(PictureError) as error:
            require_file(path)
        assert str(error.value).startswith(f"{path}: {problem}")


@pytest.mark.parametrize("hosts_limit", [Image.MAX_IMAGE_PIXELS, None])
def test_a_picture_that_grows_while_it_is_decoded_is_refused(
    monkeypatch: pytest.MonkeyPatch, hosts_limit: int | None
) -> None:
    """In a GIF, the frame is larger than the header says; in a TIFF, the only tile is."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", hosts_limit)
    grows = b"GIF89a\1\0\1\0\x80\0\0" + bytes(6) + b",\0\0\0\0\xff\xff\xff\xff\0\2\2D\1\0;"
    with pytest.raises(PictureError, match=r"4294836225 pixels are over the limit of 500; .*max_pixels 4294836225"):
        load_picture(grows, max_pixels=500)
    with pytest.raises(PictureError):
        load_picture(tiff(16, 16, tile=60000))


def test_pillows_limit_is_never_below_the_requested_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert load_picture(encoded("PNG"), max_pixels=1000).size == (40, 24)
    assert load_picture(encoded("WEBP"), max_pixels=1000).size == (40, 24)
    with pytest.raises(PictureError, match="40 x 24 pixels are over the limit of 500"):
        load_picture(encoded("PNG"), max_pixels=500)
    assert Image.MAX_IMAGE_PIXELS == 100


@pytest.mark.parametrize("size", [(1, MAX_SIDE), (MAX_SIDE, 1)])
def test_sides_are_bounded(size: tuple[int, int]) -> None:
    """Thin pictures take far more time and memory than their pixels suggest."""
    content, longer = io.BytesIO(), io.BytesIO()
    Image.new("L", size).save(content, "PNG")
    assert load_picture(content.getvalue()).size == size
    Image.new("L", (size[0] + (size[1] == 1), size[1] + (size[0] == 1))).save(longer, "PNG")
    with pytest.raises(PictureError, match=r"65536.* pixels: its sides are over the limit of 65535"):
        load_picture(longer.getvalue())


def test_the_limit_of_a_side_is_raised_with_that_of_the_pixels() -> None:
    content = io.BytesIO()
    Image.new("L", (MAX_SIDE + 1, 1)).save(content, "PNG")
    with pytest.raises(
        PictureError, match=r"65536 x 1 pixels: its sides are over the limit of 65535; .* (\d+)$"
    ) as error:
        load_picture(content.getvalue(), max_pixels=1_000_000)
    enough = int(str(error.value).split()[-1])
    assert MAX_PIXELS < enough < 1.001 * MAX_PIXELS
    assert load_picture(content.getvalue(), max_pixels=enough).size == (MAX_SIDE + 1, 1)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "I;16", "F"])
def test_the_memory_that_decoding_takes_is_bounded(mode: str) -> None:
    content = io.BytesIO()
    Image.new(mode, (40, 25)).save(content, "TIFF")
    with pytest.raises(PictureError, match=r"40 x 25 pixels of .* bytes that decoding takes are over .* \d+$") as error:
        load_picture(content.getvalue(), max_pixels=1000)
    enough = int(str(error.value).split()[-1])
    assert load_picture(content.getvalue(), max_pixels=enough).size == (40, 25)
    with pytest.raises(PictureError):
        load_picture(content.getvalue(), max_pixels=enough - 1)
    for plain in ("L", "RGB", "CMYK"):
        content = io.BytesIO()
        Image.new(plain, (40, 25)).save(content, "TIFF")
        assert load_picture(content.getvalue(), max_pixels=1000).size == (40, 25)


def test_the_scans_of_a_jpeg_are_bounded() -> None:
    """Even a scan of a few bytes takes the time of a full one."""
    photo = encoded("JPEG", progressive=True)
    with pytest.raises(PictureError, match=f"a JPEG of more than {MAX_SCANS} scans"):
        load_picture(jpeg_scans(photo, MAX_SCANS))
    exif = Image.Exif()
    exif[270] = "no scans: " + "\xff\xda" * MAX_SCANS
    for harmless in (
        jpeg_scans(photo, MAX_SCANS // 2),
        photo + b"\xff\xda" * 2 * MAX_SCANS,  # as in the film that some cameras append
        encoded("JPEG", progressive=True, exif=exif),
        encoded("JPEG", progressive=True, comment=b"\xff\xda" * 2 * MAX_SCANS),
    ):
        assert load_picture(harmless).size == (40, 24)


@pytest.mark.skipif(sys.platform == "win32", reason="the builds for Windows hide libtiff")
def test_libraries_write_nothing_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    content = encoded("TIFF", compression="tiff_adobe_deflate")
    broken = content.replace(b"x\x9c", b"x\x00") if b"x\x9c" in content else content[:8] + bytes(30) + content[38:]
    with pytest.raises(PictureError, match="damaged"):
        load_picture(broken)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("mistake", [AssertionError, AttributeError, SystemError, KeyError, RecursionError])
def test_a_bug_in_a_library_is_one_line(monkeypatch: pytest.MonkeyPatch, mistake: type[Exception]) -> None:
    def load(image: object) -> None:
        raise mistake

    monkeypatch.setattr(PngImageFile, "load", load)
    with pytest.raises(PictureError, match=f"^standard input: damaged or cut short: {mistake.__name__}$"):
        load_picture(encoded("PNG"))


def test_lack_of_memory_does_not_count_as_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(image: object) -> None:
        raise MemoryError

    monkeypatch.setattr(PngImageFile, "load", load)
    with pytest.raises(PictureError, match=r"^standard input: too large for the memory; try max_size$"):
        load_picture(encoded("PNG"))
