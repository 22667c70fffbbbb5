"""Distances alone, a discriminator alone, or both? The talking heads of tools/known/talking_heads.py, trained each way.

    python -m tools.known.compare_talking_heads DATA OUT --steps 20000

Supervision alone should blur what the inputs leave open, a GAN alone invent it; Isola et al. 2017, section 4.1, find
the blend best. Three runs of pix2pix differ in their weights only: L1 alone (``lambda_gan`` 0), GAN alone
(``lambda_l1`` 0) and both. They are judged on the characters of DATA/test, which none has seen, against the true
pictures: L1 and SSIM, means over the pictures. The first row is the neutral face as it is. OUT gets runs/NAME,
NAME.onnx, table.md and sheet.png; repeating the command resumes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from tools.known.sheets import save_sheet
from translate.config import Pix2PixConfig
from translate.data.pairing import Pair, match_inputs
from translate.evaluate.pair_metrics import PairMetrics, compare_pictures, mean
from translate.export.to_onnx import export_style, load_run
from translate.media.images import load_rgb
from translate.storage.atomic import write_atomically
from translate.style.translator import Translator
from translate.train.loop import train

Picture = NDArray[np.uint8]
WEIGHTS: dict[str, dict[str, float]] = {"L1 alone": {"lambda_gan": 0.0}, "GAN alone": {"lambda_l1": 0.0}, "both": {}}
SHOWN = 8  # rows of the sheet


def judged(translate: Callable[[Picture, Picture], Picture], pairs: Sequence[Pair]) -> PairMetrics:
    """The mean metrics of ``translate``, from face and landmarks, against the true pictures."""
    return mean(
        [compare_pictures(translate(load_rgb(pair.a), load_rgb(pair.further[0])), load_rgb(pair.b)) for pair in pairs]
    )


def by_style(file: Path) -> Callable[[Picture, Picture], Picture]:
    translator = Translator(file, inputs=2)
    return lambda face, landmarks: translator(np.concatenate([face, landmarks], axis=2)[None])[0]


def settings(data: Path, out: Path, given: dict[str, Any], weights: dict[str, float]) -> Pix2PixConfig:
    folders = {"inputs": [data / "faces", data / "landmarks"], "b": data / "b", "out": out}
    return Pix2PixConfig.resolve(folders | given | weights, preset="light")


def table(rows: dict[str, PairMetrics]) -> str:
    lines = ["| trained with | L1 of 255 | SSIM |", "| --- | ---: | ---: |"]
    lines += [f"| {name} | {metrics.l1:.2f} | {metrics.ssim:.4f} |" for name, metrics in rows.items()]
    return "\n".join(lines) + "\n"


def main(
    data: Annotated[Path, typer.Argument(help="folder that tools/known/talking_heads.py wrote")],
    out: Annotated[Path, typer.Argument(help="folder to write")],
    steps: Annotated[int, typer.Option(help="steps of each run")] = 20_000,
    crop: Annotated[int, typer.Option(help="side of the pictures")] = 128,
    generator: Annotated[str, typer.Option(help="generator network")] = "mobile",
    channels: Annotated[int, typer.Option(help="channels of the generator's first layer")] = 32,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N")] = "auto",
) -> None:
    given = {
        "crop": crop,
        "steps": steps,
        "generator": generator,
        "generator_options": {"channels": channels},
        "device": device,
        "sample_every": 0,
    }
    folder = data / "test"
    pairs = match_inputs([folder / "faces", folder / "landmarks"], folder / "b").pairs
    rows = {"the face as it is": judged(lambda face, landmarks: face, pairs)}
    shown = pairs[:: max(1, len(pairs) // SHOWN)][:SHOWN]
    columns = [[load_rgb(pair.a) for pair in shown], [load_rgb(pair.further[0]) for pair in shown]]
    for name, weights in WEIGHTS.items():
        run, file = out / "runs" / name.replace(" ", "-"), out / f"{name.replace(' ', '-')}.onnx"
        train(settings(data / "train", run, given, weights))
        export_style(*load_run(run, "AtoB", title=name), file)
        translate = by_style(file)
        rows[name] = judged(translate, pairs)
        columns.append([translate(*pictures) for pictures in zip(columns[0], columns[1], strict=True)])
        write_atomically(out / "table.md", table(rows).encode())
    columns.append([load_rgb(pair.b) for pair in shown])
    save_sheet(list(zip(*columns, strict=True)), out / "sheet.png")
    typer.echo(table(rows), nl=False)


if __name__ == "__main__":
    typer.run(main)
