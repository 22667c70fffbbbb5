"""`translate convert`: pictures in, translated pictures out."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from translate.commands.convert_report import Report, arrow, paths
from translate.commands.terminal import say
from translate.errors import ExitCode, UserError, printable
from translate.style.catalogue import DEFAULT_STYLE, find_style

if TYPE_CHECKING:
    from translate.convert.planning import Domain, Job
    from translate.style.contract import StyleInfo


def convert(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUT", help="pictures, videos, folders, patterns, or - for standard input"),
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
        str | None,
        typer.Option(help="jpg, png, webp, tif, bmp, avif or gif; default: that of the input, a still GIF as PNG"),
    ] = None,
    quality: Annotated[int | None, typer.Option(min=1, max=100, help="of JPEG, WebP, AVIF and videos")] = None,
    effort: Annotated[
        Literal["fast", "normal", "small"],
        typer.Option(help="write fast or write small files: of PNG, WebP, AVIF and, small, JPEG"),
    ] = "normal",
    suffix: Annotated[str, typer.Option(help="added to the names in an output folder: photo-anime.jpg")] = "",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace files that exist")] = False,
    skip_existing: Annotated[bool, typer.Option("--skip-existing", help="keep files that exist")] = False,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="with subfolders, kept in the output")] = False,
    max_size: Annotated[int | None, typer.Option(min=1, help="scale down to this longest side in pixels first")] = None,
    compare: Annotated[bool, typer.Option("--compare", help="photo and result side by side in one picture")] = False,
    strength: Annotated[float, typer.Option(min=0, max=1, help="0 gives the photo, 1 the full style")] = 1.0,
    stabilise: Annotated[
        bool, typer.Option("--stabilize", help="hold videos and animations still where the original is: less flicker")
    ] = False,
    int8: Annotated[
        bool,
        typer.Option("--int8/--no-int8", help="on processors take the int8 variant of a shipped style, twice as fast"),
    ] = True,
    tile: Annotated[
        int | None, typer.Option(min=0, help="side of tiles in pixels, 0: never cut; default: cut large pictures")
    ] = None,
    memory: Annotated[
        int | None,
        typer.Option(min=1, help="MB that translating a picture may take: it is cut in tiles that fit, or refused"),
    ] = None,
    max_pixels: Annotated[
        int | None, typer.Option(min=1, help="refuse pictures of more pixels; default: 200 million")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="pictures decoded and encoded at a time")] = None,
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="this machine alone, or a Ray cluster (RAY_ADDRESS, else its own)")
    ] = "local",
    cpus_per_worker: Annotated[
        int | None, typer.Option(min=1, help="with --engine ray: cores of a worker without GPU; default: 4")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="show what would become what, write nothing")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="report on standard output as JSON")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="only name what failed")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="a line for each picture")] = False,
) -> None:
    """Translate pictures and videos. Each keeps its size, transparency, EXIF and sound.

    Exit codes: 1 a picture failed, the others are done; 2 the command cannot be carried out as given; 3 the style or
    the device cannot be used.
    """
    if quiet and verbose:
        raise UserError("--quiet and --verbose exclude each other")
    if as_json and output == "-":
        raise UserError("--json and --output - both write to standard output; name an output file")

    from translate.convert.planning import beside, domain_suffix, plan
    from translate.style.session import read_style
    from translate.style.translator import Translator, style_file

    style_path = find_style(style)
    file, translator = style_path, None
    if not dry_run:
        file = style_file(style, device=device, int8=int8)
    if not dry_run and engine == "local":
        translator = Translator(file, device=device, tile=tile, memory=memory)
    info = read_style(file) if translator is None else translator.info
    domains = _chosen_domains(info, domain, all_domains=all_domains)
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
        _show_plan(jobs, as_json=as_json, quiet=quiet)
        return

    from translate.convert.options import DEFAULT_WORKERS, Options
    from translate.convert.pipeline import convert as convert_all
    from translate.convert.pipeline import remove_left_over
    from translate.media.images import MAX_PIXELS

    remove_left_over(jobs)
    options = Options(
        quality=quality,
        effort=effort,
        max_size=max_size,
        strength=strength,
        compare=compare,
        max_pixels=max_pixels or MAX_PIXELS,
        workers=workers or DEFAULT_WORKERS,
        lanes=translator.divide(sum(not job.skip for job in jobs)) if translator is not None else 1,
        stabilise=stabilise,
        settings={"style": info.checkpoint_sha256, "precision": info.precision},
    )
    report = Report(options, quiet=quiet, verbose=verbose)
    told = replace(options, on_progress=report.moved, on_note=report.note)
    if translator is None:
        from translate.convert.ray.engine import convert_with_ray

        where = "ray"
        results = convert_with_ray(
            jobs, file, options, device=device, tile=tile, memory=memory, cpus_per_worker=cpus_per_worker
        )
    else:
        where, results = translator.device, convert_all(jobs, translator, told)
        if device == "auto" and not quiet:
            reason = f": {translator.why_cpu}" if translator.why_cpu else ""
            say(f"--device auto took {translator.device}{reason}")
    interrupted = False
    try:
        report.follow(results, jobs)
    except KeyboardInterrupt:
        interrupted = True
    report.summarise(style, where, interrupted=interrupted)
    if as_json:
        typer.echo(json.dumps(report.as_dict(style, where, interrupted=interrupted), indent=2))
    if interrupted:
        raise typer.Exit(ExitCode.INTERRUPTED)
    if report.counts["failed"]:
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


def _show_plan(jobs: list[Job], *, as_json: bool, quiet: bool) -> None:
    if as_json:
        files = [{**paths(job), "status": "skipped" if job.skip else "planned"} for job in jobs]
        typer.echo(json.dumps({"files": files}, indent=2))
    else:
        for job in jobs:
            typer.echo(printable(arrow(job)) + (" (skipped: exists)" if job.skip else ""))
    if not quiet:
        skipped = sum(job.skip for job in jobs)
        say(f"{len(jobs) - skipped} to convert, {skipped} to skip; nothing written")
