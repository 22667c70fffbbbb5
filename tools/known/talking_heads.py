"""Draw talking heads whose truth is known: OUT/train, OUT/test and OUT/drive.

    python -m tools.known.talking_heads OUT [--train 300] [--test 30] [--expressions 6] [--size 128]

Cartoon characters, each in several expressions. Of each part, OUT/PART/faces holds a character's neutral face,
OUT/PART/landmarks a drawing of the landmarks of another expression and head position, and OUT/PART/b that character
with that expression, under the same name. The landmarks say nothing of who it is, and the face nothing of the
expression. No character of test is in train. OUT/drive is a film of landmarks: a head that looks about, blinks and
speaks.

    translate train pix2pix --inputs OUT/train/faces --inputs OUT/train/landmarks --b OUT/train/b --out RUN
    translate sample RUN --inputs OUT/test/faces/CHARACTER-0.png --drive OUT/drive -o talking.mp4
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image, ImageDraw

OVERSAMPLING = 4  # pictures are drawn this much larger and averaged
FRAMES = 96  # of the film
Colour = tuple[int, int, int]
Point = tuple[float, float]  # x and y in units of the picture's side

SKINS: tuple[Colour, ...] = ((246, 220, 196), (236, 190, 150), (198, 140, 98), (140, 90, 58), (92, 58, 40))
IRISES: tuple[Colour, ...] = ((70, 110, 170), (80, 130, 80), (110, 72, 40), (60, 60, 66))
INK: Colour = (40, 28, 30)
MOUTH: Colour = (120, 30, 40)


@dataclass(frozen=True)
class Character:
    """What a face keeps whatever its expression; lengths in units of the picture's side."""

    skin: Colour
    hair: Colour
    iris: Colour
    background: Colour
    width: float  # half of the face
    height: float
    eye_distance: float  # of each eye from the middle
    eye_size: float
    hair_length: float  # below the middle of the face
    fringe: float  # 0 to 1, where it ends on the forehead
    glasses: bool
    freckles: bool


@dataclass(frozen=True)
class Expression:
    """What moves: the default is the neutral face. The head is shifted in units of the picture's side."""

    smile: float = 0.0  # -1 to 1
    open_mouth: float = 0.0  # 0 to 1
    open_eyes: float = 0.8  # 0 to 1
    brows: float = 0.0  # -1 lowered to 1 raised
    frown: float = 0.0  # -1 worried to 1 angry: the brows' slope
    gaze: float = 0.0  # -1 left to 1 right
    shift: Point = (0.0, 0.0)


def random_character(rng: np.random.Generator) -> Character:
    hair, background = (tuple(int(value) for value in rng.integers(20, 236, 3)) for _ in range(2))
    return Character(
        skin=SKINS[rng.integers(len(SKINS))],
        hair=(hair[0], hair[1], hair[2]),
        iris=IRISES[rng.integers(len(IRISES))],
        background=(background[0], background[1], background[2]),
        width=rng.uniform(0.24, 0.30),
        height=rng.uniform(0.29, 0.34),
        eye_distance=rng.uniform(0.105, 0.125),
        eye_size=rng.uniform(0.055, 0.07),
        hair_length=rng.uniform(-0.05, 0.40),
        fringe=rng.uniform(0.2, 0.7),
        glasses=bool(rng.random() < 0.3),
        freckles=bool(rng.random() < 0.3),
    )


def random_expression(rng: np.random.Generator) -> Expression:
    return Expression(
        smile=rng.uniform(-1, 1),
        open_mouth=max(0.0, rng.uniform(-0.5, 1)),
        open_eyes=max(0.0, rng.uniform(-0.15, 1)),
        brows=rng.uniform(-1, 1),
        frown=rng.uniform(-1, 1),
        gaze=rng.uniform(-1, 1),
        shift=(rng.uniform(-0.05, 0.05), rng.uniform(-0.04, 0.04)),
    )


def spoken(frame: int) -> Expression:
    """The expression of a frame of the film, which ends as it begins."""
    turn = 2 * math.pi * frame / FRAMES
    blink = 0.0 if frame % 40 in (20, 21, 22) else 0.85
    return Expression(
        smile=0.7 * math.sin(turn),
        open_mouth=max(0.0, math.sin(8 * turn)) * 0.9,
        open_eyes=blink,
        brows=math.sin(2 * turn),
        frown=0.5 * math.cos(turn),
        gaze=math.sin(turn),
        shift=(0.04 * math.sin(turn), 0.02 * math.sin(2 * turn)),
    )


