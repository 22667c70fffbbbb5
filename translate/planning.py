"""Which file becomes which: everything that can be refused is refused here, before anything is written."""

from __future__ import annotations

import glob
import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from translate.errors import UserError
from translate.folders import IMAGE_SUFFIXES, find_images
from translate.images import FORMATS, format_named, format_of_suffix

STREAM = "-"  # standard input or output
Domain = tuple[str, ...] | None  # the names of what to translate to; None: the style has no domains
LISTED = 5  # offenders named in an error; the others are counted


@dataclass(frozen=True, kw_only=True)
class Job:
    """One picture to convert."""

    source: Path | None  # None: standard input
    output: Path | None  # None: standard output
    format: str | None  # of the output, one of `images.FORMATS`; None: that of the source
    skip: bool = False  # the output exists already and is kept
    domain: Domain = None

    @property
    def source_name(self) -> str:
        """For messages."""
        return "standard input" if self.source is None else str(self.source)

    @property
    def output_name(self) -> str:
        return "standard output" if self.output is None else str(self.output)


@dataclass(frozen=True)
class _Found:
    source: Path
    relative: Path  # its place below the output folder


def beside(inputs: Sequence[str], addition: str, format: str | None) -> str:
    """The output of a single photo where none is named: beside it, ``photo-cel.jpg`` for the addition ``-cel``."""
    if len(inputs) != 1 or inputs[0] == STREAM or Path(inputs[0]).is_dir() or _is_pattern(inputs[0]):
        raise UserError("--output is missing: name a folder for the results, or '-' for standard output")
    photo = Path(inputs[0])
    ending = photo.suffix if format is None else FORMATS[format_named(format)].suffixes[0]
    return str(photo.with_name(photo.stem + addition + ending))


def domain_suffix(domain: Sequence[str]) -> str:
    """``_blond_hair`` for the domain ``blond hair``: an addition to a file's name that every file system takes."""
    return "".join("_" + re.sub(r"[^\w.+-]+", "_", name) for name in domain)


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
) -> list[Job]:
    """Expand files, folders, glob patterns and ``-`` to jobs, in a stable order.

    ``output`` is a folder if it is one, ends with a slash, or several inputs, a folder or a pattern go in; else a
    file. A folder keeps the tree of an input folder, the format of each picture (GIF becomes PNG) unless ``format`` is
    given, and its name with ``suffix`` after the stem. Each picture has a job for each of ``domains``, one after the
    other; where they are several, the outputs' names end in theirs. Raises ``UserError`` naming the offenders where an
    input is missing, two jobs share an output, an input or (without ``overwrite`` or ``skip_existing``) another file
    would be overwritten, or an output has no place.
    """
    if overwrite and skip_existing:
        raise UserError("--overwrite and --skip-existing exclude each other")
    if any(separator in suffix for separator in "/\\"):
        raise UserError(f"--suffix {suffix}: part of a file name, so without slashes")
    wanted = None if format is None else format_named(format)
    to_folder = _is_folder(output, inputs)
    by_stream = STREAM in inputs or output == STREAM
    if by_stream and len(domains) > 1:
        raise UserError("'-' (standard input or output) takes one picture; name files for --all-domains")
    if by_stream or not to_folder:
        if suffix:
            raise UserError(f"--suffix {suffix}: names files in an output folder, and --output {output} is none")
        jobs = _for_domains([_single_job(inputs, output, wanted, to_folder)], domains)
    else:
        found = _find_all(inputs, Path(output), recursive=recursive)
        jobs = _for_domains([_folder_job(one, Path(output), wanted, suffix) for one in found], domains)
        if suffix or len(domains) > 1:
            jobs = _without_earlier_results(jobs)
    _refuse_collisions(jobs)
    _refuse_overwritten_inputs(jobs)
    _refuse_files_as_folders(jobs)
    existing = {job.output for job in jobs if job.output is not None and job.output.exists()}
    if existing and not (overwrite or skip_existing):
        raise UserError(f"{_listed(existing)}: exists already; use --overwrite or --skip-existing")
    return [replace(job, skip=skip_existing and job.output in existing) for job in jobs]


def _is_folder(output: str, inputs: Sequence[str]) -> bool:
    if output == STREAM:
        return False
    if output.endswith(("/", os.sep)) or Path(output).is_dir():
        return True
    several = len(inputs) > 1 or any(Path(name).is_dir() or _is_pattern(name) for name in inputs)
    if several and Path(output).suffix.lower() in IMAGE_SUFFIXES:
        raise UserError(f"--output {output}: several pictures do not fit in one file; end a folder's name with a slash")
    return several


def _is_pattern(name: str) -> bool:
    return glob.has_magic(name) and not Path(name).exists()


def _single_job(inputs: Sequence[str], output: str, wanted: str | None, to_folder: bool) -> Job:
    """The job of one picture that goes to a named file, or comes from or goes to a stream."""
    if len(inputs) > 1:
        raise UserError("'-' (standard input or output) takes one picture; give one input")
    if to_folder:
        raise UserError(f"--output {output}: a picture from standard input has no name to take; name a file, or '-'")
    source = None
    if inputs[0] != STREAM:
        source = Path(inputs[0])
        if source.is_dir() or _is_pattern(inputs[0]):
            raise UserError(f"{source}: several pictures do not fit in --output {output}; name a folder")
        _require(source)
    if output == STREAM:
        return Job(source=source, output=None, format=wanted or (_own_format(source.suffix) if source else None))
    target = Path(output)
    by_suffix = format_of_suffix(target.suffix)
    if wanted and by_suffix and wanted != by_suffix:
        raise UserError(f"--format {wanted.lower()}: the suffix of --output {output} says {by_suffix.lower()}")
    if not (wanted or by_suffix):
        known = ", ".join(spec.suffixes[0] for spec in FORMATS.values())
        raise UserError(
            f"--output {output}: its suffix tells no format ({known}); "
            "give one, or --format, or end it with a slash for a folder"
        )
    return Job(source=source, output=target, format=wanted or by_suffix)


