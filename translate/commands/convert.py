"""`translate convert`: pictures in, translated pictures out."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from translate.errors import ExitCode, UserError, printable
from translate.shipped import DEFAULT_STYLE, find_style

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from translate.contract import StyleInfo
    from translate.pipeline import Result
    from translate.planning import Domain, Job


def convert(
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT", help="pictures, folders, patterns, or - for standard input")
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="a file, a folder, or - for standard output; default: beside the photo",
        ),
    ] = None,
    style: Annotated[
        str,
        typer.Option("--style", "-s", "--model", "-m", metavar="NAME|FILE", help="a shipped style or an .onnx file"),
    ] = DEFAULT_STYLE,
    domain: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="what to translate to, for a style with domains (`translate models info` lists them); where these are "
            "attributes, all that shall hold, the option once for each: the others are cleared, '' clears all",
        ),
    ] = None,
    all_domains: Annotated[
        bool, typer.Option("--all-domains", help="a picture for each domain, named after it: photo_blond_hair.jpg")
    ] = False,
    device: Annotated[str, typer.Option("--device", "-d", help="auto, cpu, cuda or cuda:N")] = "auto",
    format: Annotated[
        str | None, typer.Option(help="jpg, png, webp, tif, bmp, avif or gif; default: that of the input, GIF as PNG")
    ] = None,
    quality: Annotated[int | None, typer.Option(min=1, max=100, help="of JPEG, WebP and AVIF")] = None,
    suffix: Annotated[str, typer.Option(help="added to the names in an output folder: photo-cel.jpg")] = "",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace files that exist")] = False,
    skip_existing: Annotated[bool, typer.Option("--skip-existing", help="keep files that exist")] = False,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="with subfolders, kept in the output")] = False,
    max_size: Annotated[int | None, typer.Option(min=1, help="scale down to this longest side in pixels first")] = None,
    compare: Annotated[bool, typer.Option("--compare", help="photo and result side by side in one picture")] = False,
    strength: Annotated[float, typer.Option(min=0, max=1, help="0 gives the photo, 1 the full style")] = 1.0,
    tile: Annotated[
        int | None, typer.Option(min=0, help="side of tiles in pixels, 0: never cut; default: cut large pictures")
    ] = None,
    max_pixels: Annotated[
        int | None, typer.Option(min=1, help="refuse pictures of more pixels; default: 200 million")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="threads to decode, and as many to encode")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="show what would become what, write nothing")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="report on standard output as JSON")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="only name what failed")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="a line for each picture")] = False,
) -> None:
    """Translate pictures. Each keeps its size, transparency and EXIF.

    Exit codes: 1 a picture failed, the others are done; 2 the command cannot be carried out as given; 3 the style or
    the device cannot be used.
    """
    if quiet and verbose:
        raise UserError("--quiet and --verbose exclude each other")
    if as_json and output == "-":
        raise UserError("--json and --output - both write to standard output; name an output file")

    from rich.console import Console

    from translate.inference import Translator, read_style
    from translate.planning import beside, domain_suffix, plan

    console = Console(stderr=True)
    style_path = find_style(style)
    domains = _chosen_domains(read_style(style_path), domain, all_domains=all_domains)
    if output is None:
        addition = f"-{style_path.stem}" + (domain_suffix(domains[0] or ()) if not all_domains else "")
        output, suffix = beside(inputs, suffix or addition, format), ""
    try:
        jobs = plan(
            inputs,
            output,
            recursive=recursive,
            format=format,
            suffix=suffix,
            domains=domains,
            overwrite=overwrite,
            skip_existing=skip_existing,
        )
    except OSError as error:  # a folder without permission, a name too long
        raise UserError(f"{error.filename}: {error.strerror}") from error
    if dry_run:
        _show_plan(console, jobs, as_json=as_json, quiet=quiet)
        return

    from translate.pipeline import Options
    from translate.pipeline import convert as convert_all

    given = {"max_pixels": max_pixels, "workers": workers}
    options = Options(
        quality=quality,
        max_size=max_size,
        strength=strength,
        compare=compare,
        **{name: value for name, value in given.items() if value is not None},
    )
    start = time.perf_counter()
    translator = Translator(style_path, device=device, tile=tile)
    if device == "auto" and not quiet:
        reason = f": {translator.why_cpu}" if translator.why_cpu else ""
        _say(console, f"--device auto took {translator.device}{reason}")

    results: list[Result] = []
    interrupted = False
    with _progress(console, quiet=quiet) as progress:
        bar = progress.add_task("", total=len(jobs))
        try:
            for result in convert_all(jobs, translator, options):
                results.append(result)
                progress.advance(bar)
                _tell(console, result, verbose=verbose)
        except KeyboardInterrupt:
            interrupted = True

    counts = Counter(_status(result) for result in results)
    if not quiet:
        stopped = "interrupted: " if interrupted else ""
        _say(console, f"{stopped}{_counted(counts)}; style {style} on {translator.device}")
    if as_json:
        summary = {
            **{status: counts[status] for status in STATUSES},
            "interrupted": interrupted,
            "style": style,
            "device": translator.device,
            "seconds": round(time.perf_counter() - start, 3),
        }
        typer.echo(json.dumps({"files": [_as_dict(result) for result in results], "summary": summary}, indent=2))
    if interrupted:
        raise typer.Exit(ExitCode.INTERRUPTED)
    if counts["failed"]:
        raise typer.Exit(ExitCode.SOME_FAILED)


def _chosen_domains(style: StyleInfo, given: list[str] | None, *, all_domains: bool) -> list[Domain]:
    """What every picture is translated to, one after the other; [None] for a style without domains."""
    if all_domains and given:
        raise UserError("--domain and --all-domains exclude each other")
    if all_domains and not style.domains:
        raise UserError(f"--all-domains: {style.title!r} has no domains; leave it out")
    if all_domains:
        return [(name,) for name in style.domains]
    chosen = tuple(name for name in given if name) if given else None
    style.positions(chosen)  # refuses what does not suit the style
    return [chosen]


STATUSES = ("converted", "skipped", "failed")


def _status(result: Result) -> str:
    if result.error is not None:
        return "failed"
    return "skipped" if result.job.skip else "converted"


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[status]} {status}" for status in STATUSES)


def _say(console: Console, text: str) -> None:
    console.print(printable(text), markup=False, highlight=False, emoji=False, soft_wrap=True)


def _tell(console: Console, result: Result, *, verbose: bool) -> None:
    """Each failure has its line, each success where asked for."""
    if result.error is not None:
        _say(console, f"failed: {result.error}")
    elif verbose and result.size is None:
        _say(console, f"skipped: {result.job.output_name} exists")
    elif verbose and result.size is not None:
        width, height = result.size
        _say(console, f"{_arrow(result.job)} ({width} x {height}, {result.seconds:.2f} s)")


def _arrow(job: Job) -> str:
    return f"{job.source_name} -> {job.output_name}"


def _progress(console: Console, *, quiet: bool) -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal)


def _paths(job: Job) -> dict[str, Any]:
    return {
        "source": "-" if job.source is None else str(job.source),
        "output": "-" if job.output is None else str(job.output),
        "domain": job.domain,
    }


def _as_dict(result: Result) -> dict[str, Any]:
    return {
        **_paths(result.job),
        "status": _status(result),
        "error": result.error,
        "size": result.size,
        "seconds": round(result.seconds, 3),
    }


def _show_plan(console: Console, jobs: list[Job], *, as_json: bool, quiet: bool) -> None:
    if as_json:
        files = [{**_paths(job), "status": "skipped" if job.skip else "planned"} for job in jobs]
        typer.echo(json.dumps({"files": files}, indent=2))
    else:
        for job in jobs:
            typer.echo(printable(_arrow(job)) + (" (skipped: exists)" if job.skip else ""))
    if not quiet:
        skipped = sum(job.skip for job in jobs)
        _say(console, f"{len(jobs) - skipped} to convert, {skipped} to skip; nothing written")
