"""XMP and IPTC: what they say of the picture is passed on, pictures of the photo are not."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.pictures import draw_photo
from translate.convert.options import Options
from translate.convert.pipeline import run_jobs
from translate.convert.planning import plan
from translate.media.description import Description, jpeg_segments
from translate.media.images import Picture, encode_picture, load_picture
from translate.media.iptc import portable_iptc
from translate.media.mark import made_by
from translate.media.xmp import MAX_BYTES, portable_xmp

PHOTO = draw_photo(40, 24)
SECRET = b"the untranslated photo"
PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:t="http://ns.adobe.com/tiff/1.0/"
  xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmpGImg="http://ns.adobe.com/xap/1.0/g/img/"
  xmlns:GImage="http://ns.google.com/photos/1.0/image/" xmp:Rating="4" t:Orientation="6" t:Make="Maker"
  GImage:Data="the untranslated photo">
<dc:creator><rdf:Seq><rdf:li>J\u00fcrgen &amp; Co</rdf:li></rdf:Seq></dc:creator>
<t:ImageWidth>40</t:ImageWidth>
<xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType="Resource" xmpGImg:image="the untranslated photo"/></rdf:Alt>
</xmp:Thumbnails></rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>""".encode()


def dataset(record: int, number: int, text: bytes) -> bytes:
    return bytes((0x1C, record, number)) + len(text).to_bytes(2) + text


TITLE, PREVIEW, OBJECT = dataset(2, 5, b"A title"), dataset(2, 202, SECRET), dataset(8, 10, SECRET)


def described(format: str) -> bytes:
    """A file of the photo that says all that its format can say."""
    content = io.BytesIO()
    options: dict[str, object] = {"xmp": PACKET}
    if format == "JPEG":
        options = {"extra": jpeg_segments(Description(PACKET, TITLE + PREVIEW + OBJECT))}
    elif format == "TIFF":
        options = {"tiffinfo": {700: PACKET, 33723: TITLE + PREVIEW + OBJECT}}
    elif format == "PNG":
        from PIL.PngImagePlugin import PngInfo

        texts = PngInfo()
        texts.add_itxt("XML:com.adobe.xmp", PACKET.decode())
        options = {"pnginfo": texts}
    Image.fromarray(PHOTO).save(content, format, **options)
    return content.getvalue()


@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_what_is_said_of_the_picture_is_passed_on_without_pictures(source: str) -> None:
    assert SECRET in described(source)
    picture = load_picture(described(source))
    for format in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "GIF", "BMP"):
        content = encode_picture(picture, format)
        again = load_picture(content).description
        assert SECRET not in content
        if format in ("GIF", "BMP"):
            assert again == Description()
            continue
        assert again.xmp is not None
        assert "Jürgen &amp; Co".encode() in again.xmp and b'xmp:Rating="4"' in again.xmp and b"Maker" in again.xmp
        assert all(word not in again.xmp for word in (b"Thumbnails", b"Orientation", b"ImageWidth", b"GImage:Data"))
        assert again.iptc == (TITLE if {source, format} <= {"JPEG", "TIFF"} else None)
    assert b"Rating" in encode_picture(picture, "JPEG", effort="small")  # by Pillow


@pytest.mark.parametrize("strip", [False, True])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_results_keep_it_beside_their_mark_unless_it_is_stripped(tmp_path: Path, format: str, strip: bool) -> None:
    suffix = {"JPEG": ".jpg", "TIFF": ".tif"}.get(format, f".{format.lower()}")
    (tmp_path / f"in{suffix}").write_bytes(described(format))
    jobs = plan([str(tmp_path / f"in{suffix}")], str(tmp_path / f"out{suffix}"))
    (result,) = run_jobs(jobs, lambda photos, domain: 255 - photos, Options(strip_metadata=strip))
    assert result.error is None
    content = (tmp_path / f"out{suffix}").read_bytes()
    assert made_by(tmp_path / f"out{suffix}") == "convert"
    assert (b"xmp:Rating" in content) is not strip
    assert (b"A title" in content) is (not strip and format in ("JPEG", "TIFF"))


DEEP = b"<a>" * 5000 + b"</a>" * 5000


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"no XML",
        PACKET[:-200],
        PACKET.decode().encode("utf-16"),
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        DEEP,
        b"<a>" + b"x" * MAX_BYTES + b"</a>",
    ],
    ids=["empty", "text", "cut short", "UTF-16", "entities", "deep", "long"],
)
def test_damaged_or_dangerous_descriptions_are_left_out(packet: bytes) -> None:
    cleaned = portable_xmp(packet)
    assert cleaned is None or (b"Rating" in cleaned and SECRET not in cleaned and cleaned.decode())


def test_damaged_datasets_are_left_out() -> None:
    assert portable_iptc(TITLE) == TITLE == portable_iptc(TITLE + b"\0")
    for damaged in (b"", b"text", TITLE[:-1], TITLE + b"\x1c", PREVIEW, b"\x1c\x02\x05\x80\x04" + bytes(9), None):
        assert portable_iptc(damaged) is None


def test_the_mark_is_found_beside_the_longest_description(tmp_path: Path) -> None:
    xmp = b"<a>" + bytes(np.random.default_rng(0).integers(97, 122, MAX_BYTES - 7, np.uint8)) + b"</a>"
    from translate.media.exif import exif_of_result
    from translate.media.mark import mark

    exif = exif_of_result(None, (40, 24), mark("convert"))
    for format in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF"):
        picture = Picture(PHOTO, exif=exif, description=Description(xmp))
        (tmp_path / format).write_bytes(encode_picture(picture, format))
        assert made_by(tmp_path / format) == "convert"
        assert load_picture(tmp_path / format).description.xmp == xmp
