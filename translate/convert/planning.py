"""Planning which file is written where; everything that can be refused is refused here, before anything is written."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Literal

from translate.convert.inputs import SUFFIXES, Found, OnRemark, Search, find_all, ignore_remark, is_pattern, require
from translate.convert.places import exists, file_id, identity, listed, numbered
from translate.errors import UserError
from translate.media.formats import ANIMATED, CONTAINERS, FORMATS, format_named, format_of_suffix
from translate.media.guards import is_animated
from translate.media.kinds import picture_format
from translate.media.mark import Action
from translate.storage.folders import VIDEO_SUFFIXES
from translate.storage.remote import Location, RemotePath, location
from translate.style.conditions import Wanted

MAX_TITLE = 80  # characters of a condition in a file name
STREAM = "-"  # standard input or output
FALLBACK_CONTAINER = ".mkv"  # for videos whose own container cannot be written; it holds any sound
# the names of what to translate to, or the condition; None: the style takes neither
Domain = tuple[str, ...] | Wanted | None
Kind = Literal["picture", "animation", "video"]
IfThere = Literal["refuse", "skip", "overwrite"]
OnClash = Literal["refuse", "number"]  # what to do about inputs that would become one file


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One picture, animation or video to convert."""

    source: Location | None  # None: standard input
    output: Location | None  # None: standard output
    format: str | None  # of the output, one of `formats.FORMATS`; None: the source's, or a video
    kind: Kind = "picture"
    skip: bool = False  # the output exists already and is kept
    if_there: IfThere = "refuse"  # what is done if the output is there by the time it is written
    domain: Domain = None

    @property
    def condition(self) -> str | None:
        """The condition as it was asked for."""
        return self.domain.title if isinstance(self.domain, Wanted) else None

    @property
    def source_name(self) -> str:
        """The source's name in messages."""
        return "standard input" if self.source is None else str(self.source)

    @property
    def output_name(self) -> str:
        return "standard output" if self.output is None else str(self.output)


def beside(inputs: Sequence[str], addition: str, format: str | None) -> str:
    """The default output of a single input: beside it, such as ``photo-anime.jpg`` for the addition ``-anime``."""
    if len(inputs) != 1 or inputs[0] == STREAM or location(inputs[0]).is_dir() or is_pattern(inputs[0]):
        raise UserError("<output> is missing: name a folder for the results, or '-' for standard output")
    photo = location(inputs[0])
    if _is_video(photo):
        ending = _video_suffix(photo)
    elif format is None and format_of_suffix(photo.suffix):
        ending = photo.suffix
    else:
        ending = FORMATS[format_named(format) if format else own_format(photo)].suffixes[0]
    return str(photo.with_name(photo.stem + addition + ending))


def domain_suffix(domain: Sequence[str] | Wanted) -> str:
    """An addition to a file name that every file system accepts: ``_blond_hair`` for the domain ``blond hair``."""
    # a condition may be a file
    names = [PurePath(domain.title).name[:MAX_TITLE]] if isinstance(domain, Wanted) else domain
    return "".join("_" + re.sub(r"[^\w.+-]+", "_", name) for name in names)


def titles_of(domain: Sequence[str] | Wanted) -> list[str]:
    """The names of a domain, or of a condition, as they were given."""
    return [domain.title] if isinstance(domain, Wanted) else list(domain)


