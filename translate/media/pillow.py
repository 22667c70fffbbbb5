"""Pillow's settings that are the whole process's: ours while we read or write a picture, then the host's again."""

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

# Pillow's warnings are about odd metadata; what cannot be decoded raises. The host's own filters hardly have this
# pattern, so that ours is the one that is taken out again.
_NO_WARNINGS = ("ignore", None, Warning, re.compile(r"PIL\.\w"), 0)

_lock = threading.Lock()
_inside = 0  # how many are in `quiet_pillow`, of all threads
_to_restore = ExitStack()


@contextmanager
def quiet_pillow(max_pixels: int = 0) -> Iterator[None]:
    """In it, Pillow takes pictures of ``max_pixels``, refuses those of more than twice as many, and says nothing.

    Any number of threads may be in it: the highest limit then holds for all, and never one below the host's. The last
    to leave restores what the first found.
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
    # put in its place by hand: after `filterwarnings` the host's warnings that are shown once would be shown again
    _filters().insert(0, _NO_WARNINGS)
    _to_restore.callback(_let_warn)
    set_handler = _setter_of_libtiffs_handler()
    if set_handler is not None:
        _to_restore.callback(set_handler, set_handler(None))


def _let_warn() -> None:
    with suppress(ValueError):  # the host has other filters by now
        _filters().remove(_NO_WARNINGS)


def _filters() -> list[Any]:
    return cast("list[Any]", warnings.filters)


@cache
def _setter_of_libtiffs_handler() -> Any:
    """libtiff's function that takes a handler of errors and returns the one before; None: this build hides it.

    Without a handler, libtiff does not write lines of its own to standard error.
    """
    try:
        function = ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler
    except (OSError, AttributeError):
        return None
    function.argtypes, function.restype = [ctypes.c_void_p], ctypes.c_void_p
    return function
