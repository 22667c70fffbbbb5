"""Pictures side by side on white, with text below them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

GAP = 8  # pixels between pictures, and around them
LINE_HEIGHT = 22  # pixels
FONT_SIZE = 16  # pixels
INK, PAPER = (27, 31, 36), (255, 255, 255)


class Cell(NamedTuple):
    """A picture, uint8 RGB [H, W, 3], with lines of text below it; or either alone."""

    picture: NDArray[np.uint8] | None = None
    lines: Sequence[str] = ()

    @property
    def width(self) -> int:
        return 0 if self.picture is None else self.picture.shape[1]

    @property
    def height(self) -> int:
        return (0 if self.picture is None else self.picture.shape[0]) + LINE_HEIGHT * len(self.lines)


def draw_sheet(rows: Sequence[Sequence[Cell]], *, least_width: int = 0) -> NDArray[np.uint8]:
    """``rows`` of cells below one another, in columns of one width: uint8 RGB [H, W, 3].

    Columns are as wide as the widest picture, ``least_width`` pixels at least; text that is wider loses its beginning.
    """
    width = max(least_width, *(cell.width for row in rows for cell in row))
    heights = [max(cell.height for cell in row) for row in rows]
    size = GAP + max(map(len, rows)) * (width + GAP), GAP + sum(height + GAP for height in heights)
    sheet = Image.new("RGB", size, PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(FONT_SIZE)
    top = GAP
    for row, height in zip(rows, heights, strict=True):
        for number, cell in enumerate(row):
            x, y = GAP + number * (width + GAP), top
            if cell.picture is not None:
                sheet.paste(Image.fromarray(cell.picture), (x, y))
                y += cell.picture.shape[0]
            for line in cell.lines:
                draw.text((x, y), _fitting(line, width, font), INK, font)
                y += LINE_HEIGHT
        top += height + GAP
    return np.array(sheet)


def _fitting(text: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """``text`` on one line, with its beginning cut off where it is wider than ``width`` pixels."""
    text = "".join(char if char.isprintable() else "?" for char in text)
    if font.getlength(text) <= width:
        return text
    start = bisect_left(range(len(text)), True, key=lambda start: font.getlength(f"...{text[start:]}") <= width)
    return f"...{text[start:]}"