class Sheet:
    """A square picture to draw on, in units of its side; the origin is shifted with the head."""

    def __init__(self, size: int, background: Colour, origin: Point) -> None:
        self.size, self.scale, self.origin = size, size * OVERSAMPLING, origin
        self.image = Image.new("RGB", (self.scale, self.scale), background)
        self.draw = ImageDraw.Draw(self.image)

    def at(self, point: Point) -> Point:
        return (point[0] + self.origin[0]) * self.scale, (point[1] + self.origin[1]) * self.scale

    def ellipse(self, centre: Point, radii: Point, fill: Colour | None, outline: float = 0.0) -> None:
        (left, top), (right, bottom) = (
            self.at((centre[0] + side * radii[0], centre[1] + side * radii[1])) for side in (-1, 1)
        )
        width = round(outline * self.scale)
        self.draw.ellipse((left, top, right, bottom), fill=fill, outline=INK if width else None, width=width)

    def polygon(self, points: list[Point], fill: Colour) -> None:
        self.draw.polygon([self.at(point) for point in points], fill=fill)

    def line(self, points: list[Point], colour: Colour, width: float) -> None:
        placed, thick = [self.at(point) for point in points], round(width * self.scale)
        self.draw.line(placed, fill=colour, width=thick, joint="curve")
        for x, y in (placed[0], placed[-1]):
            self.draw.ellipse((x - thick / 2, y - thick / 2, x + thick / 2, y + thick / 2), fill=colour)

    def finished(self) -> Image.Image:
        return self.image.resize((self.size, self.size), Image.Resampling.BOX)


def brow(who: Character, how: Expression, side: int) -> list[Point]:
    """From its inner to its outer end; ``side``: -1 left, 1 right."""
    level = 0.36 - 0.035 * how.brows
    inner, outer = who.eye_distance - 0.05, who.eye_distance + 0.055
    return [
        (0.5 + side * inner, level + 0.02 * how.frown),
        (0.5 + side * (inner + outer) / 2, level - 0.012),
        (0.5 + side * outer, level - 0.012 * how.frown),
    ]


def lips(how: Expression) -> tuple[list[Point], list[Point]]:
    """The upper and the lower lip, from left to right."""
    half = 0.085 + 0.025 * how.smile - 0.02 * how.open_mouth
    across = np.linspace(-1, 1, 13)
    bend = 0.035 * how.smile * (1 - across**2)
    opened = 0.045 * how.open_mouth * (1 - across**2)
    middle = 0.70 - 0.015 * how.smile
    upper = [(0.5 + half * x, middle + y - o) for x, y, o in zip(across, bend, opened, strict=True)]
    lower = [(0.5 + half * x, middle + y + 1.4 * o) for x, y, o in zip(across, bend, opened, strict=True)]
    return upper, lower


