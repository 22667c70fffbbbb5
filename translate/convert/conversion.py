"""From a conversion request to its results: the single entry point for the command, Python, `evaluate` and Ray.

    from translate import ConvertRequest, convert_files

    for result in convert_files(ConvertRequest(inputs=["photos"], output="drawn", recursive=True)):
        print(result.source, result.error or result.output)

Text becomes locations, patterns and streams here, once; the code below works on jobs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

from translate.convert.conditions import remarks_on
from translate.convert.inputs import OnRemark, ignore_remark
from translate.convert.opening import open_on_devices
from translate.convert.options import DEFAULT_WORKERS, OnNote, OnProgress, Options
from translate.convert.pipeline import remove_leftovers, run_jobs
from translate.convert.planning import Job, OnClash, beside, domain_suffix, plan
from translate.convert.results import Result
from translate.convert.targets import chosen_targets
from translate.errors import UserError, literal, render
from translate.media.formats import Effort
from translate.media.gpu_jpeg import GpuJpeg
from translate.media.images import MAX_PIXELS
from translate.media.mark import Action
from translate.style.catalogue import DEFAULT_STYLE, find_style
from translate.style.contract import StyleInfo
from translate.style.devices import Cuda, GpuOptions, parse_device
from translate.style.lanes import Lanes
from translate.style.session import condition_of, read_style
from translate.style.translator import Translator, style_file

MIN_DETAIL = 64  # pixels
MAX_DIGITS = 9  # of a number of pixels given as text
# The actions whose results in folders are no inputs of each action. Those of `convert` are often enlarged afterwards.
PASSED_OVER: dict[Action, tuple[Action, ...]] = {"convert": ("convert", "upscale"), "upscale": ("upscale",)}

Detail = int | Literal["full"] | None


@dataclass(frozen=True, kw_only=True)
class ConvertRequest:
    """What to convert, where to, with which style, and how."""

    inputs: Sequence[str | Path]  # pictures, videos, folders, patterns, URLs; "-": standard input
    output: str | Path | None = None  # a file or a folder; "-": standard output; None: beside the input
    style: str | Path = DEFAULT_STYLE  # the name of a shipped style, or an .onnx file
    domain: Sequence[str] | None = None  # for styles with domains: its name; of attributes, all that should hold
    all_domains: bool = False  # one result for each domain
    condition: Sequence[str] | None = None  # for styles with a condition; one result for each that is given
    recursive: bool = False  # include subfolders
    format: str | None = None  # such as "png"; None: that of the input
    suffix: str = ""  # added to the names in an output folder
    overwrite: bool = False
    skip_existing: bool = False
    on_clash: OnClash = "refuse"  # inputs that would become one file; "number": photo.png, photo-2.png
    again: bool = False  # also take results of earlier conversions, which folders otherwise leave out
    strip_metadata: bool = False  # keep nothing of what the photo's file says: place, camera, owner
    quality: int | None = None  # 1 to 100; None: the format's default
    effort: Effort = "normal"  # spent on making files small
    max_size: int | None = None  # pixels of the longer side; larger pictures are scaled down first
    detail: Detail = None  # working size, pixels of the longer side, at least 64; None: the style's; "full": any size
    compare: bool = False  # photo and result side by side
    strength: float = 1.0  # 0: the photo, 1: the full style; blended at the photo's size
    stabilise: bool = False  # hold videos and animations still where the original is still
    max_pixels: int = MAX_PIXELS  # larger pictures are refused
    device: str = "auto"  # auto, cpu, cuda, cuda:N, several as cuda:0,cuda:1, or cuda:all
    gpu_jpeg: bool = False  # decode and encode JPEG on the first GPU, with nvImageCodec
    gpu: GpuOptions = field(default_factory=GpuOptions)  # how GPUs are used: batches, TensorRT, CUDA graphs
    int8: bool = True  # use a shipped style's faster variant: int8 on the CPU, where that is fast, float16 on GPUs
    tile: int | None = None  # side of the tiles in pixels; 0 never cuts, None cuts large pictures
    memory: int | None = None  # MB that translating a picture may take
    workers: int | None = None  # pictures decoded and encoded at a time; None: by the number of cores
    ray: bool = False  # on a Ray cluster instead of only this machine
    cpus_per_worker: int | None = None  # with ``ray``: cores per worker without a GPU


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """Planned jobs and an open style, ready to run."""

    jobs: list[Job]
    options: Options
    execute: Callable[[list[Job], Options], Iterator[Result]]
    device: str  # cpu, cuda:N or ray
    why_cpu: str | None = None  # why ``auto`` did not choose a GPU, else None

    @property
    def gpu_is_idle(self) -> bool:
        """Whether ``auto`` chose the CPU in spite of a GPU in this machine."""
        return self.why_cpu is not None and Cuda().present

    def run(self, *, on_progress: OnProgress | None = None, on_note: OnNote | None = None) -> Iterator[Result]:
        """A `Result` for each job: in the order of the jobs on this machine, as they finish on a cluster.

        ``on_progress`` is called with the number of frames of a video or animation done and in total, ``on_note`` with
        what a result lacks; both from other threads, and never on a cluster. A file that cannot be read, translated or
        written gives a result with an error. Closing the iterator cancels, after finishing the files being written.
        """
        remove_leftovers(self.jobs)
        return self.execute(self.jobs, self.options.with_listeners(on_progress, on_note))


def convert_files(
    request: ConvertRequest,
    *,
    on_progress: OnProgress | None = None,
    on_note: OnNote | None = None,
    on_remark: OnRemark = ignore_remark,
) -> Iterator[Result]:
    """Convert what ``request`` asks for, yielding results as `Conversion.run` does; closing the iterator cancels.

    ``on_remark`` is called with a line for each folder or pattern of which files are left out; and later, from other
    threads, where a GPU has too little memory for a batch, or fails.

    Raises ``errors.UserError`` for a request that cannot be carried out as given, ``errors.UnusableError`` if the style
    or the device cannot be used, both before anything is written.
    """
    conversion = prepare(request, on_remark=lambda remark: on_remark(render(remark)))
    return conversion.run(on_progress=on_progress, on_note=on_note)


def prepare(request: ConvertRequest, *, on_remark: OnRemark = ignore_remark) -> Conversion:
    """Open the style and plan the jobs; ``on_remark`` is called with what `convert_files` says.

    Raises as `convert_files` does.
    """
    if request.ray:
        file = style_file(str(request.style), device=request.device, int8=request.int8)
        info = read_style(file)
        info.require_same_size()
        return Conversion(
            jobs=_plan(request, info, on_remark),
            options=_options(request, info),
            execute=partial(_on_cluster, request, file),
            device="ray",
        )
    translator = open_on_devices(
        str(request.style),
        request.device,
        int8=request.int8,
        tile=request.tile,
        memory=request.memory,
        gpu=request.gpu,
        on_remark=on_remark,
    )
    translator.info.require_same_size()
    jobs, options = plan_for(request, translator.info, on_remark)
    if request.gpu_jpeg:
        if not isinstance(translator, Lanes):
            raise UserError("<gpu_jpeg>: the style runs on the CPU; leave it out, or give <device> cuda")
        options = replace(options, jpeg=GpuJpeg(parse_device(translator.first_device)[1], on_remark=on_remark))
    return open_conversion(jobs, options, translator)


def plan_for(
    request: ConvertRequest, style: StyleInfo, on_remark: OnRemark = ignore_remark
) -> tuple[list[Job], Options]:
    """The jobs of ``request`` and how to convert them, by a style with this metadata, which is open already.

    Raises ``UserError`` for a request that cannot be carried out as given.
    """
    return _plan(request, style, on_remark), _options(request, style)


def open_conversion(jobs: list[Job], options: Options, translator: Translator | Lanes) -> Conversion:
    """A conversion of ``jobs`` planned elsewhere, with a style that is open already."""
    return Conversion(
        jobs=jobs,
        options=replace(options, translate_workers=translator.divide_cores(sum(not job.skip for job in jobs))),
        execute=partial(_on_this_machine, translator),
        device=translator.device,
        why_cpu=translator.why_cpu,
    )


def _on_this_machine(translator: Translator | Lanes, jobs: list[Job], options: Options) -> Iterator[Result]:
    try:
        yield from run_jobs(jobs, translator, options)
    finally:
        if isinstance(translator, Lanes):
            translator.close()


def _on_cluster(request: ConvertRequest, style: Path, jobs: list[Job], options: Options) -> Iterator[Result]:
    from translate.convert.ray.engine import convert_with_ray

    return convert_with_ray(
        jobs,
        style,
        options,
        device=request.device,
        tile=request.tile,
        memory=request.memory,
        cpus_per_worker=request.cpus_per_worker,
    )


def _options(request: ConvertRequest, info: StyleInfo) -> Options:
    return Options(
        quality=request.quality,
        effort=request.effort,
        max_size=request.max_size,
        strip_metadata=request.strip_metadata,
        strength=request.strength,
        working_size=working_size(request.detail, info),
        compare=request.compare,
        max_pixels=request.max_pixels,
        workers=request.workers or DEFAULT_WORKERS,
        stabilise=request.stabilise,
        settings={"style": info.checkpoint_sha256, "precision": info.precision},
    )


def read_detail(text: str) -> int | Literal["full"]:
    """The ``detail`` that ``text`` states; raises ``UserError`` unless it is "full" or at least `MIN_DETAIL`."""
    if text == "full":
        return "full"
    if not text.isdecimal() or len(text) > MAX_DIGITS:
        raise _no_detail(text)
    return _large_enough(int(text))


def working_size(detail: Detail, style: StyleInfo) -> int:
    """Pixels of the longer side at which larger pictures are translated; 0: each at its own size.

    Raises ``UserError`` if ``detail`` is less than `MIN_DETAIL`.
    """
    if detail is None:
        return style.working_size
    if detail == "full":
        return 0
    return _large_enough(detail)


def _large_enough(detail: int) -> int:
    if detail < MIN_DETAIL:
        raise _no_detail(str(detail))
    return detail


def _no_detail(text: str) -> UserError:
    return UserError(f"<detail> {literal(text)}: has to be at least {MIN_DETAIL} pixels, or full")


def plan_only(request: ConvertRequest, *, action: Action = "convert", on_remark: OnRemark = ignore_remark) -> list[Job]:
    """The jobs of ``request``; reads only the style's metadata and writes nothing. Raises as `convert_files` does."""
    return _plan(request, read_style(find_style(str(request.style))), on_remark, action)


def _plan(request: ConvertRequest, info: StyleInfo, on_remark: OnRemark, action: Action = "convert") -> list[Job]:
    domains = chosen_targets(info, domain=request.domain, all_domains=request.all_domains, conditions=request.condition)
    for remark in remarks_on(condition_of(info), request.condition or ()):
        on_remark(f"{literal(info.title)}: {literal(remark)}")
    inputs, output, suffix = [str(name) for name in request.inputs], request.output, request.suffix
    if output is None:
        of_domain = "" if len(domains) > 1 else domain_suffix(domains[0] or ())
        addition = f"-{find_style(str(request.style)).stem}{of_domain}"
        output, suffix = beside(inputs, suffix or addition, request.format), ""
    try:
        return plan(
            inputs,
            str(output),
            recursive=request.recursive,
            format=request.format,
            suffix=suffix,
            domains=domains,
            overwrite=request.overwrite,
            skip_existing=request.skip_existing,
            on_clash=request.on_clash,
            pass_over=() if request.again else PASSED_OVER[action],
            on_remark=on_remark,
        )
    except OSError as error:  # a folder without permission, a name that is too long
        raise UserError(f"{error.filename}: {error.strerror}") from error
