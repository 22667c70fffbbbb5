"""Errors that the command line prints as one line."""

from __future__ import annotations

import struct
import zlib
from enum import IntEnum

# What Pillow's decoders and encoders raise over damaged data and over pictures a format cannot hold.
CODEC_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    EOFError,
    MemoryError,
    struct.error,
    zlib.error,
    AssertionError,  # these three would be mistakes of a library, which shall not end a night's work
    AttributeError,
    SystemError,
)


class ExitCode(IntEnum):
    """What the process tells its caller."""

    OK = 0
    SOME_FAILED = 1  # at least one file failed; the others are done
    USAGE = 2  # the command cannot be carried out as given
    UNUSABLE = 3  # a device or a model cannot be used
    INTERRUPTED = 130


class UserError(ValueError):
    """A problem the user can mend: one line naming the flag or file, the value, and the remedy."""

    exit_code = ExitCode.USAGE


class UnusableError(UserError):
    """A device or a model file that cannot be used."""

    exit_code = ExitCode.UNUSABLE


class PictureError(UserError):
    """A picture that cannot be read or written; the other pictures of a folder go on."""

    exit_code = ExitCode.SOME_FAILED


def one_line(error: BaseException) -> str:
    """The message of ``error`` on one line, never empty, without control characters."""
    return printable(" ".join(line.strip() for line in str(error).split("\n")).strip()) or type(error).__name__


def printable(text: str) -> str:
    """``text`` from a stranger, such as a file name, harmless to a terminal: control characters become escapes."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)
