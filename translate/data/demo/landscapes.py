"""Landscapes in summer and in winter: hills, trees and a meadow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from translate.data.demo.canvas import Box, Canvas, Colour, clouds, darker, gradient, varied

Season = Literal["summer", "winter"]


@dataclass(frozen=True)
class Palette:
    sky: tuple[Colour, Colour]  # above, at the horizon
    hills: tuple[Colour, Colour]  # the farthest, the nearest
    meadow: tuple[Colour, Colour]  # far, near
    fir: Colour
    leaves: Colour
    flowers: tuple[Colour, ...]


PALETTES: dict[Season, Palette] = {
    "summer": Palette(
        sky=((74, 140, 220), (206, 228, 240)),
        hills=((128, 160, 184), (86, 138, 76)),
        meadow=((132, 172, 74), (84, 134, 48)),
        fir=(38, 84, 52),
        leaves=(72, 130, 48),
        flowers=((240, 214, 72), (226, 92, 84), (246, 242, 236)),
    ),
    "winter": Palette(
        sky=((152, 170, 194), (228, 224, 222)),
        hills=((188, 200, 214), (214, 222, 232)),
        meadow=((232, 236, 242), (206, 216, 232)),
        fir=(44, 66, 62),
        leaves=(96, 80, 70),  # the bare branches
        flowers=(),
    ),
}
SNOW, BARK = (242, 246, 250), (84, 64, 50)


def draw_landscape(rng: np.random.Generator, size: int, season: Season) -> NDArray[np.uint8]:
    """uint8 [size, size, 3] in sRGB. The same state of ``rng`` gives the same place in another season, nearly."""
    palette = PALETTES[season]
    canvas = Canvas(size, palette.sky[0], (0, 0, 0))
    canvas.texture((0, 0, 1, 1), partial(_sky, rng, palette))
    horizon, ridges = rng.uniform(0.42, 0.55), int(rng.integers(2, 5))
    for number in range(ridges):
        nearness = number / max(1, ridges - 1)
        far, near = (np.array(colour, float) for colour in palette.hills)
        red, green, blue = (int(value) for value in far * (1 - nearness) + near * nearness)
        _ridge(canvas, rng, horizon - 0.14 * (1 - nearness), 0.16 * (1 - 0.5 * nearness), (red, green, blue), season)
    canvas.texture((0, horizon, 1, 1), partial(_meadow, rng, palette))
    if rng.random() < 0.5:
        _lake(canvas, rng, horizon, season)
    trees = [(horizon + 0.5 * rng.random() ** 1.6, rng.random()) for _ in range(rng.integers(8, 18))]
    for foot, x in sorted(trees):  # the far ones first
        height = 0.07 + 0.6 * (foot - horizon)
        draw = _fir if rng.random() < 0.6 else _broadleaf
        draw(canvas, rng, x, foot, height * rng.uniform(0.8, 1.25), season)
    for _ in range(150 if palette.flowers else 0):
        y, x = horizon + (1 - horizon) * rng.random() ** 0.6, rng.random()
        radius = 0.004 * (0.3 + y - horizon)
        canvas.ellipse((x - radius, y, x + radius, y + 2 * radius), palette.flowers[rng.integers(3)])
    return canvas.finished()[0]


def _sky(rng: np.random.Generator, palette: Palette, height: int, width: int) -> NDArray[np.floating]:
    cover = clouds(rng, height, width, 4) + 0.6 * clouds(rng, height, width, 9) + 0.3 * clouds(rng, height, width, 24)
    white = 0.75 * np.clip(cover, 0, 1)[..., None]
    sky = gradient(*palette.sky, max(1, height // 2), width)
    sky = np.concatenate((sky, np.broadcast_to(sky[-1:], (height - len(sky), width, 3))))
    return sky * (1 - white) + 248 * white


def _meadow(rng: np.random.Generator, palette: Palette, height: int, width: int) -> NDArray[np.floating]:
    waves = clouds(rng, height, width, 3) + 0.5 * clouds(rng, height, width, 10)
    grain = rng.normal(0, 3, (height, width))
    return gradient(*palette.meadow, height, width) + (10 * waves + grain)[..., None]


def _ridge(
    canvas: Canvas, rng: np.random.Generator, base: float, height: float, colour: Colour, season: Season
) -> None:
    x = np.linspace(0, 1, 80)
    y = np.zeros_like(x)
    for octave in range(1, 6):
        y += np.sin(2 * np.pi * (rng.random() + x * octave * rng.uniform(0.5, 1.4))) / octave**1.3
    crest = base - height * (0.5 + 0.35 * y)
    points = [(float(along), float(level)) for along, level in zip(x, crest, strict=True)]
    canvas.shape([*points, (1.0, 1.0), (0.0, 1.0)], colour)
    shadow = darker(colour, 0.9 if season == "winter" else 0.86)
    below = [(along + 0.02, level + 0.25 * height) for along, level in points]
    canvas.shape([(0.0, below[0][1]), *below, (1.0, 1.0), (0.0, 1.0)], shadow)


def _lake(canvas: Canvas, rng: np.random.Generator, horizon: float, season: Season) -> None:
    x, y, reach = rng.uniform(0.2, 0.8), horizon + rng.uniform(0.12, 0.2), rng.uniform(0.2, 0.35)
    shore, water = ((120, 132, 70), (92, 150, 196)) if season == "summer" else ((196, 206, 220), (176, 196, 214))
    for grown, colour in ((0.015, shore), (0.0, water)):
        canvas.ellipse((x - reach - grown, y - 0.05 - grown / 2, x + reach + grown, y + 0.05 + grown / 2), colour)
    for _ in range(7):
        left, level = x + reach * rng.uniform(-0.7, 0.3), y + rng.uniform(-0.035, 0.035)
        canvas.line((left, level), (left + 0.3 * reach, level), darker(water, 1.14), 0.003)


def _fir(canvas: Canvas, rng: np.random.Generator, x: float, foot: float, height: float, season: Season) -> None:
    colour = varied(rng, PALETTES[season].fir, 9)
    canvas.box((x - 0.025 * height, foot - 0.15 * height, x + 0.025 * height, foot), BARK)
    tiers = 5
    for tier in range(tiers):
        bottom = foot - 0.1 * height - tier * 0.165 * height
        half, top = height * 0.25 * (1 - tier / (tiers + 0.6)), bottom - 0.28 * height
        canvas.shape([(x - half, bottom), (x, top), (x + half, bottom)], colour)
        canvas.shape([(x, top), (x + half, bottom), (x + 0.15 * half, bottom)], darker(colour, 0.72))
        if season == "winter":
            canvas.shape([(x - half, bottom), (x, top), (x + 0.4 * half, bottom - 0.12 * height)], SNOW)


def _broadleaf(canvas: Canvas, rng: np.random.Generator, x: float, foot: float, height: float, season: Season) -> None:
    thick = (0.018 if season == "winter" else 0.035) * height
    canvas.box((x - thick, foot - 0.5 * height, x + thick, foot), BARK)
    middle = foot - 0.62 * height
    if season == "winter":
        _branches(canvas, rng, (x, foot - 0.4 * height), -np.pi / 2, 0.3 * height, 4)
        return
    colour = varied(rng, PALETTES[season].leaves, 12)
    for tone, shift, count in ((0.72, 0.05, 9), (1.0, 0.0, 9), (1.22, -0.06, 6)):
        for _ in range(count):
            dx, dy = rng.normal(0, 0.12, 2) * height
            radius = height * rng.uniform(0.1, 0.17)
            centre = (x + dx + shift * height, middle + dy + shift * height)
            canvas.ellipse(_around(*centre, radius), darker(colour, tone))


def _branches(
    canvas: Canvas, rng: np.random.Generator, start: tuple[float, float], angle: float, length: float, depth: int
) -> None:
    end = (start[0] + length * float(np.cos(angle)), start[1] + length * float(np.sin(angle)))
    canvas.line(start, end, BARK, 0.09 * length)
    if depth > 2:
        canvas.line(start, (end[0], end[1] - 0.03 * length), SNOW, 0.03 * length)
    for turn in (-0.5, 0.05, 0.55) if depth else ():
        _branches(canvas, rng, end, angle + turn + rng.normal(0, 0.15), length * rng.uniform(0.55, 0.75), depth - 1)


def _around(x: float, y: float, radius: float) -> Box:
    return x - radius, y - radius, x + radius, y + radius
