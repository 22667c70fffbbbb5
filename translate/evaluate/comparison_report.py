"""A comparison as one HTML page or one picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from translate.evaluate.comparison import HEADER, Comparison, Pixels, metric_cells
from translate.evaluate.pair_metrics import mean
from translate.media.images import Picture, encode_picture
from translate.media.sheet import Cell, draw_sheet
from translate.report.page import Captioned, Page
from translate.storage.atomic import write_atomically

MIN_COLUMN_WIDTH = 190  # pixels, so that the metrics fit

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
    write_atomically(path, encode_picture(Picture(draw_comparison(comparison)), "PNG"))


def draw_comparison(comparison: Comparison) -> Pixels:
    """Names at the top, a row per photo, metrics at the bottom: uint8 [H, W, 3]."""
    rows = [[Cell(lines=[name]) for name in _names(comparison)]]
    for number, sample in enumerate(comparison.samples):
        pictures = [column.pictures[number] for column in comparison.results]
        if comparison.against == "truth":
            pictures.append(sample.reference)
        rows.append([Cell(sample.photo, [sample.name]), *map(Cell, pictures)])
    rows.append([Cell(lines=lines) for lines in _notes(comparison)])
    return draw_sheet(rows, least_width=MIN_COLUMN_WIDTH)


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
