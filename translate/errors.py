"""Errors that a front end shows as one line.

A message names a setting by its Python name in angle brackets, as a separate word: ``<max_size>``. Python shows it as
``max_size``, the command line as ``--max-size``, and another front end may show its field. A text with such marks is
called marked here.
"""

from __future__ import annotations

import errno
import re
import struct
import zlib
from collections.abc import Callable
from enum import IntEnum
from typing import Any

# A mark, or the "<<>" with which `literal` escapes a "<" that would begin one. The file name <b>.jpg holds no mark: a
# mark has white space before it, and white space or sentence punctuation after it.
_MARK = re.compile(r"<<>|(?<!\S)<([a-z][a-z0-9_]*)>(?![^\s:;,)])")

# What Pillow's decoders and encoders raise for damaged data and for pictures that a format cannot hold. Catch them only
# around calls to Pillow. Lack of memory is not among them.
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
    AssertionError,  # these three would be bugs in a library, which must not abort a long conversion
    AttributeError,
    SystemError,
)


MAX_NESTING = 50  # of the brackets in a configuration or a log; ours have up to three
TOO_NESTED = f"more than {MAX_NESTING} brackets inside each other"


class ExitCode(IntEnum):
    """The exit status of the process."""

    OK = 0
    SOME_FAILED = 1  # at least one file failed; the others are done
    USAGE = 2  # the command cannot be carried out as given
    UNUSABLE = 3  # a device or a model cannot be used
    INTERRUPTED = 130


class UserError(ValueError):
    """A problem the user can fix: one line naming the setting or file, the value, and the remedy.

    It is raised with a marked text; ``str`` shows the settings by their Python names.
    """

    exit_code = ExitCode.USAGE

    def __str__(self) -> str:
        return self.described(str)

    @property
    def marked(self) -> str:
        """The text as raised, for use in another error's text."""
        return super().__str__()

    def described(self, name_of: Callable[[str], str]) -> str:
        """The text, with each setting named by ``name_of``, which takes its Python name."""
        return render(self.marked, name_of)


class UnusableError(UserError):
    """A device or a model file that cannot be used."""

    exit_code = ExitCode.UNUSABLE


class PictureError(UserError):
    """A picture that cannot be read, translated or written; the other pictures are still converted."""

    exit_code = ExitCode.SOME_FAILED


class NoSpaceError(PictureError):
    """There is no room to write a file, so that the pictures after it would fail as well: the conversion stops."""


def is_no_space(error: BaseException) -> bool:
    """Whether the system, or FFmpeg, says by ``error`` that there is no room on the disk or in the user's share."""
    return getattr(error, "errno", None) in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


def parse_nested(parse: Callable[[str], Any], text: str) -> Any:
    """``parse(text)`` for a parser such as ``json.loads``.

    Raises ``ValueError`` as it does, and for more than `MAX_NESTING` brackets inside each other, which would raise
    ``RecursionError`` there, or where the value is handled.
    """
    try:
        value = parse(text)
    except RecursionError:
        raise ValueError(TOO_NESTED) from None
    level = [value]
    for _ in range(MAX_NESTING + 1):
        groups = [
            group.values() if isinstance(group, dict) else group for group in level if isinstance(group, dict | list)
        ]
        level = [inner for group in groups for inner in group]
        if not level:
            return value
    raise ValueError(TOO_NESTED)


def render(marked: str, name_of: Callable[[str], str] = str) -> str:
    """A marked text, with each setting named by ``name_of``, which takes its Python name; by default that name."""
    return _MARK.sub(lambda mark: name_of(mark[1]) if mark[1] else "<", marked)


def literal(text: str) -> str:
    """Escape foreign ``text`` for use in a marked one: what looks like a mark in it is shown verbatim."""
    return _MARK.sub(lambda mark: f"<<>{mark[0][1:]}", text)


def one_line(error: BaseException) -> str:
    """The message of ``error`` on one line, never empty, without control characters; marked, for another error."""
    text = error.marked if isinstance(error, UserError) else literal(str(error))
    return printable(" ".join(line.strip() for line in text.split("\n")).strip()) or type(error).__name__


def printable(text: str) -> str:
    """Make untrusted ``text``, such as a file name, safe for a terminal: control characters become escapes."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)
