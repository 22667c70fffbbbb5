"""Measure how close a style comes to a known translation: mean L1 to the truth, of its results and of the photos.

    python -m tools.known.check STYLE TEST [--sheet sheet.png]

TEST holds A (photos) and B (what they should become), as tools/known/make.py writes them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from tools.known.sheets import save_sheet
from translate.data.pairing import match_pairs
from translate.media.images import load_rgb
from translate.style.catalogue import find_style
from translate.style.translator import Translator


def mean_l1(picture: NDArray[np.uint8], truth: NDArray[np.uint8]) -> float:
    """The mean absolute difference, of 255, between two uint8 pictures of the same shape."""
    return float(np.abs(picture.astype(np.int16) - truth).mean())


def main(
    style: Annotated[str, typer.Argument(help="an .onnx file, or the name of a shipped style")],
    test: Annotated[Path, typer.Argument(help="folder with A (photos) and B (the truth)")],
    sheet: Annotated[Path | None, typer.Option(help="PNG to write: rows of photo, translated, truth")] = None,
    rows: Annotated[int, typer.Option(help="photos on the sheet, evenly spaced")] = 12,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda:N")] = "auto",
) -> None:
    translator = Translator(find_style(style), device=device)
    found = match_pairs(a=test / "A", b=test / "B")
    if found.problems:
        raise typer.BadParameter("; ".join(found.problems))
    table = Table("photo", "L1 of the photo", "L1 translated", "share")
    metrics, pictures = [], []
    for pair in found.pairs:
        photo, truth = load_rgb(pair.a), load_rgb(pair.b)
        translated = translator(photo[None])[0]
        before, after = mean_l1(photo, truth), mean_l1(translated, truth)
        metrics.append((before, after))
        pictures.append((photo, translated, truth))
        table.add_row(pair.name, f"{before:.2f}", f"{after:.2f}", f"{after / max(before, 1e-9):.1%}")
    before, after = np.mean(metrics, axis=0)
    table.add_section()
    table.add_row("mean", f"{before:.2f}", f"{after:.2f}", f"{after / max(before, 1e-9):.1%}")
    Console(width=100).print(table)
    if sheet is not None:
        save_sheet(pictures[:: max(1, len(pictures) // rows)][:rows], sheet)


if __name__ == "__main__":
    typer.run(main)
