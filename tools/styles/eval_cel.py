"""Compare a style with its teacher's pictures: PSNR and SSIM per photo, and a contact sheet.

    python -m tools.styles.eval_cel PAIRS [--style cel] [--sheet sheet.png]

PAIRS holds A (photos) and B (what `python -m tools.styles.teachers` makes of them, with the same names). The metrics,
defined in `translate.evaluate.pair_metrics`, are also given for the untranslated photos, as the baseline.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image
from rich.console import Console
from rich.table import Table

from translate.data.pairing import match_pairs
from translate.evaluate.pair_metrics import compare_pictures
from translate.media.images import load_rgb
from translate.style.catalogue import find_style
from translate.style.translator import Translator


def main(
    pairs: Annotated[Path, typer.Argument(help="folder with A (photos) and B (the teacher's pictures)")],
    style: Annotated[str, typer.Option(help="name of a shipped style, or an .onnx file")] = "cel",
    sheet: Annotated[
        Path | None, typer.Option(help="PNG to write: one row per photo, with photo, style and teacher")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda:N")] = "auto",
) -> None:
    translator = Translator(find_style(style), device=device)
    found = match_pairs(a=pairs / "A", b=pairs / "B")
    table = Table("photo", "PSNR dB", "SSIM", "untranslated: PSNR dB", "SSIM")
    metrics, rows = [], []
    for pair in found.pairs:
        photo, target = load_rgb(pair.a), load_rgb(pair.b)
        picture = translator(photo[None])[0]
        translated, untranslated = compare_pictures(picture, target), compare_pictures(photo, target)
        metrics.append((translated.psnr_db, translated.ssim, untranslated.psnr_db, untranslated.ssim))
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
