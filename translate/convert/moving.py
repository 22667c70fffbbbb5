"""Videos and animations as jobs of the pipeline: each frame is translated, everything else is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from translate.convert.options import Options
from translate.convert.planning import Job
from translate.media.frames import Frames, Transparency
from translate.media.guards import require_file
from translate.style.conditions import Wanted


def convert_moving(
    job: Job,
    translate: Callable[[Frames], Frames],
    options: Options,
    enlarge_alpha: Callable[[Transparency], Transparency] | None = None,
) -> tuple[int, int]:
    """Convert the video or animation of ``job``, and return the width and height of what was written.

    ``enlarge_alpha`` does with transparency what ``translate`` does with colours, where frames become larger.

    Raises ``PictureError`` naming the file, and ``UnusableError`` if the library for videos is missing.
    """
    assert isinstance(job.source, Path) and isinstance(job.output, Path)  # planning allows streams only for pictures

    require_file(job.source)
    overwrite = job.if_there == "overwrite"

    def report(done: int, total: int | None) -> None:
        options.on_progress(job, done, total)

    if job.kind == "animation":
        from translate.media.animation import convert_animation

        assert job.format is not None
        return convert_animation(
            job.source,
            job.output,
            translate,
            job.format,
            options,
            overwrite=overwrite,
            on_progress=report,
            enlarge_alpha=enlarge_alpha,
        )
    from translate.media.video.convert import convert_video

    settings = {
        **options.settings,
        "domain": [job.domain.title, job.domain.digest] if isinstance(job.domain, Wanted) else job.domain,
        "strength": options.strength,
        "working_size": options.working_size,
    }
    result = convert_video(
        job.source,
        job.output,
        translate,
        options,
        settings=settings,
        overwrite=overwrite,
        on_progress=report,
    )
    if result.unfit.sounds:
        options.on_note(
            job, f"sound stored as FLAC, as {job.output.suffix} cannot hold {', '.join(result.unfit.sounds)}"
        )
    if result.unfit.subtitles:
        options.on_note(
            job, f"subtitles left out, as {job.output.suffix} cannot hold {', '.join(result.unfit.subtitles)}"
        )
    if result.padded:
        width, height = result.size
        options.on_note(
            job, f"{width} x {height}, as H.264 has even sizes: the edge is repeated; .webm has sizes of any kind"
        )
    if result.left_out:
        options.on_note(job, f"left out: {', '.join(result.left_out)}")
    return result.size