def _find_all(inputs: Sequence[str], output: Path, *, recursive: bool) -> list[_Found]:
    found = []
    for name in inputs:
        path = Path(name)
        if path.is_dir():
            found += _find_in_folder(path, output, recursive=recursive)
        elif _is_pattern(name):
            matches = [Path(match) for match in sorted(glob.glob(name, recursive=True))]  # noqa: PTH207 (absolute too)
            pictures = [match for match in matches if match.suffix.lower() in IMAGE_SUFFIXES and match.is_file()]
            if not pictures:
                raise UserError(f"{name}: matches no picture ({_known_suffixes()})")
            found += [_Found(picture, Path(picture.name)) for picture in pictures]
        else:
            _require(path)
            found.append(_Found(path, Path(path.name)))
    return found


def _find_in_folder(folder: Path, output: Path, *, recursive: bool) -> list[_Found]:
    """The pictures of ``folder``, less those in an output folder inside it."""
    inside = output.resolve()
    pictures = find_images(folder, recursive=recursive)
    if recursive and inside != folder.resolve() and inside.is_relative_to(folder.resolve()):
        pictures = [picture for picture in pictures if not picture.resolve().is_relative_to(inside)]
    if not pictures:
        remedy = "" if recursive else "; -r looks in its subfolders too"
        raise UserError(f"{folder}: holds no picture ({_known_suffixes()}){remedy}")
    return [_Found(picture, picture.relative_to(folder)) for picture in pictures]


def _require(path: Path) -> None:
    if not path.exists():
        raise UserError(f"{path}: no such file or folder")


def _known_suffixes() -> str:
    return ", ".join(sorted(IMAGE_SUFFIXES))


def _own_format(suffix: str) -> str:
    """The format a picture keeps: its own, but PNG for GIF's few colours and for formats that are only read."""
    format = format_of_suffix(suffix)
    return "PNG" if format in (None, "GIF") else format


def _folder_job(found: _Found, folder: Path, wanted: str | None, suffix: str) -> Job:
    relative = found.relative
    format = wanted or _own_format(relative.suffix)
    ending = relative.suffix if relative.suffix.lower() in FORMATS[format].suffixes else FORMATS[format].suffixes[0]
    return Job(source=found.source, output=folder / relative.with_name(relative.stem + suffix + ending), format=format)


def _for_domains(jobs: Sequence[Job], domains: Sequence[Domain]) -> list[Job]:
    """A job for each domain in the place of each of ``jobs``; several domains are told apart by the outputs' names."""
    named = len(domains) > 1
    return [
        replace(job, domain=domain, output=_with_domain(job.output, domain) if named else job.output)
        for job in jobs
        for domain in domains
    ]


def _with_domain(output: Path | None, domain: Domain) -> Path:
    assert output is not None and domain is not None
    return output.with_stem(output.stem + domain_suffix(domain))


def _without_earlier_results(jobs: list[Job]) -> list[Job]:
    """Drop the inputs that are outputs too: with additions to the names, a folder may hold photos and results."""
    outputs = {_identity(job.output) for job in jobs if job.output is not None}
    return [job for job in jobs if job.source is None or _identity(job.source) not in outputs]


def _identity(path: Path) -> str:
    """Equal for paths that some file system takes for one file: of other case or other Unicode composition."""
    return unicodedata.normalize("NFC", str(path.resolve())).casefold()


def _refuse_collisions(jobs: Iterable[Job]) -> None:
    sources = defaultdict(list)
    for job in jobs:
        if job.output is not None:
            sources[_identity(job.output)].append(job)
    clashes = [
        f"{' and '.join(_told(job) for job in group)} -> {group[0].output}"
        for group in sources.values()
        if len(group) > 1
    ]
    if clashes:
        raise UserError(
            f"{_listed(clashes)}: several inputs would become one file; convert them into different folders"
        )


def _told(job: Job) -> str:
    return str(job.source) if job.domain is None else f"{job.source} as {', '.join(job.domain)}"


def _refuse_overwritten_inputs(jobs: Iterable[Job]) -> None:
    """Compares the files themselves, so that links and file systems that ignore case are seen through."""
    inputs = {_file_id(job.source) for job in jobs if job.source is not None}
    overwritten = [job.output for job in jobs if job.output and job.output.exists() and _file_id(job.output) in inputs]
    if overwritten:
        raise UserError(f"{_listed(overwritten)}: an input would be overwritten; use --suffix or another --output")


def _file_id(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _refuse_files_as_folders(jobs: Iterable[Job]) -> None:
    folders = {parent for job in jobs if job.output is not None for parent in job.output.parents}
    files = sorted(folder for folder in folders if folder.exists() and not folder.is_dir())
    if files:
        raise UserError(f"--output: {_listed(files)} is a file, not a folder; name another output")


def _listed(things: Iterable[object]) -> str:
    names = sorted(map(str, things))
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more
