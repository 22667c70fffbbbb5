"""Measure a style against the pictures of its teacher: PSNR and SSIM a photo, and a sheet to look at.

    python -m tools.styles.eval_cel PAIRS [--style cel] [--sheet sheet.png]

PAIRS holds A (photos) and B (the teacher's pictures), as tools/styles/cel_pairs.py writes them.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from kornia.metrics import ssim
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.table import Table

from translate.data.pairing import match_pairs
from translate.media.images import load_rgb
from translate.style.catalogue import find_style
from translate.style.translator import Translator

Picture = NDArray[np.uint8]


def psnr_db(picture: Picture, target: Picture) -> float:
    """Peak signal-to-noise ratio over all values of two uint8 pictures."""
    squared = np.square(picture.astype(np.float64) - target).mean()
    return 10 * math.log10(255**2 / squared) if squared else math.inf


def mean_ssim(picture: Picture, target: Picture) -> float:
    """Wang et al. 2004, Gaussian window of 11 pixels, mean over the RGB channels."""
    one, other = (torch.from_numpy(p.copy()).permute(2, 0, 1)[None].float() / 255 for p in (picture, target))
    return float(ssim(one, other, window_size=11).mean())


def main(
    pairs: Annotated[Path, typer.Argument(help="folder with A (photos) and B (the teacher's pictures)")],
    style: Annotated[str, typer.Option(help="name of a shipped style, or an .onnx file")] = "cel",
    sheet: Annotated[
        Path | None, typer.Option(help="PNG to write: photo, style, teacher side by side, a row each")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda:N")] = "auto",
) -> None:
    translator = Translator(find_style(style), device=device)
    found = match_pairs(a=pairs / "A", b=pairs / "B")
    table = Table("photo", "PSNR dB", "SSIM", "of the photo itself: PSNR dB", "SSIM")
    metrics, rows = [], []
    for pair in found.pairs:
        photo, target = load_rgb(pair.a), load_rgb(pair.b)
        picture = translator(photo[None])[0]
        metrics.append(
            (psnr_db(picture, target), mean_ssim(picture, target), psnr_db(photo, target), mean_ssim(photo, target))
        )
        table.add_row(pair.name, *(f"{metric:.3f}" for metric in metrics[-1]))
        rows.append(np.hstack([photo, picture, target]))
    if not metrics:
        raise typer.BadParameter("; ".join(found.problems))
    table.add_section()
    table.add_row("mean", *(f"{metric:.3f}" for metric in np.mean(metrics, axis=0)))
    table.add_row("lowest", *(f"{metric:.3f}" for metric in np.min(metrics, axis=0)))
    Console(width=100).print(table)
    if sheet is not None:
        width = max(row.shape[1] for row in rows)
        Image.fromarray(np.vstack([np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0))) for row in rows])).save(
            sheet
        )


if __name__ == "__main__":
    typer.run(main)
