"""Measure a style with domains: does a classifier find the requested domain in its results, and the rest unchanged?

    python -m tools.known.check_stargan STYLE TRAIN.csv TEST.csv --unasked glasses,smile [--truth DIR] [--sheet OUT]

A classifier learns from the faces of TRAIN.csv, then classifies those of TEST.csv and what STYLE makes of them, each
translated to every other domain. Tables name pictures relative to their own folders and hold a column of 0 and 1 for
each domain and each of ``--unasked``, the attributes that should not change. DIR holds what the faces of TEST.csv
should become, DOMAIN/NAME, as tools/known/render_avatars.mjs writes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from tools.known.face_reader import FaceReader, Faces, Pictures, load_faces, load_scaled, trained_reader
from tools.known.sheets import save_sheet
from translate.style.catalogue import find_style
from translate.style.translator import Translator


@dataclass(frozen=True)
class Reading:
    """What the classifier found in some pictures, and how far they are from the truth."""

    right: NDArray[np.bool_]  # [N, 1 + attributes]: requested domain found, then each attribute unchanged
    before: NDArray[np.float64]  # [N] mean L1 of the untranslated faces to the truth, of 255; empty if unknown
    after: NDArray[np.float64]  # [N] of the translated ones

    def cells(self) -> list[str]:
        """The cells of a table row."""
        shares = [f"{share:.1%}" for share in (*self.right.mean(axis=0), self.right[:, 1:].mean())]
        if not len(self.before):
            return [str(len(self.right)), *shares]
        before, after = self.before.mean(), self.after.mean()
        return [str(len(self.right)), *shares, f"{before:.2f}", f"{after:.2f}", f"{after / max(before, 1e-9):.1%}"]


def read(
    reader: FaceReader, faces: Faces, translated: Pictures, domain: NDArray[np.int64], truth: Pictures | None = None
) -> Reading:
    """Classify ``translated``, for which the domains with the indices ``domain``, [N], were requested."""
    seen = reader.read(translated)
    kept = seen[:, reader.domains :] == faces.labels[:, reader.domains :]
    right = np.column_stack([seen[:, : reader.domains].argmax(axis=1) == domain, kept])
    if truth is None:
        return Reading(right, np.empty(0), np.empty(0))
    before, after = (
        np.abs(pictures.astype(np.float64) - truth).mean(axis=(1, 2, 3)) for pictures in (faces.pictures, translated)
    )
    return Reading(right, before, after)


def joined(readings: list[Reading]) -> Reading:
    return Reading(
        *(np.concatenate([getattr(reading, part) for reading in readings]) for part in ("right", "before", "after"))
    )


def main(
    style: Annotated[Path, typer.Argument(help="an .onnx file that translates to one of several domains")],
    train: Annotated[Path, typer.Argument(help="table of the faces that the classifier learns from")],
    test: Annotated[Path, typer.Argument(help="table of the held-out faces")],
    unasked: Annotated[str, typer.Option(help="columns of the attributes that should not change, separated by commas")],
    truth: Annotated[Path | None, typer.Option(help="folder of the true pictures: DOMAIN/NAME")] = None,
    size: Annotated[int, typer.Option(help="side in pixels to which faces are scaled; a multiple of 8")] = 64,
    epochs: Annotated[int, typer.Option(help="passes of the classifier over its faces")] = 12,
    classifier: Annotated[Path | None, typer.Option(help="file to load the classifier from, or to save it to")] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="PNG to write: face, each domain; below it the truth, where it is known")
    ] = None,
    rows: Annotated[int, typer.Option(help="faces on the sheet")] = 8,
) -> None:
    translator = Translator(find_style(str(style)), device="cpu")
    domains, attributes = translator.info.domains, unasked.split(",")
    if not domains or not translator.info.exclusive:
        raise typer.BadParameter(f"{style}: does not translate to one of several domains")
    seen = load_faces(train, domains, attributes, size=size)
    reader = trained_reader(seen, len(domains), epochs=epochs, file=classifier)
    faces = load_faces(test, domains, attributes, size=size)
    home = faces.labels[:, : len(domains)].argmax(axis=1)  # [N]: the domain of each face

    l1 = ["L1 of the face", "L1 translated", "share"] if truth is not None else []
    table = Table("", "faces", "domain", *attributes, "unasked, mean", *l1)
    table.add_row("untranslated", *read(reader, faces, faces.pictures, home).cells())
    table.add_section()
    upper, lower = [faces.pictures], [np.zeros_like(faces.pictures)]  # columns of the sheet
    readings = []
    for index, domain in enumerate(domains):
        others = np.flatnonzero(home != index)
        upper.append(translator(faces.pictures, domain))
        true = None
        if truth is not None:
            lower.append(load_scaled([truth / domain / name for name in faces.names], size=size))
            true = lower[-1][others]
        readings.append(read(reader, faces.subset(others), upper[-1][others], np.full(len(others), index), true))
        table.add_row(f"to {domain}", *readings[-1].cells())
    table.add_section()
    table.add_row("translated", *joined(readings).cells())
    Console(width=150).print(table)
    if sheet is not None:
        shown = (upper, lower) if truth is not None else (upper,)
        save_sheet([[column[face] for column in half] for face in range(min(rows, len(home))) for half in shown], sheet)


if __name__ == "__main__":
    typer.run(main)
