"""Pictures that are probably not what paired training would take them for. Imports no deep-learning library."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from translate.data.pairing import Pair
from translate.errors import PictureError
from translate.media.images import load_rgb
from translate.storage.shards import Source

LOOKED_AT = 8  # pairs, evenly spaced
MOST = 0.75  # share of them that has to look so
LABELS = 64  # levels below which a picture of few flat regions is taken for a map of labels
FLAT = 0.9  # share of a label map's neighbouring pixels that are equal
NEAR = 8  # pixels on either side of the middle with which its edge is compared
EDGE = 2.0  # times the differences nearby: what an edge between two pictures has at least
SHOWS_SOMETHING = 0.5  # mean difference of neighbouring pixels, of 255: less is blank paper


def doubts(pairs: Sequence[Pair], *, of_labels: bool = True) -> list[str]:
    """A line for each suspicion, with ``of_labels`` also of maps of labels; what cannot be read is passed over."""
    chosen = pairs[:: -(-len(pairs) // LOOKED_AT)] if pairs else []
    found = []
    if _most(goes_on_across_the_middle(picture) for picture in _loaded([p.a for p in chosen if p.side_by_side])):
        found.append(
            "the pictures look like plain ones, not like A and B side by side: they go on across the middle; folders "
            "without pairs are for cut and cyclegan"
        )
    for side in "ab" if of_labels else "":
        paths = [getattr(pair, side) for pair in chosen if not pair.side_by_side]
        if _most(holds_labels(picture) for picture in _loaded(paths)):
            found.append(
                f"{paths[0]} and others look like maps of small label numbers, nearly black as pictures: say how "
                "many labels there are with `train pix2pix --labels`, or give the coloured maps that come with them"
            )
    return found


def goes_on_across_the_middle(picture: NDArray[np.uint8]) -> bool:
    """Whether RGB [H, W, 3] has no edge at its middle column, as two pictures side by side have."""
    middle = picture.shape[1] // 2
    near = picture[:, max(middle - NEAR, 0) : middle + NEAR].astype(float)  # [H, 2 NEAR, 3]
    if near.shape[1] < 2 * NEAR:
        return False
    changes = np.abs(np.diff(near, axis=1)).mean(axis=(0, 2))  # [2 NEAR - 1]
    around = np.delete(changes, NEAR - 1).mean()
    return bool(around >= SHOWS_SOMETHING and changes[NEAR - 1] < EDGE * around)


def holds_labels(picture: NDArray[np.uint8]) -> bool:
    """Whether RGB [H, W, 3] holds small whole numbers in flat regions, in grey."""
    first = picture[..., 0]
    if picture.shape[1] < 2 or (picture != first[..., np.newaxis]).any():
        return False
    return bool((first < LABELS).mean() >= FLAT and (first[:, 1:] == first[:, :-1]).mean() >= FLAT and first.any())


def _loaded(paths: Sequence[Source]) -> list[NDArray[np.uint8]]:
    pictures = []
    for path in paths:
        try:
            pictures.append(load_rgb(path))
        except PictureError:
            continue
    return pictures


def _most(answers: Iterable[bool]) -> bool:
    given = list(answers)
    return bool(given) and sum(given) >= MOST * len(given)
