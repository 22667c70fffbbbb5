"""Measure a style with domains: is the domain asked for read in its pictures, and all else as before?

    python tools/check_stargan.py STYLE TRAIN.csv TEST.csv [--truth DIR] [--sheet sheet.png]

A classifier learns from the faces of TRAIN.csv, reads those of TEST.csv, and then what STYLE makes of them, each
translated to every other domain. Tables name pictures relative to their own folders and hold a column of 0 and 1 for
each domain and each of ``--unasked``, the attributes that have to stay. DIR holds the faces of TEST.csv as they ought
to become, DOMAIN/NAME, as tools/render_avatars.mjs writes them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from check_known import mean_l1
from face_reader import Pictures, load_faces, trained_reader
from rich.console import Console
from rich.table import Table
from sheets import save_sheet

from translate.images import load_rgb
from translate.inference import Translator
from translate.shipped import find_style


def load_truth(folder: Path, names: list[str], *, size: int) -> Pictures:
    """The pictures of these names, scaled to ``size`` pixels a side."""
    found = [cv2.resize(load_rgb(folder / name), (size, size), interpolation=cv2.INTER_AREA) for name in names]
    return np.stack(found).astype(np.uint8)


def main(
    style: Annotated[Path, typer.Argument(help="an .onnx file with domains")],
    train: Annotated[Path, typer.Argument(help="table of the faces that the classifier learns from")],
    test: Annotated[Path, typer.Argument(help="table of the held-out faces")],
    unasked: Annotated[str, typer.Option(help="columns of the attributes that have to stay, separated by commas")],
    truth: Annotated[Path | None, typer.Option(help="folder of the true pictures: DOMAIN/NAME")] = None,
    size: Annotated[int, typer.Option(help="side in pixels to which faces are scaled; a multiple of 8")] = 64,
    epochs: Annotated[int, typer.Option(help="passes of the classifier over its faces")] = 30,
    reader_file: Annotated[Path | None, typer.Option(help="file to keep the classifier in")] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="PNG to write: face, every domain, below it the truth, where it is known")
    ] = None,
    rows: Annotated[int, typer.Option(help="faces on the sheet")] = 8,
) -> None:
    translator = Translator(find_style(str(style)), device="cpu")
    domains, attributes = translator.info.domains, unasked.split(",")
    if not domains or not translator.info.exclusive:
        raise typer.BadParameter(f"{style}: does not translate to one of several domains")
    faces = load_faces(test, domains, attributes, size=size)
    reader = trained_reader(
        load_faces(train, domains, attributes, size=size), len(domains), epochs=epochs, file=reader_file
    )
    home = faces.labels[:, : len(domains)].argmax(axis=1)  # [N]: the domain each face is of

    table = Table("", "faces", "domain", *attributes, "unasked", "L1 as it was", "L1 translated", "share")

    def add_row(name: str, hits: np.ndarray, distances: np.ndarray) -> None:
        """``hits``, bool [N, 1 + attributes]: domain and attributes read rightly; ``distances``, [N, 2]: L1s."""
        shares = [*hits.mean(axis=0), hits[:, 1:].mean()]
        before, after = distances.mean(axis=0) if len(distances) else (np.nan, np.nan)
        l1 = [f"{before:.2f}", f"{after:.2f}", f"{after / before:.1%}"] if len(distances) else []
        table.add_row(name, str(len(hits)), *(f"{share:.1%}" for share in shares), *l1)

    def read_rightly(pictures: Pictures, domain: np.ndarray, kept: np.ndarray) -> np.ndarray:
        seen = reader.read(pictures)
        as_asked = seen[:, : len(domains)].argmax(axis=1) == domain
        return np.column_stack([as_asked, seen[:, len(domains) :] == kept])

    kept = faces.labels[:, len(domains) :]
    add_row("the faces themselves", read_rightly(faces.pictures, home, kept), np.empty((0, 2)))
    table.add_section()
    columns: list[Pictures] = [faces.pictures]
    truths: list[Pictures] = [np.zeros_like(faces.pictures)]
    all_hits, all_distances = [], []
    for index, domain in enumerate(domains):
        translated = translator(faces.pictures, domain)
        columns.append(translated)
        others = np.flatnonzero(home != index)
        hits = read_rightly(translated[others], np.full(len(others), index), kept[others])
        distances = np.empty((0, 2))
        if truth is not None:
            truths.append(load_truth(truth / domain, faces.names, size=size))
            distances = np.array(
                [
                    [mean_l1(pictures[face], truths[-1][face]) for pictures in (faces.pictures, translated)]
                    for face in others
                ]
            )
        add_row(f"to {domain}", hits, distances)
        all_hits.append(hits)
        all_distances.append(distances)
    table.add_section()
    add_row("all", np.concatenate(all_hits), np.concatenate(all_distances))
    Console(width=150).print(table)
    if sheet is not None:
        lines = []
        for face in range(min(rows, len(faces.names))):
            lines.append([column[face] for column in columns])
            if truth is not None:
                lines.append([column[face] for column in truths])
        save_sheet(lines, sheet)


if __name__ == "__main__":
    typer.run(main)
