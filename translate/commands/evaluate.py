"""`translate evaluate`: how good a model's outputs are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from translate.commands.terminal import quiet_onnxruntime, require_page_name, say
from translate.errors import UserError

if TYPE_CHECKING:
    from translate.evaluate.features import Clock


def evaluate(
    outputs: Annotated[
        str,
        typer.Argument(
            metavar="MODEL|FOLDER", help="a folder of outputs, or a style, sampler, file, run or checkpoint"
        ),
    ],
    real: Annotated[Path, typer.Option(help="folder of real pictures of the target kind, not trained on")],
    photos: Annotated[
        Path | None,
        typer.Option(help="folder of inputs: translated by a MODEL, compared to outputs of the same names"),
    ] = None,
    pairs: Annotated[Path | None, typer.Option(help="folder of expected outputs, with the outputs' names")] = None,
    against: Annotated[
        Path | None, typer.Option(help="folder of the real pictures trained on: finds outputs that are copies")
    ] = None,
    conditions: Annotated[
        Path | None,
        typer.Option(
            help="what a conditional MODEL is to show: the table, sounds or vectors of the real pictures, or a folder "
            "of classes \\[default: those that a run was trained on]"
        ),
    ] = None,
    network: Annotated[
        str, typer.Option(help="feature network: efficientnet-lite0, inception-v3 (for published FIDs), .onnx file")
    ] = "efficientnet-lite0",
    weights: Annotated[Path | None, typer.Option(help="file with the feature network's weights")] = None,
    count: Annotated[int | None, typer.Option(min=4, help="maximum number of pictures per folder")] = None,
    device: Annotated[str, typer.Option("--device", "-d", help="auto, cpu, cuda or cuda:N")] = "auto",
    max_size: Annotated[int | None, typer.Option(min=1, help="scale photos down to this longest side first")] = None,
    domain: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="target domain, for a style with domains")
    ] = None,
    save: Annotated[Path | None, typer.Option(help="folder to save the outputs of a MODEL in")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="page to write, .html: metrics, plots and pictures")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="everything as JSON on standard output")] = False,
) -> None:
    """Compare outputs to real pictures: FID, KID, MMD, precision and recall, variety, copies, and what they mean."""
    require_page_name(output)
    from tempfile import TemporaryDirectory

    from translate.evaluate.evaluation import Pictures
    from translate.evaluate.evaluation import evaluate as compare
    from translate.evaluate.extractors import build_extractor
    from translate.evaluate.features import Clock
    from translate.evaluate.models import makes_pictures_from_noise, sampler_file
    from translate.evaluate.report import HEADER, as_dict, rows, write_page
    from translate.evaluate.sampling import as_trained_on, by_conditions, rows_to_draw, write_samples
    from translate.style.sampler import Sampler

    quiet_onnxruntime()
    clock = Clock()
    with TemporaryDirectory() as scratch:
        folder = Path(outputs)
        real_pictures = Pictures.below(real, count)
        training = None if against is None else Pictures.below(against)
        if is_model(outputs) and makes_pictures_from_noise(outputs):
            if photos or pairs or max_size or domain:
                raise UserError(
                    f"{outputs}: makes pictures from noise; leave out --photos, --pairs, --max-size and --domain"
                )
            if against is not None and against.resolve() == real.resolve():
                raise UserError(f"<training> {against}: is also <real>; give real pictures that were not trained on")
            folder = save or Path(scratch) / "made"
            with clock.stage("sample"), sampler_file(outputs) as file:
                sampler = Sampler(file, device=device)
                count_of_real = len(real_pictures.paths)
                if sampler.info.conditions is not None:
                    to_draw = rows_to_draw(outputs, sampler.info.conditions, real, conditions)
                    write_samples(by_conditions(sampler, to_draw, count_of_real), count_of_real, folder)
                elif conditions is not None:
                    raise UserError(f"--conditions {conditions}: {outputs} takes no condition; leave it out")
                else:
                    write_samples(sampler.pictures, count_of_real, folder)
                size = sampler.info.size
            real_pictures = as_trained_on(real_pictures, size, Path(scratch) / "real")
            training = training and as_trained_on(training, size, Path(scratch) / "training")
        elif conditions is not None:
            raise UserError(f"--conditions {conditions}: {outputs} is no sampler that takes one; leave it out")
        elif is_model(outputs):
            if photos is None:
                raise UserError(f"{outputs}: is a model; give --photos DIR for it to translate")
            folder = save or Path(scratch)
            translate_all(
                outputs, photos, folder, count=count, device=device, size=max_size, domain=domain, clock=clock
            )
        elif max_size or domain or save:
            raise UserError(f"{outputs}: is a folder of outputs; --max-size, --domain and --save are for models")

        extractor = build_extractor(network, weights=weights, device=device)
        made = Pictures.below(folder, count)
        evaluation = compare(
            made,
            real_pictures,
            extractor,
            truths=None if pairs is None else Pictures.below(pairs, least=1),
            photos=None if photos is None else Pictures.below(photos, least=1),
            training=training,
            clock=clock,
        )
        if output is not None:
            write_page(evaluation, output)
            say(f"wrote {output}")
        if save is not None:
            say(f"wrote {len(made.paths)} pictures to {save}")
    if as_json:
        typer.echo(json.dumps(as_dict(evaluation) | {"outputs": outputs}, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{outputs}: {', '.join(f'{number} {name}' for name, number in evaluation.counts.items())}")
    for header in HEADER:
        words = header in (HEADER[0], HEADER[-1])
        table.add_column(header, justify="left" if words else "right", no_wrap=header != HEADER[-1])
    for row in rows(evaluation):
        table.add_row(*row)
    console = Console(highlight=False, markup=False)
    console.print(table)
    console.print(f"Features: {evaluation.network}.")
    for note in evaluation.notes:
        console.print(f"Note: {note}")
    for verdict in evaluation.verdicts:
        console.print(f"{verdict.case}: {verdict.text}." + (f" Try: {verdict.remedy}." if verdict.remedy else ""))
    say(", ".join(f"{name} {seconds:.1f} s" for name, seconds in evaluation.seconds.items()))


def is_model(given: str) -> bool:
    """Whether ``given`` is a model (a style's name, a file, a run or a checkpoint), not a folder of pictures."""
    from translate.config import CONFIG_NAME
    from translate.evaluate.models import is_folder
    from translate.weights.checkpoint import DESCRIPTION

    marks = (CONFIG_NAME, DESCRIPTION, "checkpoints")
    return not is_folder(given) or any((Path(given) / mark).exists() for mark in marks)


def translate_all(
    model: str,
    photos: Path,
    folder: Path,
    *,
    count: int | None,
    device: str,
    size: int | None,
    domain: list[str] | None,
    clock: Clock,
) -> None:
    """Translate ``count`` pictures of ``photos``, evenly spaced, to PNG files of the same names in ``folder``."""
    from translate.convert.conversion import open_conversion
    from translate.convert.options import Options
    from translate.convert.planning import Job
    from translate.convert.targets import chosen_domain
    from translate.evaluate.evaluation import Pictures
    from translate.evaluate.models import open_model

    chosen = Pictures.below(photos, count)
    with clock.stage("translate"), open_model(model, device=device) as translator:
        wanted = chosen_domain(domain)
        translator.info.require_no_condition("`translate evaluate`")
        translator.info.positions(wanted)  # raises if the style has no such domain
        jobs = [
            Job(
                source=path,
                output=(folder / path.relative_to(photos)).with_suffix(".png"),
                format="PNG",
                if_there="overwrite",
                domain=wanted,
            )
            for path in chosen.paths
        ]
        options = Options(max_size=size, effort="fast", working_size=translator.info.working_size)
        for result in open_conversion(jobs, options, translator).run():
            if result.failure is not None:
                raise UserError(f"<photos>: {result.failure}")
