"""The mark that results carry, by which a folder that holds photos and their results is told apart.

It is text: in EXIF the tag ProcessingSoftware, in a GIF and a video a comment. A BMP has no place for it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, cast

from translate import __version__
from translate.storage.folders import VIDEO_SUFFIXES

Action = Literal["convert", "upscale"]  # the commands whose results are marked

_MARK = re.compile(rb"picture-translate [\w.+-]{1,40} \((convert|upscale)\)")
# Pictures have it in their first or last kilobytes, among up to 128 of other text; an MP4 has it after its index, which
# grows with its frames.
_HEAD_BYTES, _VIDEO_HEAD_BYTES, _TAIL_BYTES = 1 << 18, 1 << 23, 1 << 18


def mark(action: Action) -> str:
    """The mark of a result of ``action``."""
    return f"picture-translate {__version__} ({action})"


def marked(comment: str | None, action: Action) -> str:
    """``comment`` with the mark of ``action`` in a line of its own, in place of earlier marks."""
    lines = (comment or "").splitlines()
    return "\n".join([*(line for line in lines if not _MARK.fullmatch(line.encode())), mark(action)])


def made_by(path: Path) -> Action | None:
    """The action whose mark the file ``path`` carries; None: no mark, or no file that can be read."""
    try:
        if not path.is_file():  # a pipe would block
            return None
        with path.open("rb") as file:
            content = file.read(_VIDEO_HEAD_BYTES if path.suffix.lower() in VIDEO_SUFFIXES else _HEAD_BYTES)
            file.seek(max(len(content), path.stat().st_size - _TAIL_BYTES))
            found = _MARK.search(content) or _MARK.search(file.read(_TAIL_BYTES))
    except OSError:
        return None
    return cast(Action, found[1].decode()) if found else None
