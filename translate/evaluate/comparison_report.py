"""A comparison as one HTML page or one picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from translate.evaluate.comparison import HEADER, Comparison, Pixels, metric_cells
from translate.evaluate.pair_metrics import mean
from translate.media.images import Picture, encode_picture
from translate.report.page import Captioned, Page
from translate.storage.atomic import write_atomically

GAP = 8  # pixels between pictures
MIN_COLUMN_WIDTH = 190  # pixels, so that the metrics fit
FONT_SIZE = 16  # pixels
LINE_HEIGHT = 22  # pixels
INK, PAPER = (27, 31, 36), (255, 255, 255)

METRICS_EXPLAINED = (
    "PSNR and SSIM: higher is closer to the {against}. L1: mean absolute difference, of 255. Edges: correlation of "
    "edge strengths, 1 where all edges are in the same places. Colour shift: CIE 1976 delta E of 16x16 blocks; 2.3 is "
    "just visible. ms/MP: milliseconds per megapixel of the network only, on {devices}, median over the photos."
)


def write_page(comparison: Comparison, path: Path) -> None:
    """Metrics and pictures as one HTML page. Raises ``PictureError`` where it cannot be written."""
    against = comparison.against
    page = Page(
        "Comparison of models",
        f"{len(comparison.samples)} photos; metrics against the {against}, means over the photos.",
    )
    page.table(HEADER, comparison.rows())
    page.text(METRICS_EXPLAINED.format(against=against, devices=comparison.devices))
    page.heading("Pictures")
    rows: list[list[Captioned]] = []
    for number, sample in enumerate(comparison.samples):
        row: list[Captioned] = [(sample.photo, sample.name)]
        for column in comparison.results:
            metrics = column.metrics[number]
            row.append((column.pictures[number], f"SSIM {metrics.ssim:.2f}, colour shift {metrics.colour_shift:.1f}"))
        rows.append(row if sample.truth is None else [*row, (sample.truth, "")])
    page.pictures(rows, header=_names(comparison))
    page.write(path)


def write_sheet(comparison: Comparison, path: Path) -> None:
    """Metrics and pictures as one PNG. Raises ``PictureError`` where it cannot be written."""
    write_atomically(path, encode_picture(Picture(draw_sheet(comparison)), "PNG"))


def draw_sheet(comparison: Comparison) -> Pixels:
    """Names at the top, a row per photo, metrics at the bottom: uint8 [H, W, 3]."""
    columns = [[sample.photo for sample in comparison.samples], *(column.pictures for column in comparison.results)]
    if comparison.against == "truth":
        columns.append([sample.reference for sample in comparison.samples])
    width = max(MIN_COLUMN_WIDTH, *(picture.shape[1] for picture in columns[0]))
    heights = [picture.shape[0] for picture in columns[0]]
    notes = _notes(comparison)
    total = LINE_HEIGHT + sum(heights) + (LINE_HEIGHT + GAP) * len(heights) + LINE_HEIGHT * max(map(len, notes)) + GAP
    sheet = Image.new("RGB", (GAP + len(columns) * (width + GAP), GAP + total), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(FONT_SIZE)

    def write(x: int, y: int, text: str) -> None:
        draw.text((x, y), _fitting(text, width, font), INK, font)

    for number, (name, pictures, lines) in enumerate(zip(_names(comparison), columns, notes, strict=True)):
        x, y = GAP + number * (width + GAP), GAP
        write(x, y, name)
        y += LINE_HEIGHT
        for sample, picture, height in zip(comparison.samples, pictures, heights, strict=True):
            sheet.paste(Image.fromarray(picture), (x, y))
            if number == 0:
                write(x, y + height + 2, sample.name)
            y += height + LINE_HEIGHT + GAP
        for line in lines:
            write(x, y, line)
            y += LINE_HEIGHT
    return np.array(sheet)


def _names(comparison: Comparison) -> list[str]:
    names = ["photo", *(column.source.name for column in comparison.results)]
    return names if comparison.against == "photo" else [*names, "truth"]


def _notes(comparison: Comparison) -> list[list[str]]:
    """The lines of text below each column."""
    unchanged = comparison.unchanged
    first = [f"metrics against the {comparison.against}"]
    if unchanged is not None:
        first += _labelled(metric_cells(mean(unchanged)))
    notes = [first, *(["", *_labelled(column.cells()[1:])] for column in comparison.results)]
    return notes if unchanged is None else [*notes, []]


def _labelled(cells: Sequence[str]) -> list[str]:
    return [f"{name}: {cell}" for name, cell in zip(HEADER[1:], cells, strict=False)]


def _fitting(text: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """``text`` on one line, with its beginning cut off where it is wider than ``width`` pixels."""
    text = "".join(char if char.isprintable() else "?" for char in text)
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"...{text}") > width:
        text = text[1:]
    return f"...{text}"
