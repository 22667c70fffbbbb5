"""Make the int8 variant of a style file, and measure its loss.

    python -m tools.styles.quantise STYLE OUT --calibration PHOTOS --measure OTHERS [--measure MORE]

Calibrates with up to 40 photos spread evenly over PHOTOS. The loss on the first ``--measure`` folder is stored in OUT.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from translate.export.calibration import MAX_PHOTOS
from translate.export.quantise import measure_loss, quantise_style
from translate.storage.folders import find_images
from translate.style.catalogue import find_style


def main(
    style: Annotated[str, typer.Argument(help="name of a shipped style, or an .onnx file, in float32")],
    output: Annotated[Path, typer.Argument(help="the .onnx file to write")],
    calibration: Annotated[Path, typer.Option(help="folder of photos to calibrate with")],
    measure: Annotated[list[Path], typer.Option(help="folders of other photos to measure the loss on")],
) -> None:
    source = find_style(style)
    photos = find_images(calibration, recursive=True)
    spread = photos[:: max(1, -(-len(photos) // MAX_PHOTOS))]
    first, *others = measure
    print(f"{first}: {quantise_style(source, output, spread, find_images(first, recursive=True))}")
    for folder in others:
        print(f"{folder}: {measure_loss(output, source, find_images(folder, recursive=True))}")


if __name__ == "__main__":
    typer.run(main)
