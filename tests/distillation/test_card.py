"""The card of a style holds what was measured and given, and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from tests.helpers.pictures import draw_photo
from tests.helpers.styles import style_info, write_style
from translate.distillation.card import PREVIEW_PHOTOS, PREVIEW_SIDE, draw_preview, write_card
from translate.distillation.measures import Measures
from translate.media.sheet import GAP, LINE_HEIGHT
from translate.style.contract import StyleInfo
from translate.style.translator import Translator

MEASURES = Measures(
    psnr_db=28.614,
    ssim=0.8961,
    worst=("holiday/beach", 23.25),
    photo_psnr_db=23.5,
    psnr_int8_db=28.31,
    flicker_ratio=3.4,
    seconds_per_photo=0.1234,
    seconds_int8=0.0817,
    teacher_seconds=12.34,
    count=9,
    cores=2,
    file_bytes=3_570_000,
    int8_bytes=1_010_000,
)
COMMAND = "python paint.py --strong {input} {output}"
TOP = GAP + LINE_HEIGHT + GAP  # of the pictures on a preview, in pixels


def written(
    folder: Path,
    *,
    info: StyleInfo | None = None,
    measures: Measures = MEASURES,
    made_from: str = COMMAND,
    repeatability: str | None = "answers the same each time (60 dB)",
    failures: int = 3,
) -> str:
    path = folder / "style.md"
    write_card(
        path,
        info=info or style_info(title="Aquarelle", working_size=768, licence="CC BY 4.0", training_data="my photos"),
        measures=measures,
        made_from=made_from,
        training="5,000 steps in 41 minutes, bf16",
        repeatability=repeatability,
        failures=failures,
        photos=96,
    )
    assert [each.name for each in folder.iterdir()] == ["style.md"]
    return path.read_text(encoding="utf-8")


def facts(card: str) -> dict[str, str]:
    """The rows of the card's tables."""
    rows = [line for line in card.splitlines() if line.startswith("|") and line not in ("| | |", "| --- | --- |")]
    cells = [re.split(r"(?<!\\)\|", row) for row in rows]
    assert all(len(row) == 4 for row in cells), "a row of two cells"
    return {row[1].strip(): row[2].strip() for row in cells}


def test_it_holds_all_that_is_known(tmp_path: Path) -> None:
    card = written(tmp_path)
    assert card.startswith("# The style Aquarelle\n")
    assert f"\n\n    {COMMAND}\n\n" in card
    assert "On the 9 photos held out" in card
    assert "- licence of the weights: CC BY 4.0\n- training data: my photos\n" in card
    assert facts(card) == {
        "network": "handmade, tile-safe, receptive field 11 pixels",
        "made for": "pictures of 768 pixels on the longer side (`working_size` in the metadata)",
        "method": "none, crops of 64 pixels",
        "training": "5,000 steps in 41 minutes, bf16",
        "photos": "96, 9 of them held out from training",
        "left out": "3 more, of which there is no usable target picture",
        "file": "3.57 MB, float32; 1.01 MB in eight bits",
        "PSNR, mean": "28.61 dB",
        "PSNR, lowest": "23.25 dB (holiday/beach)",
        "PSNR in eight bits, mean": "28.31 dB",
        "PSNR of the photos themselves, mean": "23.50 dB",
        "SSIM, mean": "0.896",
        "flicker": "3.40",
        "time for a photo, on 2 processor cores": "0.123 s",
        "time in eight bits, on 2 processor cores": "0.082 s",
        "time of the teacher": "12.3 s",
        "the teacher, run twice": "answers the same each time (60 dB)",
    }


def test_what_was_not_measured_is_left_out(tmp_path: Path) -> None:
    unknown = replace(
        MEASURES,
        psnr_int8_db=None,
        seconds_int8=None,
        int8_bytes=None,
        teacher_seconds=None,
        flicker_ratio=float("nan"),
        cores=1,
    )
    card = written(
        tmp_path,
        info=style_info(tile_safe=False, receptive_field=0),
        measures=unknown,
        made_from="finished pictures in art",
        repeatability=None,
        failures=0,
    )
    assert "\n\n    finished pictures in art\n\n" in card
    assert not re.search(r"eight bits|nan|None|teacher|[Ff]licker", card)
    found = facts(card)
    assert not found.keys() & {"made for", "left out"}
    assert found["network"] == "handmade, looks at the whole picture"
    assert found["file"] == "3.57 MB, float32"
    assert found["time for a photo, on 1 processor core"] == "0.123 s"


def test_foreign_text_stays_text(tmp_path: Path) -> None:
    info = style_info(title="A | B\n# *C*", training_data="<img src=x>\n\n| `d` |")
    measures = replace(MEASURES, worst=("a|b\x1b[2J", 20.0))
    card = written(tmp_path, info=info, measures=measures, made_from="tool '|' {input}\n# {output} ```")
    assert card.startswith("# The style A \\| B # \\*C\\*\n")
    assert "- training data: \\<img src=x> \\| \\`d\\` \\|\n" in card
    assert "\n    tool '|' {input} # {output} ```\n" in card
    assert facts(card)["PSNR, lowest"] == r"20.00 dB (a\|b\\x1b\[2J)"
    assert [line for line in card.splitlines() if line.startswith("#")] == [
        "# The style A \\| B # \\*C\\*",
        "## Figures",
        "## Training data and licence",
    ]


def test_a_preview_shows_photo_target_and_style(tmp_path: Path) -> None:
    style = write_style(tmp_path / "style.onnx")
    held_out = {}
    for name, size in {"wide": (200, 60), "tall": (40, 90)}.items():
        photo = draw_photo(*size)
        held_out[name] = (tmp_path / f"{name}.png", tmp_path / f"{name} target.png")
        for picture, path in zip((photo, 255 - photo), held_out[name], strict=True):
            Image.fromarray(picture).save(path)
    preview = draw_preview(style, held_out)
    assert preview.shape == (TOP + 60 + GAP + 90 + GAP, 4 * GAP + 3 * 200, 3)
    translator, top = Translator(style, device="cpu"), TOP
    for width, height in ((200, 60), (40, 90)):
        photo = draw_photo(width, height)
        for number, expected in enumerate((photo, 255 - photo, translator(photo[np.newaxis])[0])):
            left = GAP + number * (200 + GAP)
            np.testing.assert_array_equal(preview[top : top + height, left : left + width], expected)
        top += height + GAP


def test_a_preview_is_of_bounded_size(tmp_path: Path) -> None:
    style = write_style(tmp_path / "style.onnx")
    path = tmp_path / "photo.png"
    Image.fromarray(draw_photo(2 * PREVIEW_SIDE, 100)).save(path)
    preview = draw_preview(style, {str(number): (path, path) for number in range(PREVIEW_PHOTOS + 3)})
    assert preview.shape == (TOP + PREVIEW_PHOTOS * (50 + GAP), GAP + 3 * (PREVIEW_SIDE + GAP), 3)
