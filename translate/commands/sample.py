"""`translate sample`: pictures from noise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from translate.commands.sample_conditions import PER_ROW, wanted_rows, write_rows
from translate.commands.sample_invention import sample_invented
from translate.commands.terminal import quiet_onnxruntime, say
from translate.errors import UserError

if TYPE_CHECKING:
    from translate.media.sheet import Cell
    from translate.style.latents import Noise
    from translate.style.sampler import Conditioned, Pictures, Sampler

PICTURES, KEYS, STRIP, FRAMES = 64, 8, 8, 24  # defaults: pictures; keys of a walk; steps between keys, as still, moving
INVENTED = 8  # captions


def sample(
    model: Annotated[
        str,
        typer.Argument(
            metavar="RUN|FILE",
            help="a run or checkpoint of gan, cgan, glo or gon, or a sampler, .onnx file; with --inputs of pix2pix",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="a folder: single pictures; .png or .jpg: a grid; .gif, .mp4 or .webm: a walk"
        ),
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", "-n", help="pictures, or key pictures of a walk \\[default: 64, walks 8]")
    ] = None,
    seed: Annotated[int, typer.Option(help="seed of the first picture; the others follow it")] = 0,
    truncation: Annotated[
        float | None, typer.Option(help="draw noise again beyond this: 0.7 gives more typical, less varied pictures")
    ] = None,
    walk: Annotated[
        bool, typer.Option("--walk", help="from picture to picture and back to the first, also as a strip or a folder")
    ] = False,
    mix: Annotated[
        tuple[int, int] | None, typer.Option(metavar="SEED SEED", help="from the picture of one seed to another's")
    ] = None,
    frames: Annotated[
        int | None, typer.Option(min=1, help="steps from one key picture to the next \\[default: 24, in a strip 8]")
    ] = None,
    nearest: Annotated[
        Path | None, typer.Option(metavar="DIR", help="show the nearest of these pictures beside each sample")
    ] = None,
    project: Annotated[
        Path | None, typer.Option(metavar="PHOTO", help="the picture nearest to this one that a RUN can make")
    ] = None,
    inputs: Annotated[
        list[Path] | None,
        typer.Option(metavar="PHOTO", help="a picture to translate together with the others (repeatable)"),
    ] = None,
    drive: Annotated[
        Path | None,
        typer.Option(metavar="DIR|VIDEO", help="with --inputs: pictures in the last one's place, one after another"),
    ] = None,
    invent: Annotated[
        bool, typer.Option("--invent", help="captions that a RUN of sequence makes, printed; with --pictures drawn")
    ] = False,
    pictures: Annotated[
        str | None,
        typer.Option(
            metavar="RUN|FILE", help="with --invent: a run or sampler of cgan with captions, to draw each caption"
        ),
    ] = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(help="what to show: words, attributes (glasses, age=31), a class, a sound; repeatable"),
    ] = None,
    sweep: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=VALUE,VALUE", help="a row for each value of an attribute, or of {NAME} in --condition"
        ),
    ] = None,
    strength: Annotated[
        float, typer.Option(help="exaggerate the condition above 1, of runs with --drop-condition")
    ] = 1.0,
    device: Annotated[str, typer.Option("--device", "-d", help="auto, cpu, cuda or cuda:N")] = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace existing files")] = False,
) -> None:
    """Make pictures from noise, and a condition: single ones, a grid, or a walk; or from several pictures.

    Exit codes: 1 a file cannot be written; 2 the command cannot be carried out as given; 3 the model cannot be used.
    """
    from translate.convert.conditions import folder_names
    from translate.convert.sampling import kind_of, refuse_existing, seeds_from

    quiet_onnxruntime()
    if pictures is not None and not invent:
        raise UserError(f"--pictures {pictures}: draws the captions of --invent; give both")
    if invent:
        seeds = seeds_from(seed, count or INVENTED)
        sample_invented(
            model,
            pictures,
            output,
            seeds=seeds,
            truncation=truncation,
            strength=strength,
            device=device,
            overwrite=overwrite,
        )
        return
    if output is None:
        raise UserError("give --output: a folder, or the name of a picture or a video")
    by_pictures = bool(inputs) or drive is not None
    chosen = {"--inputs" if inputs else "--drive": by_pictures}
    chosen |= {"--walk": walk, "--mix": mix is not None, "--nearest": nearest is not None, "--project": bool(project)}
    given = [name for name, is_given in chosen.items() if is_given]
    if len(given) > 1:
        raise UserError(f"{' and '.join(given)} exclude each other")
    if by_pictures:
        from translate.commands.sample_inputs import sample_inputs

        sample_inputs(model, inputs or [], drive, output, device=device, overwrite=overwrite)
        return
    kind = kind_of(output)
    if (nearest or project) and kind != "still":
        raise UserError(f"--output {output}: {given[0]} makes one picture; give a name that ends in .png or .jpg")
    if kind != "folder":
        refuse_existing([output], overwrite=overwrite)
    if project is not None and (condition or sweep):
        raise UserError("--project and --condition exclude each other")
    if project is not None:
        _project(model, project, output)
        return
    from translate.evaluate.models import sampler_file
    from translate.style.sampler import Conditioned, Sampler

    with sampler_file(model) as file:
        sampler = Sampler(file, device=device)
        rows = wanted_rows(sampler, condition or [], sweep)
        if len(rows) > 1 and (nearest or walk or mix or kind == "moving"):
            raise UserError(
                f"<condition>: {len(rows)} of them; one at a time with {given[0] if given else output.name}"
            )
        drawn = [Conditioned(sampler, row.row, strength) for row in rows]
        if nearest is not None:
            _show_nearest(drawn[0], nearest, output, seed=seed, count=count or 16, truncation=truncation)
        elif walk or mix is not None or kind == "moving":
            keys, steps = _keys(sampler, mix, seed=seed, count=count, truncation=truncation)
            steps = frames or steps or (STRIP if kind == "still" else FRAMES)
            _write_walk(drawn[0], keys, steps, output, returns=mix is None or kind == "moving", overwrite=overwrite)
        elif kind == "still" and rows[0].title:
            write_rows(drawn, rows, output, seeds_from(seed, count or PER_ROW), truncation)
        else:
            count = PICTURES if count is None else count
            inside = (
                [output] if len(rows) == 1 else [output / name for name in folder_names([row.title for row in rows])]
            )
            for each, place in zip(drawn, inside, strict=True):
                _write_pictures(each, place, seed=seed, count=count, truncation=truncation, overwrite=overwrite)
    say(f"wrote {output}")


def _write_pictures(
    sampler: Conditioned, output: Path, *, seed: int, count: int, truncation: float | None, overwrite: bool
) -> None:
    from translate.convert.sampling import (
        grid,
        kind_of,
        paths_in,
        refuse_existing,
        seeds_from,
        write_pictures,
        write_still,
    )

    seeds = seeds_from(seed, count)
    if kind_of(output) == "still":
        write_still(output, grid(sampler.pictures(seeds, truncation=truncation)))
        return
    paths = paths_in(output, [f"seed-{number:06}" for number in seeds])
    refuse_existing(paths, overwrite=overwrite)
    for start in range(0, count, PICTURES):  # not all of them in memory
        part = slice(start, start + PICTURES)
        write_pictures(paths[part], sampler.pictures(seeds[part], truncation=truncation))


def _keys(
    sampler: Sampler, mix: tuple[int, int] | None, *, seed: int, count: int | None, truncation: float | None
) -> tuple[Noise, int | None]:
    """The noise of the key pictures, and the steps from one to the next where ``count`` says so: with ``mix``."""
    from translate.convert.sampling import seeds_from
    from translate.style.latents import noise

    first = seeds_from(seed, KEYS if count is None or mix else count)
    keys = noise(mix or first, sampler.info.z_dim, truncation=truncation)
    return keys, count if mix else None


def _write_walk(sampler: Conditioned, keys: Noise, steps: int, output: Path, *, returns: bool, overwrite: bool) -> None:
    import numpy as np

    from translate.convert.sampling import (
        grid,
        kind_of,
        paths_in,
        refuse_existing,
        write_moving,
        write_pictures,
        write_still,
    )
    from translate.style.latents import loop, slerp

    way = loop(keys, steps) if returns else slerp(keys[0], keys[1], np.linspace(0, 1, steps))
    kind = kind_of(output)
    paths = paths_in(output, [f"frame-{number:06}" for number in range(len(way))]) if kind == "folder" else []
    refuse_existing(paths, overwrite=overwrite)
    pictures: Pictures = sampler.from_noise(way)
    if kind == "moving":
        write_moving(output, pictures)
    elif kind == "folder":
        write_pictures(paths, pictures)
    else:
        write_still(output, grid(pictures, columns=steps))


def _show_nearest(
    sampler: Conditioned, data: Path, output: Path, *, seed: int, count: int, truncation: float | None
) -> None:
    """A sheet of samples, each with the nearest picture of ``data`` and their distance below."""
    from translate.convert.sampling import seeds_from, write_still
    from translate.data.squares import middle_square
    from translate.evaluate.evaluation import Pictures
    from translate.evaluate.extractors import build_extractor
    from translate.evaluate.sampling import nearest_pictures
    from translate.media.images import load_rgb
    from translate.media.sheet import Cell, draw_sheet

    seeds = seeds_from(seed, count)
    samples = sampler.pictures(seeds, truncation=truncation)
    matches = nearest_pictures(samples, Pictures.below(data, least=1), build_extractor("efficientnet-lite0"))
    cells: list[Cell] = []
    for number, picture, match in zip(seeds, samples, matches, strict=True):
        real = middle_square(load_rgb(match.path), sampler.info.size)
        cells += [Cell(picture, [f"seed {number}"]), Cell(real, [f"{match.path.stem}, {match.distance:.2f}"])]
    write_still(output, draw_sheet(_in_rows(cells, 8), least_width=96))


def _project(model: str, photo: Path, output: Path) -> None:
    """The photo's middle square, and beside it the nearest picture that the run can make."""
    from translate.evaluate.models import is_folder

    if not is_folder(model):
        raise UserError(f"--project {photo}: needs gradients, which {model} lacks; give the folder of a run")
    from models import ConditionalGenerator
    from translate.convert.sampling import write_still
    from translate.data.squares import middle_square
    from translate.media.images import load_rgb
    from translate.media.sheet import Cell, draw_sheet
    from translate.train.projection import nearest_pictures
    from translate.weights.checkpoint import load_noise_generator

    generator, checkpoint = load_noise_generator(Path(model))
    if isinstance(generator, ConditionalGenerator):
        raise UserError(f"{model}: makes pictures by a condition, which --project does not look for")
    square = middle_square(load_rgb(photo), generator.size)
    by_origin = checkpoint.config.get("method") == "gon"
    (found,), (decibels,) = nearest_pictures(generator, square[None], by_origin=by_origin)
    cells = [Cell(square, ["photo"]), Cell(found, ["nearest", f"{decibels:.1f} dB"])]
    write_still(output, draw_sheet([cells], least_width=96))
    say(f"wrote {output}: {decibels:.1f} dB")


def _in_rows(cells: Sequence[Cell], length: int) -> list[Sequence[Cell]]:
    return [cells[start : start + length] for start in range(0, len(cells), length)]