def plan(
    inputs: Sequence[str],
    output: str,
    *,
    recursive: bool = False,
    format: str | None = None,
    suffix: str = "",
    domains: Sequence[Domain] = (None,),
    overwrite: bool = False,
    skip_existing: bool = False,
    on_clash: OnClash = "refuse",
    pass_over: Collection[Action] = (),
    on_remark: OnRemark = ignore_remark,
) -> list[Job]:
    """Expand files, folders, glob patterns and ``-`` to jobs, in a stable order.

    ``output`` is a folder if it exists as one or ends with a slash, or if the inputs are several, a folder or a
    pattern; else a file. A folder keeps the tree of an input folder. Each file in it keeps its name, with ``suffix``
    after the stem, and its format, unless ``format`` sets another one for pictures; a still GIF becomes PNG, a video
    whose container cannot be written becomes Matroska. Possible animations are opened to check. Each file has one job
    per domain in ``domains``, consecutively; if there are several, the domain is appended to the output's name. With
    ``on_clash`` "number", outputs that would be one file get numbers. Of folders and patterns,
    results of the actions ``pass_over`` and files of other kinds are left out; ``on_remark`` is told how many.

    Raises ``UserError`` naming the offenders if an input is missing, two jobs share an output, an input or (without
    ``overwrite`` or ``skip_existing``) another file would be overwritten, or an output cannot be placed.
    """
    if overwrite and skip_existing:
        raise UserError("<overwrite> and <skip_existing> exclude each other")
    if any(separator in suffix for separator in "/\\"):
        raise UserError(f"<suffix> {suffix}: part of a file name, so without slashes")
    wanted = None if format is None else format_named(format)
    to_folder = _is_folder(output, inputs)
    by_stream = STREAM in inputs or output == STREAM
    if by_stream and len(domains) > 1:
        raise UserError("'-' (standard input or output) takes one picture; name files for <all_domains> or conditions")
    if by_stream or not to_folder:
        if suffix:
            raise UserError(f"<suffix> {suffix}: needs an output folder, but <output> {output} is not one")
        jobs = _for_domains([_single_job(inputs, output, wanted, to_folder)], domains)
    else:
        search = Search(recursive=recursive, pass_over=pass_over, on_remark=on_remark)
        found = find_all(inputs, location(output), search)
        jobs = _for_domains([_folder_job(one, location(output), wanted, suffix) for one in found], domains)
        if on_clash == "number":
            outputs = numbered([job.output for job in jobs])
            jobs = [replace(job, output=output) for job, output in zip(jobs, outputs, strict=True)]
        if suffix or len(domains) > 1:
            jobs = _without_earlier_results(jobs)
    _refuse_remote_videos(jobs)
    _refuse_collisions(jobs)
    _refuse_overwritten_inputs(jobs)
    _refuse_files_as_folders(jobs)
    existing = {job.output for job in jobs if job.output is not None and exists(job.output)}
    if existing and not (overwrite or skip_existing):
        raise UserError(f"{listed(existing)}: exists already; use <overwrite> or <skip_existing>")
    if_there: IfThere = "overwrite" if overwrite else "skip" if skip_existing else "refuse"
    return [replace(job, skip=skip_existing and job.output in existing, if_there=if_there) for job in jobs]


def _is_folder(output: str, inputs: Sequence[str]) -> bool:
    if output == STREAM:
        return False
    if output.endswith(("/", os.sep)) or location(output).is_dir():
        return True
    several = len(inputs) > 1 or any(location(name).is_dir() or is_pattern(name) for name in inputs)
    if several and location(output).suffix.lower() in SUFFIXES:
        raise UserError(f"<output> {output}: several pictures do not fit in one file; end a folder's name with a slash")
    return several


def _single_job(inputs: Sequence[str], output: str, wanted: str | None, to_folder: bool) -> Job:
    """The job of one picture with a named output file, or with a stream as its source or output."""
    if len(inputs) > 1:
        raise UserError("'-' (standard input or output) takes one picture; give one input")
    if to_folder:
        raise UserError(f"<output> {output}: a picture from standard input has no name to take; name a file, or '-'")
    source = None
    if inputs[0] != STREAM:
        source = location(inputs[0])
        if source.is_dir() or is_pattern(inputs[0]):
            raise UserError(f"{source}: several pictures do not fit in <output> {output}; name a folder")
        require(source)
    if source is not None and _is_video(source):
        return _single_video(source, output)
    if output == STREAM:
        own = None if source is None else own_format(source)
        return Job(source=source, output=None, format=wanted or ("PNG" if own == "GIF" else own))  # one picture
    target = location(output)
    by_suffix = format_of_suffix(target.suffix)
    if wanted and by_suffix and wanted != by_suffix:
        raise UserError(f"<format> {wanted.lower()}: the suffix of <output> {output} says {by_suffix.lower()}")
    format = wanted or by_suffix
    if format is None:
        known = ", ".join(spec.suffixes[0] for spec in FORMATS.values())
        raise UserError(
            f"<output> {output}: its suffix is not a known format ({known}); "
            "give one, or <format>, or end it with a slash for a folder"
        )
    return _picture_job(source, target, format)


def _single_video(source: Location, output: str) -> Job:
    if output == STREAM:
        raise UserError(f"{source}: a video does not go to standard output; name a file")
    if location(output).suffix.lower() not in CONTAINERS:
        raise UserError(f"<output> {output}: {source} is a video; end its name with {', '.join(CONTAINERS)}")
    return Job(source=source, output=location(output), format=None, kind="video")


