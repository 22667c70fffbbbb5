"""Faces with attributes -> faces with captions, and combinations that no training sees.

    python -m tools.known.captions FACES OUT [--side 64]

FACES holds attributes.csv and the pictures it names: avatars, or the characters of tools/known/render_characters.mjs,
whose colours of hair are brought to those of `SYNONYMS`. OUT/train and OUT/test get the pictures, scaled, and tables:
captions.csv, three captions of each picture, from templates with synonyms, which mention all that a picture shows of
`SHOWN`, and attributes.csv, the same as 0 and 1, in OUT/test with a column held_out. All pictures of the combinations
`HELD_OUT`, and a tenth of the others, are in OUT/test only; no character is in both.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from tools.known.make import load_small, save

SYNONYMS: dict[str, tuple[str, ...]] = {
    "black": ("black", "dark"),
    "brown": ("brown", "chestnut"),
    "blond": ("blond", "fair"),
    "red": ("red", "ginger"),
    "white": ("white", "snowy"),
    "blue": ("blue",),
    "pink": ("pink",),
    "purple": ("purple", "violet"),
    "green": ("green",),
}
SHOWN: dict[str, tuple[str, ...]] = {
    "glasses": ("glasses", "spectacles"),
    "earrings": ("earrings", "ear jewels"),
    "closed_eyes": ("closed eyes", "eyes shut"),
    "smile": ("a smile", "a happy mouth"),
    "open_mouth": ("an open mouth", "mouth open"),
    "cat_ears": ("cat ears", "ears of a cat"),
    "hat": ("a hat", "a beret"),
}
LENGTHS = {"1": ("long",), "0": ("short", "cropped")}
# colour of hair, and what is shown
HELD_OUT = (("red", "glasses"), ("pink", "glasses"), ("blond", "earrings"), ("blond", "cat_ears"), ("green", "hat"))
FRAMES = ("{}", "a face with {}", "someone with {}", "portrait: {}")
CAPTIONS = 3  # of each picture
TEST = 10  # every tenth picture, or character

# the words of rendered characters that are not those above
COLOURS = {
    "navy": "blue",
    "dark_brown": "brown",
    "ginger": "red",
    "blonde": "blond",
    "silver": "white",
    "lilac": "purple",
    "teal": "green",
}
NAMES = {"mouth_open": "open_mouth", "eyes_closed": "closed_eyes", "ears": "cat_ears"}
LONG = ("long", "twin_tails", "pony_tail")

Face = Mapping[str, str]  # the line of a table


def face_of(row: Face) -> Face:
    """``row`` of an avatar as it is, and of a rendered character in the words and columns of an avatar's."""
    if "character" not in row:
        return row
    face = {NAMES.get(name, name): value for name, value in row.items()}
    colour = COLOURS.get(row["hair_colour"], row["hair_colour"])
    return face | {"hair_colour": colour, "long_hair": str(int(row["hair_style"] in LONG))}


def shown(face: Face) -> list[str]:
    """Those of `SHOWN` that the table of ``face`` has."""
    return [name for name in SHOWN if name in face]


def caption(face: Face, rng: np.random.Generator) -> str:
    """One of many texts that say the same of ``face``."""
    hair = f"{one_of(LENGTHS[face['long_hair']], rng)} {one_of(SYNONYMS[face['hair_colour']], rng)} hair"
    return phrased(hair, [one_of(SHOWN[name], rng) for name in shown(face) if face[name] == "1"], rng)


def one_of(words: Sequence[str], rng: np.random.Generator) -> str:
    return words[int(rng.integers(len(words)))]


def phrased(hair: str, things: list[str], rng: np.random.Generator) -> str:
    """A frame around the hair, first or last, and ``things``, which are shuffled."""
    rng.shuffle(things)
    parts = [hair, *things] if rng.random() < 0.5 else [*things, hair]
    listed = ", ".join(parts[:-1]) + f" and {parts[-1]}" if len(parts) > 1 and rng.random() < 0.5 else ", ".join(parts)
    return one_of(FRAMES, rng).format(listed)


def held_out(face: Face) -> bool:
    """Whether ``face`` has one of the combinations that no training sees."""
    return any(face["hair_colour"] == colour and face.get(name) == "1" for colour, name in HELD_OUT)


def attributes_of(face: Face) -> dict[str, int]:
    """What the captions say of ``face``, as 0 and 1."""
    colours = {colour: int(face["hair_colour"] == colour) for colour in SYNONYMS}
    return colours | {name: int(face[name]) for name in ("long_hair", *shown(face))}


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def main(
    faces: Annotated[Path, typer.Argument(help="folder of faces with attributes.csv")],
    out: Annotated[Path, typer.Argument(help="folder to write")],
    side: Annotated[int, typer.Option(help="pixels of the pictures' side")] = 64,
) -> None:
    rng = np.random.default_rng(0)
    captions: dict[str, list[dict[str, object]]] = {"train": [], "test": []}
    attributes: dict[str, list[dict[str, object]]] = {"train": [], "test": []}
    for number, row in enumerate(read_rows(faces / "attributes.csv")):
        face = face_of(row)
        part = "test" if held_out(face) or int(face.get("character", number)) % TEST == 0 else "train"
        file = Path(face["filename"]).with_suffix(".png").name
        save(load_small(faces / face["filename"], side), out / part / "images" / file)
        captions[part] += [{"file": file, "text": caption(face, rng)} for _ in range(CAPTIONS)]
        kept_back = {"held_out": int(held_out(face))} if part == "test" else {}
        attributes[part].append({"file": file, **attributes_of(face), **kept_back})
    for part in ("train", "test"):
        write_rows(out / part / "captions.csv", captions[part])
        write_rows(out / part / "attributes.csv", attributes[part])
    typer.echo(f"{len(attributes['train'])} faces to train on, {len(attributes['test'])} to test", err=True)


if __name__ == "__main__":
    typer.run(main)
