"""JPEG on a GPU, played by libjpeg-turbo with the interface of nvImageCodec."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from tests.helpers.pictures import draw_photo
from translate.convert.options import Options
from translate.convert.pipeline import run_jobs
from translate.convert.planning import plan
from translate.errors import UnusableError
from translate.media import gpu_jpeg
from translate.media.gpu_jpeg import GpuJpeg
from translate.media.images import encode_picture, load_frugally, load_picture

PHOTO = draw_photo(64, 48)


class Library:
    """The part of ``nvidia.nvimgcodec`` that is used, on the CPU. It takes no progressive JPEGs."""

    QualityType = SimpleNamespace(QUALITY="quality")
    ChromaSubsampling = SimpleNamespace(CSS_444="444")

    def __init__(self) -> None:
        self.calls: list[str] = []

    def DecodeParams(self, **given: Any) -> dict[str, Any]:  # noqa: N802
        assert given == {"apply_exif_orientation": False}
        return given

    def EncodeParams(self, **given: Any) -> dict[str, Any]:  # noqa: N802
        return given

    def Decoder(self, **given: Any) -> Library:  # noqa: N802
        assert given == {"device_id": 1, "max_num_cpu_threads": 1, "options": ":fancy_upsampling=1"}
        return self

    def Encoder(self, **given: Any) -> Library:  # noqa: N802
        return self

    def as_image(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return pixels

    def decode(self, content: bytes, *, params: Any) -> Any:
        self.calls.append("decode")
        if b"\xff\xc2" in content:
            return None
        if content.endswith(b"broken"):
            raise RuntimeError("nvJPEG says no")
        return SimpleNamespace(cpu=lambda: simplejpeg.decode_jpeg(content))

    def encode(self, image: NDArray[np.uint8], *, codec: str, params: Any) -> bytes | None:
        self.calls.append("encode")
        assert codec == "jpeg" and (params["quality_type"], params["chroma_subsampling"]) == ("quality", "444")
        if image.shape[1] == 1:
            return None
        return simplejpeg.encode_jpeg(image, quality=params["quality_value"], colorsubsampling="444")


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    library = Library()
    monkeypatch.setattr(gpu_jpeg, "import_module", lambda name: library)
    return library


def jpeg(pixels: NDArray[np.uint8] = PHOTO, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=90, **options)
    return buffer.getvalue()


def load(content: bytes, codec: GpuJpeg, enough: int | None = None) -> NDArray[np.uint8]:
    loaded: Any = load_frugally(
        content, max_pixels=10**8, large=10**8, admit_large=lambda: None, enough=enough, jpeg=codec
    )
    pixels: NDArray[np.uint8] = loaded.rgb
    return pixels


def test_a_plain_photo_is_decoded_and_encoded_there(library: Library) -> None:
    codec = GpuJpeg(1)
    picture = load_picture(jpeg(exif=Image.Exif()))
    np.testing.assert_array_equal(load(jpeg(), codec), picture.rgb)
    assert library.calls == ["decode"]
    assert encode_picture(picture, "JPEG", 92, jpeg=codec) == encode_picture(picture, "JPEG", 92)
    assert library.calls == ["decode", "encode"]
    encode_picture(picture, "JPEG", effort="small", jpeg=codec)
    encode_picture(picture, "PNG", jpeg=codec)
    assert len(library.calls) == 2


def test_what_it_does_not_take_never_comes_there(library: Library) -> None:
    codec, turned = GpuJpeg(1), Image.Exif()
    turned[0x0112] = 6
    cmyk = io.BytesIO()
    Image.fromarray(PHOTO).convert("CMYK").save(cmyk, "JPEG")
    for content in (jpeg(exif=turned), jpeg(PHOTO[..., 0]), cmyk.getvalue()):
        np.testing.assert_array_equal(load(content, codec), load_picture(content).rgb)
    load(jpeg(), codec, enough=30)  # at half its size
    assert not library.calls


def test_a_photo_that_it_refuses_goes_back_and_is_told_once(library: Library) -> None:
    remarks: list[str] = []
    codec = GpuJpeg(1, on_remark=remarks.append)
    for content in (jpeg(progressive=True), jpeg() + b"broken", jpeg(progressive=True)):
        np.testing.assert_array_equal(load(content, codec), load_picture(content).rgb)
    narrow = load_picture(jpeg(PHOTO[:, :1]))
    assert encode_picture(narrow, "JPEG", jpeg=codec) == encode_picture(narrow, "JPEG")
    assert library.calls == ["decode"] * 3 + ["encode"]
    assert remarks == [
        "a picture could not be decoded on the GPU (nothing, or other pixels than its header says); the processor does "
        "that for such"
    ]


def test_a_folder_through_the_pipeline(library: Library, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(4):
        (tmp_path / "in" / f"{number}.jpg").write_bytes(jpeg(PHOTO + np.uint8(number), progressive=number == 2))
    written = []
    for codec in (None, GpuJpeg(1)):
        jobs = plan([str(tmp_path / "in")], str(tmp_path / f"out-{codec is None}"))
        results = list(run_jobs(jobs, lambda images, domain: 255 - images, Options(jpeg=codec, workers=3)))
        assert not any(result.error for result in results)
        written.append([job.output.read_bytes() for job in jobs if isinstance(job.output, Path)])
    assert written[0] == written[1]
    assert sorted(library.calls) == ["decode"] * 4 + ["encode"] * 4


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nvidia.nvimgcodec", None)
    with pytest.raises(UnusableError, match=r"gpu_jpeg: nvImageCodec cannot be loaded .*\[cuda\]' brings it"):
        GpuJpeg()


def test_a_library_that_does_not_start(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**given: Any) -> None:
        raise RuntimeError("CUDA driver version is insufficient")

    monkeypatch.setattr(library, "Decoder", refuse)
    with pytest.raises(UnusableError, match="gpu_jpeg: nvImageCodec does not start: CUDA driver version"):
        GpuJpeg()
