"""One uploaded file through the pipeline of `translate convert`, so that its bytes are those of the command line."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from pathlib import Path

from translate.convert.conversion import ConvertRequest, plan_for
from translate.convert.options import OnNote, OnProgress
from translate.convert.pipeline import run_jobs
from translate.convert.planning import own_format
from translate.errors import PictureError, literal
from translate.media.formats import FORMATS
from translate.web.names import is_video, video_suffix
from translate.web.styles import Styles


@dataclass(frozen=True)
class Converted:
    """A result."""

    path: Path
    size: tuple[int, int]  # width and height


class Cancelled(Exception):  # noqa: N818 (nothing went wrong)
    """Nobody wants the result any more."""


@dataclass(frozen=True)
class FileConverter:
    """Converts files with the styles of a server. ``threads``: how many call it at a time."""

    styles: Styles
    threads: int
    max_pixels: int

    def convert(
        self,
        source: Path,
        name: str,
        request: ConvertRequest,
        cancelled: threading.Event,
        on_progress: OnProgress | None = None,
        on_note: OnNote | None = None,
    ) -> Converted:
        """Convert ``source``, which the client calls ``name``, to a file beside it, and remove ``source``.

        Once ``cancelled`` is set it stops before the next frame with `Cancelled`. Raises ``PictureError`` naming
        ``name``, and what opening the style raises.
        """
        if cancelled.is_set():
            raise Cancelled
        translator = self.styles.translator(str(request.style))
        translator.info.require_no_condition("a server")
        output = source.with_name("result" + result_suffix(source, name, request.format))
        photo = _with_kind(source, name)
        asked = replace(
            request,
            inputs=[photo],
            output=output,
            max_pixels=self.max_pixels,
            format=None if is_video(name) else request.format,
        )
        jobs, options = plan_for(asked, translator.info)

        def progress(*about: object) -> None:
            if cancelled.is_set():
                raise Cancelled
            if on_progress is not None:
                on_progress(*about)  # type: ignore[arg-type]

        options = replace(options, workers=0, translate_workers=self.threads).with_listeners(progress, on_note)
        (result,) = run_jobs(jobs, translator, options)
        photo.unlink()
        if result.failure is not None or result.size is None:
            failure = _renamed(result.failure or "", photo, name)
            raise PictureError(_renamed(failure, output, name))
        return Converted(output, result.size)


def _with_kind(source: Path, name: str) -> Path:
    """``source``, under a name whose suffix says that it is a video if it is one; a picture's content says the rest."""
    return source.rename(source.with_name("video" + Path(name).suffix.lower())) if is_video(name) else source


def result_suffix(path: Path, name: str, format: str | None) -> str:
    """The suffix of the result of the file at ``path``, called ``name``: as the command line chooses it."""
    if is_video(name):
        return video_suffix(name)
    return "." + format if format is not None else FORMATS[own_format(path)].suffixes[0]


def _renamed(text: str, path: Path, name: str) -> str:
    """The marked ``text`` about the file at ``path``, about what the client calls it."""
    return text.replace(str(path), literal(name))
