"""How pictures are converted."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from translate.convert.planning import Job
from translate.media.formats import Effort
from translate.media.images import MAX_PIXELS

OnProgress = Callable[[Job, int, int | None], None]  # the frames done, and in all; None: not known

OnNote = Callable[[Job, str], None]

DEFAULT_WORKERS = min(8, os.cpu_count() or 1)


def _silent(*told: object) -> None:
    """A listener to whom nothing matters."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """How each picture is converted."""

    quality: int | None = None  # 1 to 100; None: the format's own
    effort: Effort = "normal"  # on small files
    max_size: int | None = None  # pixels of the longer side, to which larger pictures are scaled down first
    strength: float = 1.0  # 0: the photo, 1: the result
    compare: bool = False  # photo and result side by side
    max_pixels: int = MAX_PIXELS  # larger pictures are refused
    workers: int = DEFAULT_WORKERS  # photos that are decoded and encoded beside those being translated
    translate_workers: int = 1  # photos that are translated at a time
    stabilise: bool = False  # hold videos and animations still where the original is
    settings: Mapping[str, object] = field(default_factory=dict)  # what else a video's frames depend on: the style
    on_progress: OnProgress = _silent  # of videos and animations, from their threads
    on_note: OnNote = _silent  # of what a result lacks, from its thread

    def with_listeners(self, on_progress: OnProgress | None = None, on_note: OnNote | None = None) -> Options:
        """The same with these listeners, and no others."""
        return replace(self, on_progress=on_progress or _silent, on_note=on_note or _silent)
