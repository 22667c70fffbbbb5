"""Videos and animations as jobs of the pipeline: each frame goes through the style, and the rest stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from translate.convert.options import Options
from translate.convert.planning import Job
from translate.media.frames import Frames, MovingOptions
from translate.media.guards import require_file


def convert_moving(job: Job, translate: Callable[[Frames], Frames], options: Options) -> tuple[int, int]:
    """Carry out ``job``, of a video or an animation; width and height of what was written.

    Raises ``PictureError`` naming the file, and ``UnusableError`` where the library for videos is missing.
    """
    assert isinstance(job.source, Path) and isinstance(job.output, Path)  # planning keeps streams to pictures

    require_file(job.source)

    def tell(done: int, total: int | None) -> None:
        options.on_progress(job, done, total)

    moving = MovingOptions(
        quality=options.quality,
        effort=options.effort,
        max_size=options.max_size,
        compare=options.compare,
        stabilise=options.stabilise,
        max_pixels=options.max_pixels,
    )
    if job.kind == "animation":
        from translate.media.animation import convert_animation

        assert job.format is not None
        return convert_animation(job.source, job.output, translate, job.format, moving, on_progress=tell)
    from translate.media.video.convert import convert_video

    settings = {**options.settings, "domain": job.domain, "strength": options.strength}
    result = convert_video(job.source, job.output, translate, moving, settings=settings, on_progress=tell)
    if result.left_out:
        options.on_note(job, f"left out, as {job.output.suffix} cannot hold it: {', '.join(result.left_out)}")
    return result.size
