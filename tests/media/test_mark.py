"""The mark by which results are told from photos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.pictures import draw_photo
from translate.media.exif import exif_of_result
from translate.media.formats import FORMATS
from translate.media.images import Picture, encode_picture
from translate.media.mark import Action, made_by, mark

PHOTO = draw_photo(200, 150)


@pytest.mark.parametrize("action", ["convert", "upscale"])
@pytest.mark.parametrize("format", [name for name in FORMATS if name != "BMP"])
def test_results_are_recognised(tmp_path: Path, format: str, action: Action) -> None:
    path = tmp_path / "result"
    path.write_bytes(encode_picture(Picture(PHOTO, exif=exif_of_result(None, (200, 150), mark(action))), format))
    assert made_by(path) == action
    path.write_bytes(encode_picture(Picture(PHOTO), format))
    assert made_by(path) is None


def test_the_mark_is_found_at_the_end_of_a_large_file(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (300, 300, 3), np.uint8)
    exif = exif_of_result(None, (300, 300), mark("convert"))
    Image.fromarray(noise).save(tmp_path / "large.webp", lossless=True, exif=exif)  # EXIF comes last in a WebP
    assert (tmp_path / "large.webp").stat().st_size > 1 << 17
    assert made_by(tmp_path / "large.webp") == "convert"


def test_no_file_has_no_mark(tmp_path: Path) -> None:
    assert made_by(tmp_path) is None and made_by(tmp_path / "missing") is None
