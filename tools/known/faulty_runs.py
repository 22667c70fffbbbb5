"""Train small runs with one known fault each, and a healthy one, to test `translate diagnose` on.

    python -m tools.known.faulty_runs OUT [--photos DIR] [--only NAME] [--logs tests/runs]

It takes minutes on a CPU. The pictures are cut from the photos and written to OUT/data, the runs to OUT/runs/NAME. With
``--logs`` each run's settings and thinned log are written there, for the tests. A finished run is not trained again.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from numpy.typing import NDArray

from tools.known.grade import grade
from tools.known.make import save
from translate.config import CONFIGS
from translate.media.images import load_rgb
from translate.storage.folders import find_images
from translate.train.loop import train

Picture = NDArray[np.uint8]  # RGB [H, W, 3]

SIDE = 64  # pixels of the pictures that most runs train on
COUNT = 80  # pictures per folder
MAX_LINES = 100  # training lines kept of a log


@dataclass(frozen=True)
class Fault:
    """A run: why it has the fault, its method, its folders below OUT/data, and its settings."""

    why: str
    method: str
    a: str
    b: str
    settings: dict[str, Any] = field(default_factory=dict)


COMMON: dict[str, Any] = {
    "generator": "mobile",
    "generator_options": {"channels": 12, "wide_channels": 16, "dilations": [1, 2], "fine_dilations": [1]},
    "discriminator_options": {"channels": 16, "layers": 2},
    "crop": 48,
    "batch_size": 4,
    "steps": 1000,
    "lr": 2e-3,
    "lr_discriminator": 2e-4,
    "beta2": 0.99,
    "val_samples": 8,
    "ema": 0.98,
    "workers": 1,
    "log_every": 10,
    "sample_every": 100,
    "save_every": 1000,
    "keep": 1,
    "device": "cpu",
}
NO_GAN = {"lambda_gan": 0.0}  # no adversarial loss: only the distances count
ONE_CHANNEL = {"channels": 1, "wide_channels": 1, "dilations": [1], "fine_dilations": [1]}
UNET = {"generator": "unet", "generator_options": {"size": 128, "channels": 16, "dropout": 0.0}, "crop": 128}

RUNS: dict[str, Fault] = {
    "healthy": Fault(
        "pairs that a small network can learn; the discriminator sees noise",
        "pix2pix",
        "photos",
        "graded",
        {"instance_noise": 0.5},
    ),
    "underfit_size": Fault("one channel", "pix2pix", "photos", "graded", {"generator_options": ONE_CHANNEL, **NO_GAN}),
    "underfit_optimisation": Fault(
        "a learning rate far too low for a network that is large enough",
        "pix2pix",
        "photos",
        "graded",
        {"lr": 1e-6, **NO_GAN},
    ),
    "overfit": Fault(
        "16 pairs whose colours cannot be inferred from the outlines, and a large network",
        "pix2pix",
        "outlines",
        "outlined",
        {**UNET, "steps": 600, "flip": False, **NO_GAN},
    ),
    "discriminator_won": Fault(
        "a discriminator with a hundred times the generator's learning rate, the saturating objective, no stabiliser",
        "cut",
        "photos",
        "graded",
        {
            "objective": "minimax",
            "lr": 2e-5,
            "lr_discriminator": 2e-3,
            "nce_patches": 32,
            "discriminator_options": {"channels": 32, "layers": 3},
        },
    ),
    "collapse": Fault(
        "nothing ties the output to the input, and two target pictures",
        "cut",
        "photos",
        "two",
        {
            **UNET,
            "steps": 600,
            "lambda_nce": 0.0,
            "nce_identity": False,
            "lr": 1e-3,
            "lr_discriminator": 1e-3,
            "nce_patches": 4,
            "discriminator_options": {"channels": 16, "layers": 4},
        },
    ),
    "mode_dropping": Fault(
        "a target of three kinds, and outputs that keep to one of them",
        "cut",
        "photos",
        "kinds",
        {
            "nce_identity": False,
            "nce_patches": 32,
            "crop": 32,
            "lambda_nce": 0.3,
            "lr_discriminator": 5e-4,
        },
    ),
    "learning_rate": Fault("a learning rate 100 times too high", "pix2pix", "photos", "graded", {"lr": 0.2, **NO_GAN}),
    "starvation": Fault(
        "photos of 24 megapixels, each decoded in the training process for a crop of 48 pixels",
        "pix2pix",
        "huge",
        "huge",
        {"workers": 0, "steps": 150, "log_every": 2, "sample_every": 0, "batch_size": 2, **NO_GAN},
    ),
}


def crop_of(photos: list[Picture], rng: np.random.Generator, side: int) -> Picture:
    """A random square of a photo, a quarter to three fifths of its shorter side, scaled to ``side`` pixels."""
    photo = photos[rng.integers(len(photos))]
    size = int(min(photo.shape[:2]) * rng.uniform(0.25, 0.6))
    top, left = (int(rng.integers(edge - size + 1)) for edge in photo.shape[:2])
    return cv2.resize(photo[top : top + size, left : left + size], (side, side), interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def outlines(photo: Picture) -> Picture:
    """White lines where the photo has edges."""
    return np.repeat(cv2.Canny(photo, 60, 160)[..., None], 3, axis=2).astype(np.uint8)


def tinted(photo: Picture, kind: int) -> Picture:
    """The photo in one of three looks: 0 night, 1 snow, 2 dusk."""
    colour, least, most = [((40, 60, 160), 0.0, 0.6), ((235, 245, 255), 0.8, 1.0), ((255, 90, 30), 0.4, 1.0)][kind]
    light = photo.astype(np.float32).mean(2, keepdims=True) / 255
    return ((least + (most - least) * light) * np.array(colour, np.float32)).astype(np.uint8)


def make_data(photos: list[Picture], out: Path) -> None:
    """All folders that the runs train on."""
    rng = np.random.default_rng(0)
    small = [crop_of(photos, rng, SIDE) for _ in range(COUNT)]
    others = [crop_of(photos, rng, SIDE) for _ in range(COUNT)]
    large = [crop_of(photos, rng, 128) for _ in range(20)]
    folders: dict[str, list[Picture]] = {
        "photos": small,
        "graded": [grade(photo) for photo in small],
        "outlines": [outlines(photo) for photo in large],
        "outlined": large,
        "two": [grade(photo) for photo in large[:2]],
        "kinds": [tinted(photo, index % 3) for index, photo in enumerate(others)],
    }
    for name, pictures in folders.items():
        for index, picture in enumerate(pictures):
            save(picture, out / name / f"{index:03d}.png")
    for index in range(6):
        huge = cv2.resize(photos[index % len(photos)], (6000, 4000), interpolation=cv2.INTER_CUBIC)
        path = out / "huge" / f"{index}.jpg"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), cv2.cvtColor(huge, cv2.COLOR_RGB2BGR))


def thinned(lines: list[str]) -> list[str]:
    """About `MAX_LINES` training lines at most, evenly spaced, and all other lines; metrics to four digits."""
    records = [json.loads(line, parse_float=lambda text: float(f"{float(text):.4g}")) for line in lines]
    every = -(-sum("lr" in record for record in records) // MAX_LINES)
    kept, seen = [], 0
    for record in records:
        seen += "lr" in record
        if "lr" not in record or seen % every == 0:
            kept.append(json.dumps(record))
    return kept


def keep_log(run: Path, logs: Path) -> None:
    logs.mkdir(parents=True, exist_ok=True)
    shutil.copy(run / "config.json", logs / "config.json")
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    (logs / "metrics.jsonl").write_text("\n".join(thinned(lines)) + "\n", encoding="utf-8")


def main(
    out: Annotated[Path, typer.Argument(help="folder to write")],
    photos: Annotated[Path, typer.Option(help="folder of photos")] = Path("assets/photos"),
    only: Annotated[list[str] | None, typer.Option(help="name of a run (repeatable); all of them otherwise")] = None,
    logs: Annotated[Path | None, typer.Option(help="folder for the thinned logs")] = None,
) -> None:
    here = Path.cwd()
    if not (out / "data").is_dir():
        make_data([load_rgb(path) for path in find_images(photos, recursive=True)], out / "data")
    os.chdir(out)  # the settings name the folders relative to it
    for name in only or RUNS:
        fault, run = RUNS[name], Path("runs") / name
        typer.echo(f"{name}: {fault.why}", err=True)
        folders = {"a": Path("data") / fault.a, "b": Path("data") / fault.b, "out": run}
        train(CONFIGS[fault.method].from_dict(COMMON | fault.settings | folders))
        if logs is not None:
            keep_log(run, here / logs / name)


if __name__ == "__main__":
    typer.run(main)
