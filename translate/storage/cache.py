"""Where the program caches what it would otherwise compute again."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

VARIABLE = "TRANSLATE_CACHE"  # environment variable: another folder; empty: no cache


def cache_folder() -> Path | None:
    """The cache folder, whether it exists or not; None: caching is off."""
    folder = os.environ.get(VARIABLE)
    if folder is None:
        return Path(platformdirs.user_cache_dir("picture-translate", appauthor=False))
    return Path(folder) if folder else None
