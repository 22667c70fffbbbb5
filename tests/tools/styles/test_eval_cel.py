"""A style compared with pictures of a teacher."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image

from tests.helpers.pictures import draw_photo
from tools.styles.eval_cel import main
from translate.evaluate.pair_metrics import compare_pictures
from translate.media.images import load_rgb
from translate.style.translator import Translator


def test_metrics_of_style_and_photo_and_the_sheet(
    tiny_style: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = draw_photo(48, 32)
    target = 255 - photo
    for side, pixels in (("A", photo), ("B", target)):
        (tmp_path / side).mkdir()
        Image.fromarray(pixels).save(tmp_path / side / "photo.png")
    main(tmp_path, style=str(tiny_style), sheet=tmp_path / "sheet.png", device="cpu")
    translated = Translator(tiny_style, device="cpu")(photo[None])[0]
    expected = [
        f"{metric:.3f}"
        for picture in (translated, photo)
        for metric in (compare_pictures(picture, target).psnr_db, compare_pictures(picture, target).ssim)
    ]
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("│ photo "))
    assert [cell.strip() for cell in row.strip("│").split("│")[1:]] == expected
    np.testing.assert_array_equal(load_rgb(tmp_path / "sheet.png"), np.hstack([photo, translated, target]))


def test_missing_pairs_are_refused(tiny_style: Path, tmp_path: Path) -> None:
    for side in "AB":
        (tmp_path / side).mkdir()
    with pytest.raises(typer.BadParameter):
        main(tmp_path, style=str(tiny_style), device="cpu")
