"""Remove hidden channels that never fire from a style file, and print how many are left in each layer.

    python -m tools.styles.prune STYLE OUT PHOTOS...

PHOTOS are folders of photos like those the style will convert. The int8 variant has to be made again afterwards.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from translate.export.prune import prune_style
from translate.storage.folders import find_images
from translate.style.catalogue import find_style


def main(
    style: Annotated[str, typer.Argument(help="name of a shipped style, or an .onnx file, in float32")],
    output: Annotated[Path, typer.Argument(help="the .onnx file to write")],
    folders: Annotated[list[Path], typer.Argument(help="folders of photos")],
) -> None:
    photos = [photo for folder in folders for photo in find_images(folder, recursive=True)]
    for layer, (kept, channels) in prune_style(find_style(style), output, photos).items():
        print(f"{layer}: {kept} of {channels} channels")


if __name__ == "__main__":
    typer.run(main)
