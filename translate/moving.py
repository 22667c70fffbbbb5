"""Videos and animations as jobs of the pipeline: each frame goes through the style, and the rest stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from translate.planning import Job

if TYPE_CHECKING:
    from translate.pipeline import Options

Frames = NDArray[np.uint8]  # [N, H, W, 3]


def convert_moving(job: Job, translate: Callable[[Frames], Frames], options: Options) -> tuple[int, int]:
    """Carry out ``job``, of a video or an animation; width and height of what was written.

    Raises ``PictureError`` naming the file, and ``UnusableError`` where the library for videos is missing.
    """
    assert isinstance(job.source, Path) and isinstance(job.output, Path)  # planning keeps streams to pictures

    def tell(done: int, total: int | None) -> None:
        options.on_progress(job, done, total)

    if job.kind == "animation":
        from translate.animation import AnimationOptions, convert_animation

        assert job.format is not None
        return convert_animation(
            job.source,
            job.output,
            translate,
            job.format,
            AnimationOptions(
                quality=options.quality,
                effort=options.effort,
                max_size=options.max_size,
                compare=options.compare,
                stabilise=options.stabilise,
                max_pixels=options.max_pixels,
            ),
            on_progress=tell,
        )
    from translate.video import VideoOptions, convert_video

    result = convert_video(
        job.source,
        job.output,
        translate,
        VideoOptions(
            quality=options.quality,
            effort=options.effort,
            max_size=options.max_size,
            compare=options.compare,
            stabilise=options.stabilise,
        ),
        settings={**options.settings, "domain": job.domain, "strength": options.strength},
        on_progress=tell,
    )
    if result.left_out:
        options.on_note(job, f"left out, as {job.output.suffix} cannot hold it: {', '.join(result.left_out)}")
    return result.size
