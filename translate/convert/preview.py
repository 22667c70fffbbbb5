"""One photo in every style, on one sheet."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from translate.media.images import Picture, load_rgb, shrink
from translate.media.sheet import Cell, draw_sheet
from translate.style.catalogue import variant_for
from translate.style.session import first_target
from translate.style.translator import Translator

LONGEST_SIDE = 1024  # pixels, of photos for styles without a working size


def draw_styles(photos: Sequence[Path], styles: Mapping[str, Path], *, side: int) -> NDArray[np.uint8]:
    """``photos`` as they are and in each of ``styles``, files by the name to write below: uint8 RGB [H, W, 3].

    Pictures have at most ``side`` pixels on their longer side. A style with domains is shown in the first of them. A
    single photo's pictures fill a square sheet; several photos have a row each.

    Raises ``PictureError`` for a photo that cannot be read or translated, ``UnusableError`` for a style.
    """
    loaded = [Picture(load_rgb(photo)) for photo in photos]
    columns: list[list[Cell]] = [[Cell(shrink(photo, side).rgb, ["photo"]) for photo in loaded]]
    for name, path in styles.items():
        translator = Translator(variant_for(path, "cpu"), device="cpu")
        domain = first_target(translator.info)
        pictures = []
        for photo in loaded:
            pixels = shrink(photo, translator.info.working_size or LONGEST_SIDE).rgb
            pictures.append(shrink(Picture(translator(pixels[np.newaxis], domain)[0]), side).rgb)
        columns.append([Cell(picture, [name]) for picture in pictures])
    if len(photos) > 1:
        return draw_sheet(list(zip(*columns, strict=True)))
    cells = [column[0] for column in columns]
    across = math.ceil(math.sqrt(len(cells)))
    return draw_sheet([cells[start : start + across] for start in range(0, len(cells), across)])
