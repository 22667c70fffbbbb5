"""Contact sheets of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def save_sheet(rows: Sequence[Sequence[NDArray[np.uint8]]], path: Path) -> None:
    """Write rows of pictures, uint8 [H, W, 3], one below another; shorter rows are filled with black.

    The pictures of a row must have the same height.
    """
    joined = [np.hstack(row) for row in rows]
    width = max(row.shape[1] for row in joined)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.vstack([np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0))) for row in joined])).save(path)
