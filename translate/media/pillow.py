"""Pillow's process-wide settings: ours while we read or write a picture, then the host's again."""

from __future__ import annotations

import ctypes
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from typing import Any, cast

from PIL import Image, _imaging

# Pillow warns of odd metadata; undecodable content raises. The host's own filters are unlikely to have this pattern, so
# the filter we remove later is ours.
_NO_WARNINGS = ("ignore", None, Warning, re.compile(r"PIL\.\w"), 0)

_lock = threading.Lock()
_inside = 0  # how many threads are inside `quiet_pillow`
_to_restore = ExitStack()


@contextmanager
def quiet_pillow(max_pixels: int = 0) -> Iterator[None]:
    """Inside, Pillow accepts ``max_pixels`` (0: the host's limit), refuses more than twice as many, and prints nothing.

    Any number of threads may be inside: the highest limit then applies to all, and never one below the host's. The last
    to leave restores what the first one found.
    """
    global _inside
    with _lock:
        if _inside == 0:
            _set_up()
        if max_pixels:
            Image.MAX_IMAGE_PIXELS = max(max_pixels, Image.MAX_IMAGE_PIXELS or 0)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _to_restore.close()


def _set_up() -> None:
    _to_restore.callback(setattr, Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
    # inserted by hand: `filterwarnings` would make the host's show-once warnings appear again
    _filters().insert(0, _NO_WARNINGS)
    _to_restore.callback(_remove_filter)
    set_handler = _setter_of_libtiffs_handler()
    if set_handler is not None:
        _to_restore.callback(set_handler, set_handler(None))


def _remove_filter() -> None:
    with suppress(ValueError):  # the host has replaced its filters meanwhile
        _filters().remove(_NO_WARNINGS)


def _filters() -> list[Any]:
    return cast("list[Any]", warnings.filters)


@cache
def _setter_of_libtiffs_handler() -> Any:
    """libtiff's function that sets an error handler and returns the previous one; None: this build hides it.

    Without a handler, libtiff does not write to standard error.
    """
    try:
        function = ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler
    except (OSError, AttributeError):
        return None
    function.argtypes, function.restype = [ctypes.c_void_p], ctypes.c_void_p
    return function
