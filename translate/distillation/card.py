"""The card of a new style, its model card in Markdown, and a preview; both hold only what was measured or given."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

import numpy as np

from translate.distillation.measures import HeldOut, Measures
from translate.errors import printable
from translate.evaluate.comparison import Pixels
from translate.evaluate.set_metrics import spaced_indices
from translate.media.images import Picture, load_rgb, shrink
from translate.media.sheet import Cell, draw_sheet
from translate.storage.atomic import write_atomically
from translate.style.contract import StyleInfo
from translate.style.translator import Translator

PREVIEW_PHOTOS = 6
PREVIEW_SIDE = 384  # pixels of the longer side of a picture
HEADINGS = ("photo", "target", "style")

_MARKDOWN = re.compile(r"[\\`*<|\[\]]")  # what would not be shown as it is

Row = tuple[str, str]


def write_card(
    path: Path,
    *,
    info: StyleInfo,
    measures: Measures,
    made_from: str,
    training: str,
    repeatability: str | None,
    failures: int,
    photos: int,
) -> None:
    """Write the card of the style with the metadata ``info`` as ``path``.

    ``made_from``: the teacher's command, or where the finished pictures came from. ``training``: its steps and time, in
    one line. ``repeatability``: the verdict on a teacher that was run twice, None where none was. ``photos`` have a
    target picture, those held out among them; ``failures`` more have none. Raises ``PictureError`` where the card
    cannot be written.
    """
    facts = [*_network(info), ("training", _plain(training)), *_photos(measures, photos, failures), _file(measures)]
    parts = [
        f"# The style {_plain(info.title)}",
        "Made by `translate distill`. Its target pictures come from:",
        indent(printable(" ".join(made_from.splitlines())), "    "),
        _table(facts),
        "## Figures",
        _explanation(measures),
        _table(list(_figures(measures, repeatability))),
        "## Training data and licence",
        f"- licence of the weights: {_plain(info.licence)}\n- training data: {_plain(info.training_data)}",
    ]
    write_atomically(path, ("\n\n".join(parts) + "\n").encode())


def draw_preview(style: Path, held_out: HeldOut) -> Pixels:
    """Up to `PREVIEW_PHOTOS` of the photos with their target pictures and the style's: uint8 [H, W, 3].

    Raises ``PictureError`` and ``UnusableError`` as `translate.distillation.measures.measure` does.
    """
    translator = Translator(style, device="cpu")
    files = list(held_out.values())
    rows = [[Cell(lines=[heading]) for heading in HEADINGS]]
    for index in spaced_indices(len(files), PREVIEW_PHOTOS):
        photo, target = map(load_rgb, files[index])
        pictures = (photo, target, translator(photo[np.newaxis])[0])
        rows.append([Cell(shrink(Picture(picture), PREVIEW_SIDE).rgb) for picture in pictures])
    return draw_sheet(rows)


def _network(info: StyleInfo) -> Iterator[Row]:
    reach = f"receptive field {info.receptive_field} pixels" if info.receptive_field else "looks at the whole picture"
    yield "network", f"{_plain(info.generator)}, {'tile-safe, ' if info.tile_safe else ''}{reach}"
    if info.working_size:
        yield "made for", f"pictures of {info.working_size} pixels on the longer side (`working_size` in the metadata)"
    yield "method", f"{_plain(info.method)}, crops of {info.training_size} pixels"


def _photos(measures: Measures, photos: int, failures: int) -> Iterator[Row]:
    yield "photos", f"{photos}, {measures.count} of them held out from training"
    if failures:
        yield "left out", f"{failures} more, of which there is no usable target picture"


def _file(measures: Measures) -> Row:
    int8 = "" if measures.int8_bytes is None else f"; {_megabytes(measures.int8_bytes)} in eight bits"
    return "file", f"{_megabytes(measures.file_bytes)}, float32{int8}"


def _explanation(measures: Measures) -> str:
    text = (
        f"On the {measures.count} photos held out from training, against their target pictures, which are what the "
        "style was to learn. PSNR over all values, SSIM with a Gaussian window of 11 pixels, mean over RGB."
    )
    if math.isnan(measures.flicker_ratio):
        return text
    return (
        f"{text} Flicker: the mean change from frame to frame of a slow diagonal pan, 2 pixels per frame, over that of "
        "the photo itself."
    )


def _figures(measures: Measures, repeatability: str | None) -> Iterator[Row]:
    name, lowest = measures.worst
    yield "PSNR, mean", f"{measures.psnr_db:.2f} dB"
    yield "PSNR, lowest", f"{lowest:.2f} dB ({_plain(name)})"
    if measures.psnr_int8_db is not None:
        yield "PSNR in eight bits, mean", f"{measures.psnr_int8_db:.2f} dB"
    yield "PSNR of the photos themselves, mean", f"{measures.photo_psnr_db:.2f} dB"
    yield "SSIM, mean", f"{measures.ssim:.3f}"
    if not math.isnan(measures.flicker_ratio):
        yield "flicker", f"{measures.flicker_ratio:.2f}"
    on = f"on {measures.cores} processor {'core' if measures.cores == 1 else 'cores'}"
    yield f"time for a photo, {on}", _seconds(measures.seconds_per_photo)
    if measures.seconds_int8 is not None:
        yield f"time in eight bits, {on}", _seconds(measures.seconds_int8)
    if measures.teacher_seconds is not None:
        yield "time of the teacher", _seconds(measures.teacher_seconds)
    if repeatability is not None:
        yield "the teacher, run twice", _plain(repeatability)


def _table(rows: list[Row]) -> str:
    return "\n".join(["| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows)])


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.2f} MB"


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f} s" if seconds < 1 else f"{seconds:.1f} s"


def _plain(text: str) -> str:
    """``text`` on one line, so that Markdown shows it as it is, in a table too."""
    return _MARKDOWN.sub(lambda found: f"\\{found[0]}", printable(" ".join(text.split())))
