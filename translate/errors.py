"""Errors that a front end shows as one line.

A message names a setting by its Python name in angle brackets, a word of its own: ``<max_size>``. In Python that reads
``max_size``; the command line calls it ``--max-size``, another front end may show its field. A text with such marks is
called marked here.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from enum import IntEnum

# A mark, or the "<<>" by which `literal` keeps a "<" from beginning one. The file name <b>.jpg holds no mark: what
# stands beside one is a space or, behind it, the punctuation of a sentence.
_MARK = re.compile(r"<<>|(?<!\S)<([a-z][a-z0-9_]*)>(?![^\s:;,)])")

# What Pillow's decoders and encoders raise over damaged data and over pictures a format cannot hold: to be caught round
# calls of theirs alone. A lack of memory is none of it.
CODEC_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    EOFError,
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
    """A problem the user can mend: one line naming the setting or file, the value, and the remedy.

    It is raised with a marked text; ``str`` gives it with the Python names of the settings.
    """

    exit_code = ExitCode.USAGE

    def __str__(self) -> str:
        return self.described(str)

    @property
    def marked(self) -> str:
        """The text as it was raised, for use in another error's text."""
        return super().__str__()

    def described(self, name_of: Callable[[str], str]) -> str:
        """The text with each setting under the name that ``name_of`` gives for its Python name."""
        return render(self.marked, name_of)


class UnusableError(UserError):
    """A device or a model file that cannot be used."""

    exit_code = ExitCode.UNUSABLE


class PictureError(UserError):
    """A picture that cannot be read or written; the other pictures of a folder go on."""

    exit_code = ExitCode.SOME_FAILED


def render(marked: str, name_of: Callable[[str], str] = str) -> str:
    """A marked text with each setting under the name that ``name_of`` gives for its Python name, by default that."""
    return _MARK.sub(lambda mark: name_of(mark[1]) if mark[1] else "<", marked)


def literal(text: str) -> str:
    """``text`` from elsewhere as part of a marked one: what looks like a mark in it is shown as it is."""
    return _MARK.sub(lambda mark: f"<<>{mark[0][1:]}", text)


def one_line(error: BaseException) -> str:
    """The message of ``error`` on one line, never empty, without control characters: marked, for another error."""
    text = error.marked if isinstance(error, UserError) else literal(str(error))
    return printable(" ".join(line.strip() for line in text.split("\n")).strip()) or type(error).__name__


def printable(text: str) -> str:
    """``text`` from a stranger, such as a file name, harmless to a terminal: control characters become escapes."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)
