"""Videos and animations as jobs of the pipeline: each frame goes through the style, and the rest stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from translate.formats import Effort
from translate.reading import MAX_PIXELS, require_file

if TYPE_CHECKING:
    from translate.pipeline import Options
    from translate.planning import Job

Frames = NDArray[np.uint8]  # [N, H, W, 3]


@dataclass(frozen=True, kw_only=True)
class MovingOptions:
    """How a video or an animation is converted."""

    quality: int | None = None  # 1 to 100, of videos and of WebP; None: the format's own, 90 of videos
    effort: Effort = "normal"  # on a small file
    max_size: int | None = None  # pixels of the longer side, to which larger ones are scaled down first
    compare: bool = False  # original and result side by side
    stabilise: bool = False  # hold the result still where the original is
    max_pixels: int = MAX_PIXELS  # of a frame; larger animations are refused


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
        from translate.animation import convert_animation

        assert job.format is not None
        return convert_animation(job.source, job.output, translate, job.format, moving, on_progress=tell)
    from translate.video import convert_video

    settings = {**options.settings, "domain": job.domain, "strength": options.strength}
    result = convert_video(job.source, job.output, translate, moving, settings=settings, on_progress=tell)
    if result.left_out:
        options.on_note(job, f"left out, as {job.output.suffix} cannot hold it: {', '.join(result.left_out)}")
    return result.size
