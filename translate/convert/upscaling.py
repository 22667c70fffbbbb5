"""From a request to enlarge pictures to its results, by the pipeline that converts them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from translate.convert.conversion import Conversion, ConvertRequest, plan_only
from translate.convert.enlarging import Enlarging
from translate.convert.inputs import OnRemark, ignore_remark
from translate.convert.options import DEFAULT_WORKERS, Options
from translate.convert.pipeline import run_jobs
from translate.convert.planning import Job
from translate.convert.results import Result
from translate.style.catalogue import find_enlarger
from translate.style.enlarger import Enlarger


def prepare_upscaling(
    request: ConvertRequest, *, scale: int, model: Path | None = None, on_remark: OnRemark = ignore_remark
) -> Conversion:
    """Plan the files of ``request``, which become ``scale`` times as high and wide, and open the network.

    Of ``request`` count the inputs, the output, how files are found and written, ``device``, ``max_pixels`` of photos
    and of results, and ``workers``. ``model`` is a style of your own that enlarges; None: the shipped one. Raises as
    `convert.conversion.convert_files` does.
    """
    jobs = plan_upscaling(request, model=model, on_remark=on_remark)
    enlarging = Enlarging(Enlarger(device=request.device, path=model), scale, max_pixels=request.max_pixels)
    options = Options(
        quality=request.quality,
        effort=request.effort,
        max_pixels=request.max_pixels,
        workers=request.workers or DEFAULT_WORKERS,
        enlarged=scale,
        action="upscale",
        settings={"style": enlarging.enlarger.info.checkpoint_sha256, "precision": enlarging.enlarger.info.precision},
        strip_metadata=request.strip_metadata,
        translate_workers=enlarging.enlarger.divide_cores(sum(not job.skip for job in jobs)),
    )
    return Conversion(
        jobs=jobs,
        options=options,
        execute=partial(_run, enlarging),
        device=enlarging.enlarger.device,
        why_cpu=enlarging.enlarger.why_cpu,
    )


def plan_upscaling(
    request: ConvertRequest, *, model: Path | None = None, on_remark: OnRemark = ignore_remark
) -> list[Job]:
    """The jobs of ``request``; writes nothing. Raises as `prepare_upscaling` does."""
    return plan_only(replace(request, style=model or find_enlarger()), action="upscale", on_remark=on_remark)


def _run(enlarging: Enlarging, jobs: list[Job], options: Options) -> Iterator[Result]:
    return run_jobs(jobs, enlarging, options)
