"""Do conditional samples show what was asked for? A table of runs of cgan on data with a known truth.

    python -m tools.known.check_conditions faces DATA RUN [RUN ...]    DATA of tools.known.captions
    python -m tools.known.check_conditions sounds DATA RUN [RUN ...]   DATA of tools.known.sounds

Faces: a reader trained apart, on all of DATA, says whether the colour of hair is the wanted one, which share of the
other attributes is as wanted, and of those that are to be shown, by captions or attributes as the run takes;
combinations that no training saw are counted apart. Sounds: rank correlations of pitch
with hue and of loudness with size, and the share of right kinds, of sounds that no training saw. Spread: how much
samples of one condition differ, in units of the data's own; near 0 the noise has no effect.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from numpy.typing import NDArray
from scipy.stats import spearmanr

from tools.known.captions import SYNONYMS, read_rows
from tools.known.face_reader import FaceReader, Faces, load_scaled, trained_reader
from tools.known.sounds import read_thing
from translate.convert.conditions import row_of
from translate.evaluate.models import sampler_file
from translate.style.conditions import ConditionInfo, Row
from translate.style.latents import noise
from translate.style.sampler import Sampler

Pictures = NDArray[np.uint8]  # [N, S, S, 3]
COLOURS = list(SYNONYMS)
EACH = 4  # samples of each condition

app = typer.Typer(help=__doc__, no_args_is_help=True)


def samples_of(run: Path, texts: Sequence[str]) -> Pictures:
    """`EACH` pictures of each of ``texts``: [N, EACH, S, S, 3], all of different noise."""
    with sampler_file(str(run)) as file:
        sampler = Sampler(file, device="cpu")
        info = sampler.info.conditions
        if info is None:
            raise typer.BadParameter(f"{run} takes no condition")
        rows: list[Row] = [row_of(info, text) for text in texts]
        seeds = [range(EACH * number, EACH * (number + 1)) for number in range(len(rows))]
        drawn = [
            sampler.conditioned(noise(each, sampler.info.z_dim), row) for each, row in zip(seeds, rows, strict=True)
        ]
        return np.stack(drawn)


def spread(pictures: Pictures) -> float:
    """The standard deviation over pictures [N, S, S, 3] of each value at 16x16, averaged."""
    small = [cv2.resize(picture, (16, 16), interpolation=cv2.INTER_AREA) for picture in pictures]
    return float(np.std(np.array(small, np.float64), axis=0).mean())


def relative_spread(samples: Pictures, real: Pictures) -> float:
    """The mean spread of the samples of one condition, [N, EACH, S, S, 3], relative to that of real pictures."""
    return float(np.mean([spread(each) for each in samples]) / spread(real))


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for line in (header, ["---"] * len(header), *rows):
        typer.echo(f"| {' | '.join(line)} |")


def kind_of(run: Path) -> str:
    with sampler_file(str(run)) as file:
        info = Sampler(file, device="cpu").info.conditions
    return info.kind if isinstance(info, ConditionInfo) else "none"


def columns_of(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """The colours of hair, and then the attributes, of a table of tools.known.captions."""
    return [name for name in rows[0] if name not in ("file", "held_out")]


def load_labelled(folder: Path, side: int) -> tuple[Faces, NDArray[np.bool_]]:
    """The faces of one part of the data, and which have combinations that no training saw."""
    rows = read_rows(folder / "attributes.csv")
    labels = np.array([[float(row[name]) for name in columns_of(rows)] for row in rows], np.float32)
    files = [folder / "images" / row["file"] for row in rows]
    held_out = np.array([row.get("held_out") == "1" for row in rows])
    return Faces([file.name for file in files], load_scaled(files, size=side), labels), held_out


def right(reader: FaceReader, pictures: Pictures, labels: NDArray[np.float32]) -> tuple[float, float, float]:
    """The share of samples whose colour of hair is as wanted, the share of all other attributes that are, and of those
    of them that are to be shown: most are not, so a generator that shows none has most of them right."""
    read = reader.read(pictures)
    colour = (read[:, : len(COLOURS)].argmax(1) == labels[:, : len(COLOURS)].argmax(1)).mean()
    others = read[:, len(COLOURS) :] == labels[:, len(COLOURS) :]
    return float(colour), float(others.mean()), float(others[labels[:, len(COLOURS) :] == 1].mean())


def wanted_texts(data: Path, kind: str, faces: Faces) -> list[str]:
    """A condition of each face, as a text."""
    if kind == "captions":
        first = {row["file"]: row["text"] for row in reversed(read_rows(data / "test" / "captions.csv"))}
        return [first[name] for name in faces.names]
    names = columns_of(read_rows(data / "test" / "attributes.csv"))
    return [", ".join(f"{name}={value:g}" for name, value in zip(names, row, strict=True)) for row in faces.labels]


@app.command()
def faces(
    data: Annotated[Path, typer.Argument(help="folder that tools.known.captions wrote")],
    runs: Annotated[list[Path], typer.Argument(help="runs of cgan, by captions or attributes")],
    side: Annotated[int, typer.Option(help="pixels at which faces are read")] = 64,
    epochs: Annotated[int, typer.Option(help="of the reader")] = 60,
) -> None:
    """Which of the wanted attributes do samples show?"""
    (train, _), (test, held_out) = load_labelled(data / "train", side), load_labelled(data / "test", side)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(test.names))  # half of the test faces teach the reader, half show how well it reads
    taught, asked = order[::2], order[1::2]
    everything = Faces(
        train.names + [test.names[index] for index in taught],
        np.concatenate([train.pictures, test.pictures[taught]]),
        np.concatenate([train.labels, test.labels[taught]]),
    )
    reader = trained_reader(everything, len(COLOURS), epochs=epochs, file=data / "reader.safetensors")
    rows = [["real faces", *_shares(right(reader, test.pictures[asked], test.labels[asked])), "", "", "", "1.00"]]
    for run in runs:
        samples = samples_of(run, wanted_texts(data, kind_of(run), test))
        flat, labels = samples.reshape(-1, *samples.shape[2:]), np.repeat(test.labels, EACH, axis=0)
        resized = np.stack([cv2.resize(each, (side, side), interpolation=cv2.INTER_AREA) for each in flat])
        new = np.repeat(held_out, EACH)
        rows.append(
            [
                run.name,
                *_shares(right(reader, resized[~new], labels[~new])),
                *_shares(right(reader, resized[new], labels[new])),
                f"{relative_spread(samples, train.pictures):.2f}",
            ]
        )
    seen, unseen = int((~held_out).sum()), int(held_out.sum())
    print_table(
        ["", f"hair, {seen} conditions", "others", "shown", f"hair, {unseen} new", "others", "shown", "spread"], rows
    )


def _shares(found: tuple[float, ...]) -> list[str]:
    return [f"{share:.1%}" for share in found]


@app.command()
def sounds(
    data: Annotated[Path, typer.Argument(help="folder that tools.known.sounds wrote")],
    runs: Annotated[list[Path], typer.Argument(help="runs of cgan, by sounds")],
) -> None:
    """Do pitch, loudness and timbre decide colour, size and kind?"""
    with (data / "test" / "truth.csv").open(encoding="utf-8", newline="") as file:
        truth = list(csv.DictReader(file))
    real = load_scaled([data / "test" / "images" / row["file"] for row in truth], size=16)
    rows = []
    for run in runs:
        texts = [str(data / "test" / "sounds" / Path(row["file"]).with_suffix(".wav")) for row in truth]
        samples = samples_of(run, texts)
        read = [(row, read_thing(picture)) for row, group in zip(truth, samples, strict=True) for picture in group]
        seen = [(row, thing) for row, thing in read if thing is not None]
        hue = spearmanr([float(row["hue"]) for row, _ in seen], [thing.hue for _, thing in seen]).statistic
        size = spearmanr([float(row["size"]) for row, _ in seen], [thing.size for _, thing in seen]).statistic
        kinds = np.mean([int(row["kind"]) == thing.kind for row, thing in seen])
        shown = len(seen) / len(read)
        rows.append(
            [
                run.name,
                f"{hue:.3f}",
                f"{size:.3f}",
                f"{kinds:.1%}",
                f"{shown:.1%}",
                f"{relative_spread(samples, real):.2f}",
            ]
        )
    print_table(["", "pitch and hue", "loudness and size", "kinds", "with a thing", "spread"], rows)


if __name__ == "__main__":
    app()