def draw_face(who: Character, how: Expression, size: int) -> Image.Image:
    sheet = Sheet(size, who.background, how.shift)
    dark = (who.hair[0] * 3 // 4, who.hair[1] * 3 // 4, who.hair[2] * 3 // 4)
    top = 0.52 - who.height
    sheet.ellipse((0.5, 0.47), (who.width + 0.06, who.height + 0.06), dark)
    if who.hair_length > 0:
        left, right = 0.5 - who.width - 0.06, 0.5 + who.width + 0.06
        sheet.polygon(
            [(left, 0.47), (right, 0.47), (right, 0.5 + who.hair_length), (left, 0.5 + who.hair_length)], dark
        )
    sheet.ellipse((0.5, 0.98), (0.3, 0.16), dark)  # shoulders
    sheet.polygon([(0.43, 0.7), (0.57, 0.7), (0.57, 0.95), (0.43, 0.95)], who.skin)
    sheet.ellipse((0.5, 0.52), (who.width, who.height), who.skin, 0.008)
    end = top + 0.05 + 0.12 * who.fringe
    sheet.polygon([(0.5 - who.width, 0.44), (0.5 - 0.6 * who.width, top), (0.5 + 0.6 * who.width, top),
                   (0.5 + who.width, 0.44), (0.5 + 0.3 * who.width, end), (0.5 - 0.5 * who.width, end - 0.02)],
                  who.hair)  # fmt: skip
    for side in (-1, 1):
        eye = (0.5 + side * who.eye_distance, 0.47)
        if how.open_eyes > 0.1:
            opened = who.eye_size * how.open_eyes
            sheet.ellipse(eye, (who.eye_size, opened), (255, 255, 255), 0.008)
            iris = min(0.032, opened * 0.9)
            sheet.ellipse((eye[0] + 0.02 * how.gaze, eye[1]), (iris, iris), who.iris)
            sheet.ellipse((eye[0] + 0.02 * how.gaze, eye[1]), (iris / 2, iris / 2), INK)
        else:
            sheet.line([(eye[0] - who.eye_size, eye[1]), (eye[0] + who.eye_size, eye[1])], INK, 0.012)
        sheet.line(brow(who, how, side), dark, 0.018)
        if who.glasses:
            sheet.ellipse(eye, (0.082, 0.082), None, 0.012)
        if who.freckles:
            for x, y in ((0.10, 0.58), (0.13, 0.60), (0.16, 0.575)):
                sheet.ellipse((0.5 + side * x, y), (0.007, 0.007), (170, 100, 70))
    sheet.line([(0.5, 0.53), (0.515, 0.59), (0.495, 0.6)], INK, 0.008)
    upper, lower = lips(how)
    sheet.polygon([*upper, *lower[::-1]], MOUTH)
    sheet.line(upper, INK, 0.012)
    sheet.line(lower, INK, 0.012)
    return sheet.finished()


def draw_landmarks(how: Expression, size: int) -> Image.Image:
    """Lines of one face shape, the same for all characters: white on black, brows and mouth in colours of their own."""
    who = replace(random_character(np.random.default_rng(0)), eye_distance=0.115, eye_size=0.062)
    sheet = Sheet(size, (0, 0, 0), how.shift)
    turn = np.linspace(0, math.pi, 17)
    sheet.line([(0.5 + 0.27 * math.cos(t), 0.52 + 0.31 * math.sin(t)) for t in turn], (255, 255, 255), 0.01)
    for side in (-1, 1):
        eye, opened = (0.5 + side * who.eye_distance, 0.47), who.eye_size * how.open_eyes
        if how.open_eyes <= 0.1:
            opened = 0.0
        for half in (-1, 1):
            across = np.linspace(-1, 1, 13)
            arc = [(eye[0] + who.eye_size * x, eye[1] + half * opened * math.sqrt(1 - x * x)) for x in across]
            sheet.line(arc, (255, 255, 255), 0.01)
        if opened:
            sheet.ellipse((eye[0] + 0.02 * how.gaze, eye[1]), (0.014, 0.014), (80, 160, 255))
        sheet.line(brow(who, how, side), (255, 220, 60), 0.012)
    for lip in lips(how):
        sheet.line(lip, (255, 80, 80), 0.01)
    return sheet.finished()


def save(picture: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, compress_level=1)


def main(
    out: Annotated[Path, typer.Argument(help="folder to write")],
    train: Annotated[int, typer.Option(help="characters to train on")] = 300,
    test: Annotated[int, typer.Option(help="other characters, to test on")] = 30,
    expressions: Annotated[int, typer.Option(help="expressions per character")] = 6,
    size: Annotated[int, typer.Option(help="side of the pictures in pixels")] = 128,
) -> None:
    for number in range(train + test):
        rng = np.random.default_rng(number)
        who, folder = random_character(rng), out / ("train" if number < train else "test")
        for index in range(expressions):
            how, name = random_expression(rng), f"{number:04}-{index}.png"
            save(draw_face(who, Expression(), size), folder / "faces" / name)
            save(draw_landmarks(how, size), folder / "landmarks" / name)
            save(draw_face(who, how, size), folder / "b" / name)
    for frame in range(FRAMES):
        save(draw_landmarks(spoken(frame), size), out / "drive" / f"{frame:04}.png")


if __name__ == "__main__":
    typer.run(main)
