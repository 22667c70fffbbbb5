"""Where the program caches what it would otherwise compute again."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from functools import cache
from pathlib import Path

import platformdirs

from translate.storage.own_files import is_private

VARIABLE = "TRANSLATE_CACHE"  # environment variable: another folder; empty: no cache


def cache_folder(part: str = "") -> Path | None:
    """The folder of this ``part`` of the cache, whether it exists or not; None: caching is off.

    It is off, too, where other users could plant files, as what is in the cache is not checked like a style; that is
    logged once.
    """
    given = os.environ.get(VARIABLE)
    if given == "":
        return None
    root = Path(given or platformdirs.user_cache_dir("picture-translate", appauthor=False))
    for folder in (root, root / part):
        with suppress(OSError):  # it is not there, and will be made
            if not is_private(folder):
                _log_unsafe(folder)
                return None
    return root / part


def make_cache_folder(folder: Path) -> None:
    """Make a folder that `cache_folder` returned, which only this user may use. Raises ``OSError``."""
    for missing in (folder.parent, folder):
        missing.mkdir(mode=0o700, parents=True, exist_ok=True)


@cache
def _log_unsafe(folder: Path) -> None:
    logging.getLogger(__name__).warning(
        "%s: not used as a cache, as other users may write to it; make it your own (`chmod 700`), or set %s to another",
        folder,
        VARIABLE,
    )
