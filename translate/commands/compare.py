"""`translate compare`: the same photos through several models, runs or checkpoints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from translate.commands.terminal import PAGE_SUFFIXES, flag, quiet_onnxruntime, say, warn
from translate.errors import ExitCode, PictureError, UserError, printable

if TYPE_CHECKING:
    from translate.evaluate.comparison import Comparison, Sample, SampleFiles

SUFFIXES = (*PAGE_SUFFIXES, ".png")


def compare(
    models: Annotated[
        list[str], typer.Argument(metavar="MODEL", help="shipped styles, .onnx files, folders of runs or checkpoints")
    ],
    photos: Annotated[list[Path], typer.Option(metavar="DIR|FILE", help="photos to translate (repeatable)")],
    pairs: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="expected outputs, with the photos' names: what metrics compare to"),
    ] = None,
    outputs: Annotated[
        list[Path] | None,
        typer.Option("--output", "-o", metavar="OUT", help="a .html page or a .png picture (repeatable)"),
    ] = None,
    checkpoints: Annotated[
        Literal["newest", "all"], typer.Option(help="of a run: the newest, or all that it has kept")
    ] = "newest",
    direction: Annotated[
        Literal["AtoB", "BtoA"],
        typer.Option(help="which generator, for runs that train one per direction, as cyclegan does"),
    ] = "AtoB",
    domain: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="target domain, for models with domains; as in `convert`"),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="maximum number of photos, evenly spaced")] = 8,
    max_size: Annotated[int, typer.Option(min=1, help="scale down to this longest side in pixels first")] = 512,
    device: Annotated[str, typer.Option("--device", "-d", help="auto, cpu, cuda or cuda:N")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="metrics as JSON on standard output")] = False,
) -> None:
    """Run the same photos through several models, and show their outputs, metrics and speed.

    Exit codes: 1 a photo failed, the others are compared; 2 the command cannot be carried out as given; 3 a
    model or the device cannot be used.
    """
    outputs = outputs or []
    for output in outputs:
        if output.suffix.lower() not in SUFFIXES:
            raise UserError(f"--output {output}: give a name that ends in .html or .png")
        if any(output.resolve().is_relative_to(given.resolve()) for given in [*photos, *([pairs] if pairs else [])]):
            raise UserError(f"--output {output}: is among the photos or the pairs; write it elsewhere")

    from translate.convert.targets import chosen_domain
    from translate.evaluate.comparison import HEADER, Comparison, find_files, find_sources, run_model

    quiet_onnxruntime()
    sources = find_sources(models, all_checkpoints=checkpoints == "all")
    files, problems = find_files(photos, pairs, count)
    for problem in problems:
        warn(f"skipped: {problem}")
    samples = _load(files, max_size)
    wanted = chosen_domain(domain)
    results = [run_model(source, samples, device=device, domain=wanted, direction=direction) for source in sources]
    if domain and not any(result.has_domains for result in results):
        raise UserError(f"--domain {', '.join(domain)}: no model has domains to choose from; leave it out")
    comparison = Comparison(samples, results)
    _write(comparison, outputs)
    if as_json:
        typer.echo(json.dumps(comparison.as_dict(), indent=2))
    else:
        _print_table([list(HEADER), *comparison.rows()])
        say(f"means over {len(samples)} photos, against the {comparison.against}; on {comparison.devices}")
    if len(samples) < len(files):
        raise typer.Exit(ExitCode.SOME_FAILED)


def _load(files: list[SampleFiles], max_size: int) -> list[Sample]:
    """The samples that can be read; errors of the others are printed. Raises the last ``PictureError`` if all fail."""
    from translate.evaluate.comparison import load_sample

    samples: list[Sample] = []
    for number, each in enumerate(files, 1):
        try:
            samples.append(load_sample(each, max_size))
        except PictureError as error:
            if number == len(files) and not samples:
                raise
            warn(f"failed: {error.described(flag)}")
    return samples


def _write(comparison: Comparison, outputs: list[Path]) -> None:
    from translate.evaluate.comparison_report import write_page, write_sheet

    for output in outputs:
        if output.suffix.lower() == ".png":
            write_sheet(comparison, output)
        else:
            write_page(comparison, output)
        say(f"wrote {output}")


def _print_table(rows: list[list[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *metrics in rows:
        cells = [name.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(metrics, widths[1:], strict=True))]
        typer.echo(printable("  ".join(cells)))
