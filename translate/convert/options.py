"""How pictures are converted."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from translate.convert.planning import Job
from translate.media.frames import MovingOptions
from translate.media.gpu_jpeg import JpegCodec

OnProgress = Callable[[Job, int, int | None], None]  # frames done; frames in total, None: not known
OnNote = Callable[[Job, str], None]  # what the result lacks

DEFAULT_WORKERS = min(8, os.cpu_count() or 1)


def _ignore(*_: object) -> None:
    """A listener that does nothing."""


@dataclass(frozen=True, kw_only=True)
class Options(MovingOptions):
    """How pictures, moving or not, are converted, and how many at a time."""

    strength: float = 1.0  # 0: the photo, 1: the result
    working_size: int = 0  # pixels of the longer side at which larger pictures are translated; 0: at their own size
    workers: int = DEFAULT_WORKERS  # photos decoded and encoded at a time, besides those being translated
    translate_workers: int = 1  # photos translated at a time
    jpeg: JpegCodec | None = None  # decodes and encodes what JPEGs it can; None: the processor does
    settings: Mapping[str, object] = field(default_factory=dict)  # what else the frames of a video depend on: the style
    on_progress: OnProgress = _ignore  # for videos and animations; called from their threads
    on_note: OnNote = _ignore  # called from the thread of its job

    def with_listeners(self, on_progress: OnProgress | None = None, on_note: OnNote | None = None) -> Options:
        """A copy with only these listeners."""
        return replace(self, on_progress=on_progress or _ignore, on_note=on_note or _ignore)
