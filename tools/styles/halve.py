"""Make the float16 variants of style files for GPUs, and measure their loss.

    python -m tools.styles.halve PHOTOS [STYLE...] [--out FOLDER]

STYLE is the name of a shipped style or an .onnx file in float32, by default each shipped one; NAME-fp16.onnx is written
beside it, or into FOLDER. The loss on PHOTOS, scaled down to 768 pixels, is stored in it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from translate.export.half import halve_style
from translate.storage.folders import find_images
from translate.style.catalogue import FP16, find_style, list_styles


def main(
    photos: Annotated[Path, typer.Argument(help="folder of photos to measure the loss on")],
    styles: Annotated[list[str] | None, typer.Argument(help="names or files; default: all shipped styles")] = None,
    out: Annotated[Path | None, typer.Option(help="folder to write to; default: beside each style")] = None,
) -> None:
    for style in styles or list_styles():
        source = find_style(style)
        variant = (out or source.parent) / f"{source.stem}{FP16}.onnx"
        print(f"{variant}: {halve_style(source, variant, find_images(photos, recursive=True))}", flush=True)


if __name__ == "__main__":
    typer.run(main)
