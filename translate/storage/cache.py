"""Where the program keeps what it would otherwise compute anew."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

VARIABLE = "TRANSLATE_CACHE"  # of the environment: another folder; empty: nothing is kept


def cache_folder() -> Path | None:
    """Where graphs are kept, whether it exists or not; None: switched off."""
    folder = os.environ.get(VARIABLE)
    if folder is None:
        return Path(platformdirs.user_cache_dir("picture-translate", appauthor=False))
    return Path(folder) if folder else None
