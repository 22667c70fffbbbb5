"""Sounds and the things that they stand for: pitch decides the colour, loudness the size, timbre the kind.

    python -m tools.known.sounds OUT [--count 1000] [--side 64]

OUT/train and OUT/test get images/NUMBER.png, sounds/NUMBER.wav and truth.csv. `read_thing` reads colour, size and kind
of a picture, so that those of a generated one can be compared to its sound.
"""

from __future__ import annotations

import wave
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from numpy.typing import NDArray

from tools.known.captions import write_rows
from tools.known.make import Picture, save

RATE = 16_000  # samples per second
SECONDS = 1.0
PITCH = (150.0, 1500.0)  # Hz
LOUDNESS = (-36.0, -3.0)  # dB of full scale
HUE = (0.0, 0.8)  # of the colour circle, from red to violet, so that ranks make sense
SIZE = (0.15, 0.42)  # radius, as a share of the side
KINDS = ("circle", "square", "triangle")  # of a sine, a square wave, a sawtooth
FILLED = (np.pi / 4, 1.0, 0.5)  # share of the bounding box that each kind fills
TEST = 5  # every fifth
SUPERSAMPLING = 4


@dataclass(frozen=True)
class Thing:
    """A drawn thing; each number is a share of its range, 0 to 1."""

    hue: float
    size: float
    kind: int  # of `KINDS`


def within(share: float, limits: tuple[float, float]) -> float:
    return limits[0] + share * (limits[1] - limits[0])


def draw_thing(thing: Thing, side: int) -> Picture:
    """The thing in the middle of a white square, uint8 [side, side, 3]."""
    large = SUPERSAMPLING * side
    middle, radius = large / 2, within(thing.size, SIZE) * large
    y, x = np.mgrid[:large, :large] + 0.5 - middle
    inside = (
        np.hypot(x, y) < radius,
        np.maximum(abs(x), abs(y)) < radius,
        (abs(x) < (y + radius) / 2) & (y < radius),
    )[thing.kind]
    hsv = np.array([[[within(thing.hue, HUE) * 180, 230, 220]]], np.float32).astype(np.uint8)
    colour = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0]
    picture = np.where(inside[..., None], colour, 255).astype(np.uint8)
    return cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA).astype(np.uint8)


def synthesise(thing: Thing) -> NDArray[np.float64]:
    """The sound of the thing, [S] in [-1, 1]; pitch rises by octaves, loudness by decibels."""
    pitch = PITCH[0] * (PITCH[1] / PITCH[0]) ** thing.hue
    cycles = np.arange(int(RATE * SECONDS)) / RATE * pitch
    harmonics = np.arange(1, int(RATE / 2 / pitch) + 1)  # none above half the rate, where they would be mirrored
    strength = (harmonics == 1, (harmonics % 2 == 1) / harmonics, 1 / harmonics)[thing.kind]
    sound = np.sin(2 * np.pi * cycles[:, None] * harmonics) @ strength
    sound *= 10 ** (within(thing.size, LOUDNESS) / 20) / np.abs(sound).max()
    fade = np.minimum(1, np.minimum(np.arange(len(sound)), np.arange(len(sound))[::-1]) / (0.02 * RATE))
    return sound * fade


def write_wav(path: Path, sound: NDArray[np.float64]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((sound * 32767).astype("<i2").tobytes())


def read_thing(picture: Picture) -> Thing | None:
    """Colour, size and kind of the coloured thing in ``picture``; None where there is none."""
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
    inside = hsv[..., 1] > 100
    if inside.sum() < 9:
        return None
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    filled = inside.sum() / (height * width)
    angle = hsv[..., 0][inside] / 180 * 2 * np.pi
    hue = np.angle(np.exp(1j * angle).mean()) / (2 * np.pi) % 1
    radius = (height + width) / 4 / len(picture)
    return Thing(
        float((hue if hue < 0.9 else hue - 1) / HUE[1]),
        float((radius - SIZE[0]) / (SIZE[1] - SIZE[0])),
        int(np.abs(np.array(FILLED) - filled).argmin()),
    )


def main(
    out: Annotated[Path, typer.Argument(help="folder to write")],
    count: Annotated[int, typer.Option(help="pictures, with their sounds")] = 1000,
    side: Annotated[int, typer.Option(help="pixels of the pictures' side")] = 64,
) -> None:
    rng = np.random.default_rng(0)
    rows: dict[str, list[dict[str, object]]] = {"train": [], "test": []}
    for number in range(count):
        thing = Thing(rng.random(), rng.random(), int(rng.integers(len(KINDS))))
        part, name = ("test" if number % TEST == 0 else "train"), f"{number:04d}"
        save(draw_thing(thing, side), out / part / "images" / f"{name}.png")
        write_wav(out / part / "sounds" / f"{name}.wav", synthesise(thing))
        rows[part].append({"file": f"{name}.png", **asdict(thing)})
    for part, lines in rows.items():
        write_rows(out / part / "truth.csv", lines)


if __name__ == "__main__":
    typer.run(main)