def own_format(source: Location) -> str:
    """The format of a picture's result: its own, but PNG for a still GIF, which has few colours, and where unknown."""
    format = format_of_suffix(source.suffix)
    if format is None and isinstance(source, Path):
        format = picture_format(source)
    if format == "GIF" and not (isinstance(source, Path) and is_animated(source)):
        return "PNG"
    return format if format in FORMATS else "PNG"


def _picture_job(source: Location | None, output: Location, format: str) -> Job:
    """An animation stays one if the output's format can hold it; otherwise its first frame is used."""
    moves = isinstance(source, Path) and isinstance(output, Path) and format in ANIMATED and is_animated(source)
    return Job(source=source, output=output, format=format, kind="animation" if moves else "picture")


def _is_video(path: Location | PurePath) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES


def _video_suffix(path: Location | PurePath) -> str:
    return path.suffix if path.suffix.lower() in CONTAINERS else FALLBACK_CONTAINER


def _folder_job(found: Found, folder: Location, wanted: str | None, suffix: str) -> Job:
    relative = found.relative
    if _is_video(relative):
        target = folder / relative.with_name(relative.stem + suffix + _video_suffix(relative))
        return Job(source=found.source, output=target, format=None, kind="video")
    format = wanted or own_format(found.source)
    ending = relative.suffix if relative.suffix.lower() in FORMATS[format].suffixes else FORMATS[format].suffixes[0]
    return _picture_job(found.source, folder / relative.with_name(relative.stem + suffix + ending), format)


def _for_domains(jobs: Sequence[Job], domains: Sequence[Domain]) -> list[Job]:
    """Replace each job by one per domain; with several domains, the outputs' names tell them apart."""
    named = len(domains) > 1
    return [
        replace(job, domain=domain, output=_with_domain(job.output, domain) if named else job.output)
        for job in jobs
        for domain in domains
    ]


def _with_domain(output: Location | None, domain: Domain) -> Location:
    assert output is not None and domain is not None
    return output.with_stem(output.stem + domain_suffix(domain))


def _without_earlier_results(jobs: list[Job]) -> list[Job]:
    """Drop inputs that are outputs of other jobs: with a suffix, photos and results may be in the same folder."""
    outputs = {identity(job.output) for job in jobs if job.output is not None}
    return [job for job in jobs if job.source is None or identity(job.source) not in outputs]


def _refuse_remote_videos(jobs: Iterable[Job]) -> None:
    remote = {
        place
        for job in jobs
        if job.kind == "video"
        for place in (job.source, job.output)
        if isinstance(place, RemotePath)
    }
    if remote:
        raise UserError(f"{listed(remote)}: videos are read and written as files; copy them to this machine")


def _refuse_collisions(jobs: Iterable[Job]) -> None:
    sources = defaultdict(list)
    for job in jobs:
        if job.output is not None:
            sources[identity(job.output)].append(job)
    clashes = [
        f"{' and '.join(_described(job) for job in group)} -> {group[0].output}"
        for group in sources.values()
        if len(group) > 1
    ]
    if clashes:
        raise UserError(
            f"{listed(clashes)}: several inputs would become one file; <on_clash> number tells them apart by numbers, "
            "or convert them into different folders"
        )


def _described(job: Job) -> str:
    return str(job.source) if job.domain is None else f"{job.source} as {', '.join(titles_of(job.domain))}"


def _refuse_overwritten_inputs(jobs: Iterable[Job]) -> None:
    """Compares the files themselves, so that links and case-insensitive file systems are handled."""
    inputs = {file_id(job.source) for job in jobs if job.source is not None}
    overwritten = [job.output for job in jobs if job.output and exists(job.output) and file_id(job.output) in inputs]
    if overwritten:
        raise UserError(f"{listed(overwritten)}: an input would be overwritten; use <suffix> or another <output>")


def _refuse_files_as_folders(jobs: Iterable[Job]) -> None:
    folders = {parent for job in jobs if job.output is not None for parent in job.output.parents}
    files = sorted(folder for folder in folders if folder.exists() and not folder.is_dir())
    if files:
        raise UserError(f"<output>: {listed(files)} is a file, not a folder; name another output")
