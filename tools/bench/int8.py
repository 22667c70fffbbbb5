"""Compare the time that style files take on the CPU, such as a style and its int8 variant.

    python -m tools.bench.int8 REFERENCE STYLE... [--width 768] [--height 512] [--rounds 20]

Sessions are opened as for converting. The styles take turns, and the result is the median of the ratios within each
round, so that other load on the machine affects all of them.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from translate.machine import int8_is_fast
from translate.style.translator import Translator


def main(
    styles: Annotated[list[Path], typer.Argument(help=".onnx files; the others are compared with the first")],
    width: Annotated[int, typer.Option(min=1, help="of the picture, in pixels")] = 768,
    height: Annotated[int, typer.Option(min=1, help="of the picture, in pixels")] = 512,
    rounds: Annotated[int, typer.Option(min=1, help="timed runs of each style")] = 20,
) -> None:
    image = np.random.default_rng(0).integers(0, 256, (1, height, width, 3), np.uint8)
    translators = [Translator(style, device="cpu") for style in styles]
    for translator in translators:
        translator(image)  # the first run also allocates memory
    milliseconds: list[list[float]] = [[] for _ in styles]
    for _ in range(rounds):
        for translator, times in zip(translators, milliseconds, strict=True):
            start = time.perf_counter()
            translator(image)
            times.append((time.perf_counter() - start) * 1e3)
    print(f"{width} x {height} pixels, int8 counts as fast here: {int8_is_fast()}")
    for style, times in zip(styles, milliseconds, strict=True):
        share = statistics.median(own / other for own, other in zip(times, milliseconds[0], strict=True))
        print(
            f"{style}: median {statistics.median(times):.0f} ms, fastest {min(times):.0f} ms, {share:.0%} of the time"
        )


if __name__ == "__main__":
    typer.run(main)
