"""Calls to codecs, whose errors about a file are kept apart from mistakes in this program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from translate.errors import CODEC_ERRORS


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
