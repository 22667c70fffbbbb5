"""A distance alone, a discriminator alone, or both? Talking heads of tools/known/talking_heads.py, trained each way.

    python -m tools.known.compare_talking_heads DATA OUT --steps 10000

Supervision alone should blur what the inputs leave open, a GAN alone invent it; Isola et al. 2017, section 4.1, find
the blend best. Three runs of pix2pix differ in their weights only: L1 alone (``lambda_gan`` 0), GAN alone
(``lambda_l1`` 0) and both. They are judged on the characters of DATA/test, which none has seen. L1 and SSIM to the true
pictures, means over the pictures, say how close each picture is; the strength of edges relative to that of the true
pictures, how crisp they are; KID, of all results to all true pictures in the features of EfficientNet-Lite0, how real
they look together. The first row is the neutral face as it is.

OUT gets runs/NAME, NAME.onnx, NAME/ with the results, table.md and sheet.png; repeating the command resumes it. With
``--only NAME`` one run is trained and nothing judged, so that the three can share a machine.

The generator has batch normalisation and no dropout, unlike `unet`'s defaults: normalised one by one, the smallest maps
of the encoder could say little about a character. R1 and shifts of what the discriminator sees keep it from winning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image

from tools.known.sheets import save_sheet
from translate.config import Pix2PixConfig
from translate.evaluate.extractors import Lite0
from translate.evaluate.features import Clock, cached_features_of
from translate.evaluate.pair_metrics import compare_pictures, mean
from translate.evaluate.set_metrics import kernel_distance
from translate.export.to_onnx import export_style, load_run
from translate.media.images import load_rgb
from translate.storage.atomic import write_atomically
from translate.style.translator import Translator
from translate.train.loop import train

Picture = NDArray[np.uint8]
WEIGHTS: dict[str, dict[str, float]] = {
    "L1 alone": {"lambda_gan": 0.0},
    "GAN alone": {"lambda_l1": 0.0},
    # not the paper's 100: R1 keeps the discriminator's gradient small, and 100 drowned it
    "both": {"lambda_l1": 20.0},
}
STABILISERS = {"lambda_r1": 0.001, "r1_every": 8, "diff_augment": "translation"}
SHOWN = 8  # rows of the sheet


@dataclass(frozen=True)
class Closeness:
    """How close results are to the true pictures: each to its own by L1 (of 255) and SSIM, all to all by the rest."""

    l1: float
    ssim: float
    edges: float  # strength relative to the true pictures': below 1 blurred, above 1 harsh or noisy
    kid: float


def judged(results: Sequence[Path], wanted: Sequence[Path]) -> Closeness:
    extractor, clock = Lite0("cpu"), Clock()
    one, other = (cached_features_of(paths[0].parent, paths, extractor, clock).content for paths in (results, wanted))
    pairs = [(load_rgb(result), load_rgb(true)) for result, true in zip(results, wanted, strict=True)]
    metrics = mean([compare_pictures(*pair) for pair in pairs])
    ours, theirs = (sum(map(edge_strength, pictures)) for pictures in zip(*pairs, strict=True))
    return Closeness(metrics.l1, metrics.ssim, ours / theirs, kernel_distance(one, other).mean)


def edge_strength(picture: Picture) -> float:
    """The mean length of the gradient of the channels' mean, in levels per pixel."""
    return float(np.hypot(*np.gradient(picture.mean(axis=2))).mean())


def by_style(file: Path) -> Callable[[Picture, Picture], Picture]:
    translator = Translator(file, inputs=2)
    return lambda face, landmarks: translator(np.concatenate([face, landmarks], axis=2)[None])[0]


def translated(file: Path, faces: Sequence[Path], landmarks: Sequence[Path], folder: Path) -> list[Path]:
    """The files of the results, named like the faces."""
    translate = by_style(file)
    folder.mkdir(parents=True, exist_ok=True)
    results = [folder / face.name for face in faces]
    for face, drawing, result in zip(faces, landmarks, results, strict=True):
        Image.fromarray(translate(load_rgb(face), load_rgb(drawing))).save(result)
    return results


def settings(data: Path, out: Path, given: dict[str, Any], weights: dict[str, float]) -> Pix2PixConfig:
    folders = {"inputs": [data / "faces", data / "landmarks"], "b": data / "b", "out": out}
    return Pix2PixConfig.resolve(folders | given | weights, preset="light")


def table(rows: dict[str, Closeness]) -> str:
    lines = ["| trained with | L1 of 255 | SSIM | edges | KID |", "| --- | ---: | ---: | ---: | ---: |"]
    lines += [
        f"| {name} | {row.l1:.2f} | {row.ssim:.3f} | {row.edges:.2f} | {row.kid:.3f} |" for name, row in rows.items()
    ]
    return "\n".join(lines) + "\n"


def main(
    data: Annotated[Path, typer.Argument(help="folder that tools/known/talking_heads.py wrote")],
    out: Annotated[Path, typer.Argument(help="folder to write")],
    steps: Annotated[int, typer.Option(help="steps of each run")] = 10_000,
    batch_size: Annotated[int, typer.Option(help="samples per batch")] = 16,
    crop: Annotated[int, typer.Option(help="side of the pictures")] = 64,
    channels: Annotated[int, typer.Option(help="channels of the generator's first layer")] = 16,
    precision: Annotated[str, typer.Option(help="fp32, or bf16 where the machine is fast at it")] = "fp32",
    only: Annotated[str, typer.Option(help=f"train only this run: {', '.join(WEIGHTS)}")] = "",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N")] = "auto",
) -> None:
    given = {
        "crop": crop,
        "steps": steps,
        "batch_size": batch_size,
        "generator": "unet",
        "generator_options": {"channels": channels, "norm": "batch", "dropout": 0.0},
        "precision": precision,
        "device": device,
        "cache": "ram",
        "workers": 0,
        "sample_every": 0,
    }
    if only and only not in WEIGHTS:
        raise typer.BadParameter(f"{only}: has to be one of {', '.join(WEIGHTS)}")
    for name in [only] if only else WEIGHTS:
        train(settings(data / "train", out / "runs" / name.replace(" ", "-"), given | STABILISERS, WEIGHTS[name]))
    if only:
        return
    names = sorted(path.name for path in (data / "test" / "b").iterdir())
    faces, landmarks, wanted = ([data / "test" / part / name for name in names] for part in ("faces", "landmarks", "b"))
    results = {"the face as it is": faces}
    for name in WEIGHTS:
        place = out / name.replace(" ", "-")
        file = place.with_suffix(".onnx")
        export_style(*load_run(out / "runs" / place.name, "AtoB", title=name), file)
        results[name] = translated(file, faces, landmarks, place)
    found = table({name: judged(paths, wanted) for name, paths in results.items()})
    write_atomically(out / "table.md", found.encode())
    columns = [results.pop("the face as it is"), landmarks, *results.values(), wanted]
    shown = range(0, len(names), max(1, len(names) // SHOWN))[:SHOWN]
    save_sheet([[load_rgb(column[row]) for column in columns] for row in shown], out / "sheet.png")
    typer.echo(found, nl=False)


if __name__ == "__main__":
    typer.run(main)
