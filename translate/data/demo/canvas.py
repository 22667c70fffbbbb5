"""Drawing a picture and its map of labels at the same time, without aliasing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]  # sRGB
Box = tuple[float, float, float, float]  # left, top, right, bottom
Point = tuple[float, float]
Texture = Callable[[int, int], NDArray[np.floating]]  # height, width -> [H, W, 3]

FINER = 2  # the picture is drawn this many times as high and wide, then scaled down


class Canvas:
    """A square picture and its map of labels, drawn in coordinates from 0 to 1; (0, 0) is the upper left corner."""

    def __init__(self, size: int, picture: Colour, label: Colour) -> None:
        self.size, self.side = size, size * FINER
        self.picture = Image.new("RGB", (self.side, self.side), picture)
        self.labels = Image.new("RGB", (self.side, self.side), label)
        self._on_picture, self._on_labels = ImageDraw.Draw(self.picture), ImageDraw.Draw(self.labels)

    def box(self, box: Box, colour: Colour | None, label: Colour | None = None) -> None:
        """Fill ``box`` in the picture, and in the labels where one is given; of the picture, None changes nothing."""
        left, top, right, bottom = self._pixels(box)
        if right <= left or bottom <= top:
            return
        corners = (left, top, right - 1, bottom - 1)
        if colour is not None:
            self._on_picture.rectangle(corners, fill=colour)
        if label is not None:
            self._on_labels.rectangle(corners, fill=label)

    def shape(self, points: list[Point], colour: Colour, label: Colour | None = None) -> None:
        corners = [(x * self.side, y * self.side) for x, y in points]
        self._on_picture.polygon(corners, fill=colour)
        if label is not None:
            self._on_labels.polygon(corners, fill=label)

    def ellipse(self, box: Box, colour: Colour, label: Colour | None = None) -> None:
        corners = tuple(value * self.side for value in box)
        self._on_picture.ellipse(corners, fill=colour)
        if label is not None:
            self._on_labels.ellipse(corners, fill=label)

    def line(self, start: Point, end: Point, colour: Colour, width: float) -> None:
        corners = [(x * self.side, y * self.side) for x, y in (start, end)]
        self._on_picture.line(corners, fill=colour, width=max(1, round(width * self.side)))

    def shade(self, box: Box, factor: float) -> None:
        """Make the picture within ``box`` darker, by a factor below 1."""
        corners = self._pixels(box)
        part = self.picture.crop(corners)
        if part.width and part.height:
            self.picture.paste(part.point(lambda value: round(value * factor)), corners[:2])

    def texture(self, box: Box, make: Texture) -> None:
        """Fill ``box`` with what ``make`` returns for a height and width in fine pixels: float [H, W, 3], 0 to 255."""
        left, top, right, bottom = self._pixels(box)
        if right > left and bottom > top:
            self.picture.paste(to_image(make(bottom - top, right - left)), (left, top))

    def finished(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The picture and the labels, uint8 [size, size, 3] in sRGB."""
        smooth = self.picture.resize((self.size, self.size), Image.Resampling.BOX)
        return np.asarray(smooth), np.asarray(self.labels.resize((self.size, self.size), Image.Resampling.NEAREST))

    def _pixels(self, box: Box) -> tuple[int, int, int, int]:
        left, top, right, bottom = (round(value * self.side) for value in box)
        return max(0, left), max(0, top), min(self.side, right), min(self.side, bottom)


def to_image(values: NDArray[np.floating]) -> Image.Image:
    """float [H, W, 3], 0 to 255 -> an RGB image."""
    return Image.fromarray(np.clip(values, 0, 255).round().astype(np.uint8))


def clouds(rng: np.random.Generator, height: int, width: int, cells: int) -> NDArray[np.floating]:
    """Smooth noise, float [H, W] with mean about 0 and values from -1 to 1; ``cells`` bumps along the longer side."""
    per_pixel = cells / max(height, width, 1)
    shape = (max(2, round(height * per_pixel) + 1), max(2, round(width * per_pixel) + 1))
    coarse = Image.fromarray(rng.uniform(-1, 1, shape).astype(np.float32))
    return np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.float64)


def gradient(top: Colour, bottom: Colour, height: int, width: int) -> NDArray[np.floating]:
    """From one colour down to the other, float [H, W, 3]."""
    share = np.linspace(0, 1, height)[:, None, None]
    return np.broadcast_to(np.array(top) * (1 - share) + np.array(bottom) * share, (height, width, 3)).astype(float)


def varied(rng: np.random.Generator, colour: Colour, by: float) -> Colour:
    """The colour, each channel changed by up to ``by`` levels, and lighter or darker by as much."""
    lightness = rng.uniform(-by, by)
    red, green, blue = (int(np.clip(value + lightness + rng.uniform(-by / 2, by / 2), 0, 255)) for value in colour)
    return red, green, blue


def darker(colour: Colour, factor: float) -> Colour:
    red, green, blue = (int(min(255, value * factor)) for value in colour)
    return red, green, blue
