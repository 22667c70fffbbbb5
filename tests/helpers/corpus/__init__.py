"""Pictures as they are found: a folder of more than a thousand files, whole and broken, made anew from a seed.

`make_corpus` says what is to become of each, and of those whose picture is known, what has to come out.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.helpers.corpus.broken import bombs, damaged, exif, profiles
from tests.helpers.corpus.entry import Entry
from tests.helpers.corpus.places import names, places
from tests.helpers.corpus.sound import misnamed, modes, moving, orientations, sizes


def make_corpus(folder: Path, *, seed: int = 0) -> list[Entry]:
    """Make all of it below ``folder``."""
    entries: list[Entry] = []
    for make in (modes, sizes, orientations, misnamed, moving, profiles, exif, damaged, bombs, names, places):
        below = folder / make.__name__
        below.mkdir(parents=True)
        entries += make(below, np.random.default_rng(seed))
    return entries
