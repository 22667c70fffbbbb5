"""Link pictures whose mean colour is within bounds into a folder, such as nights: dark and blue.

    python tools/pick_by_colour.py PICTURES OUT [--light 0 38] [--blue-yellow -128 0]

Bounds are of L* and of b* in CIELAB.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer

from translate.folders import find_images
from translate.images import load_rgb


def main(
    pictures: Annotated[Path, typer.Argument(help="folder of pictures")],
    out: Annotated[Path, typer.Argument(help="folder for the links")],
    light: Annotated[tuple[float, float], typer.Option(help="least and greatest mean L*")] = (0, 100),
    blue_yellow: Annotated[tuple[float, float], typer.Option(help="least and greatest mean b*")] = (-128, 128),
) -> None:
    out.mkdir(parents=True, exist_ok=True)
    found = find_images(pictures, recursive=True)
    picked = 0
    for path in found:
        small = cv2.resize(load_rgb(path), (64, 64), interpolation=cv2.INTER_AREA)
        means = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).mean((0, 1))
        if light[0] <= means[0] <= light[1] and blue_yellow[0] <= means[2] <= blue_yellow[1]:
            (out / path.name).symlink_to(path.resolve())
            picked += 1
    print(f"{picked} of {len(found)} pictures -> {out}")


if __name__ == "__main__":
    typer.run(main)
