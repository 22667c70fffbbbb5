"""A corpus of over a thousand odd picture files, whole and broken, generated from a seed.

`make_corpus` returns the expected outcome of each, and, where the picture is known, the expected result.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.helpers.corpus.broken import bombs, damaged, exif, profiles
from tests.helpers.corpus.described import colours, descriptions
from tests.helpers.corpus.entry import Entry
from tests.helpers.corpus.places import names, places
from tests.helpers.corpus.sound import misnamed, modes, moving, orientations, sizes

MAKERS = (
    *(modes, sizes, orientations, misnamed, moving, profiles, exif, colours, descriptions),
    *(damaged, bombs, names, places),
)


def make_corpus(folder: Path, *, seed: int = 0) -> list[Entry]:
    """Make the whole corpus below ``folder``."""
    entries: list[Entry] = []
    for make in MAKERS:
        below = folder / make.__name__
        below.mkdir(parents=True)
        entries += make(below, np.random.default_rng(seed))
    return entries
