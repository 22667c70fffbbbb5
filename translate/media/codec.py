"""Calls to codecs, whose errors about a file are kept apart from mistakes in this program."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from translate.errors import CODEC_ERRORS, one_line

TOO_LARGE = "too large for the memory; try <max_size>"
# Codecs raise the same types for these as for damaged files; only their texts differ.
_NO_MEMORY = re.compile(r"out of memory|cannot allocate|not enough memory|malloc", re.IGNORECASE)
_UNSUPPORTED = re.compile(
    r"unsupported|not (yet )?supported|not implemented|cannot handle|unavailable|not available"
    r"|unknown (pixel mode|data organization|compression|raw mode)|unable to determine J2K image mode",
    re.IGNORECASE,
)


class CodecError(Exception):
    """A codec cannot read a file's content, or a format cannot hold a picture. ``cause`` is what the codec raised.

    `guards.reading` and `images.writing` turn it into a ``PictureError``.
    """

    def __init__(self, cause: Exception) -> None:
        super().__init__(cause)
        self.cause = cause


@contextmanager
def codec_call() -> Iterator[None]:
    """Turn any of `CODEC_ERRORS` into a ``CodecError``. Only around calls to Pillow and other codecs.

    Around code of this program it would blame the file for a mistake in that code.
    """
    try:
        yield
    except CODEC_ERRORS as error:
        raise CodecError(error) from error


def fault(cause: Exception) -> str:
    """What is the matter with a file of which a codec raised ``cause``: marked, for a message after the file's name.

    Lack of memory, a kind of file that the codec does not know, or damage.
    """
    text = one_line(cause)
    if _NO_MEMORY.search(text):
        return TOO_LARGE
    if isinstance(cause, NotImplementedError) or _UNSUPPORTED.search(text):
        return f"of a kind that this program does not read: {text}"
    return f"damaged or cut short: {text}"
