"""The styles of a server: what it says about them, and the few that are open at a time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

from translate.errors import UnusableError
from translate.style.translator import Translator, style_file
from translate.web.problems import Problem
from translate.web.style_entry import StyleEntry, draw_preview


class Styles:
    """The styles by name, of which up to ``limit`` are open; the least recently used one is closed for another.

    ``threads``: how many call each style at a time. It may be used from several threads. Raises ``UnusableError`` if a
    file is not a style that keeps the size of pictures.
    """

    def __init__(self, files: Mapping[str, Path], *, device: str, int8: bool, limit: int, threads: int) -> None:
        self.device, self._int8, self._limit, self._threads = device, int8, limit, threads
        self.entries = {name: StyleEntry.read(name, file) for name, file in files.items()}
        self._open: OrderedDict[tuple[Path, int], Translator] = OrderedDict()
        self._previews: dict[str, bytes] = {}
        self._lock = threading.Lock()

    @property
    def warm(self) -> int:
        """How many are open."""
        return len(self._open)

    def require(self, name: str) -> StyleEntry:
        """The style of that name; raises `Problem` if there is none, so that a request cannot name a file."""
        if name not in self.entries:
            raise Problem("bad-request", f"style {name}: not one of {', '.join(self.entries)}")
        return self.entries[name]

    def translator(self, name: str) -> Translator:
        """The style, opened if need be. Raises ``UnusableError`` if it cannot be, or has vanished."""
        given = self.require(name).file
        with self._lock:  # a second request for the same style waits instead of opening it again
            if not given.is_file():
                raise UnusableError(f"style {name}: its file has vanished; the other styles still work")
            file = style_file(str(given), device=self.device, int8=self._int8)
            key = (file, file.stat().st_mtime_ns)
            translator = self._open.pop(key, None) or self._opened(file, name)
            self._open[key] = translator
            while len(self._open) > self._limit:
                self._open.popitem(last=False)
            return translator

    def preview(self, name: str) -> bytes:
        """A small photo in this style, as WebP: drawn once. Raises as `translator` does."""
        if name not in self._previews:
            translator = self.translator(name)
            self._previews[name] = draw_preview(translator)
        return self._previews[name]

    def _opened(self, file: Path, name: str) -> Translator:
        try:
            translator = Translator(file, device=self.device)
        except UnusableError as error:  # clients need not know where it is
            raise UnusableError(error.marked.replace(str(file), f"style {name}")) from error
        translator.divide_cores(self._threads)
        return translator
